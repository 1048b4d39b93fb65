"""Each broken promise, its message."""

import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from emolens.data.manifest import Manifest
from emolens.errors import DataError


def changed(manifest: Manifest, column: str, row: int, value: Any) -> Manifest:
    """One cell is different."""
    values = manifest.frame[column].tolist()
    values[row] = value
    return replace(manifest, frame=manifest.frame.assign(**{column: values}))


def complaint(manifest: Manifest) -> str:
    with pytest.raises(DataError) as caught:
        manifest.validate("m.parquet")
    return str(caught.value)


def test_a_good_one_passes(small: Manifest) -> None:
    small.validate()
    Manifest(small.frame.iloc[:0], small.metadata).validate()  # no rows are no mistake of the format


def test_duplicate_id(small: Manifest) -> None:
    expected = 'm.parquet row 7 (id "p02"): the id is used already in row 2; ids must be unique'
    assert complaint(changed(small, "id", 7, "p02")) == expected


@pytest.mark.parametrize("column", ["id", "path"])
@pytest.mark.parametrize("value", ["", None])
def test_empty_cells(small: Manifest, column: str, value: str | None) -> None:
    assert complaint(changed(small, column, 3, value)) == f'm.parquet row 3: "{column}" is empty'


def test_unknown_label_names_the_nearest(small: Manifest) -> None:
    expected = 'm.parquet row 5 (id "p05"): label "saddness" is not in parrott6; did you mean "sadness"?'
    assert complaint(changed(small, "label", 5, "saddness")) == expected


def test_the_example_of_the_style_guide() -> None:
    frame = pd.DataFrame({"id": ["rage_00817"], "path": ["a.jpg"], "media": ["image"]})
    frame = frame.assign(label="ragee", label_space="parrott25")
    message = complaint(Manifest(frame))
    assert message == 'm.parquet row 0 (id "rage_00817"): label "ragee" is not in parrott25; did you mean "rage"?'


def test_unknown_space(small: Manifest) -> None:
    message = complaint(changed(small, "label_space", 4, "parot6"))
    assert message.startswith('m.parquet row 4 (id "p04"): unknown label space "parot6"; did you mean "parrott6"')


def test_a_label_without_a_space(small: Manifest) -> None:
    assert 'row 4 (id "p04"): has "label" but no "label_space"' in complaint(changed(small, "label_space", 4, None))
    bare = replace(small, frame=small.frame.drop(columns="label_space"))
    assert 'no column "label_space"' in complaint(bare)


def test_nan_target(small: Manifest) -> None:
    message = complaint(changed(small, "valence", 9, float("nan")))
    assert message.startswith('m.parquet row 9 (id "p09"): valence is NaN (1 such rows); drop these rows')


def test_nan_target_that_is_stated(small: Manifest) -> None:
    stated = changed(small, "valence", 9, float("nan"))
    stated = replace(stated, metadata={**stated.metadata, "missing": {"valence": 1}})
    stated.validate()
    assert np.isnan(stated.target("valence")).nonzero()[0].tolist() == [9]
    assert "(2 such rows)" in complaint(changed(stated, "valence", 3, float("nan")))


@pytest.mark.parametrize("value", [float("inf"), -0.5, 9.1])
def test_target_outside_its_scale(small: Manifest, value: float) -> None:
    assert f'row 1 (id "p01"): valence {value:g} is outside its scale [1, 9]' in complaint(
        changed(small, "valence", 1, value)
    )


def test_scales_must_be_stated_and_sane(small: Manifest) -> None:
    assert 'no scale is stated for "valence"' in complaint(replace(small, metadata={}))
    backwards = replace(small, metadata={"scales": {"valence": [9, 1]}})
    assert "is [9, 1]; it must be [low, high], low < high" in complaint(backwards)


def test_types_of_columns(small: Manifest) -> None:
    wrong = replace(small, frame=small.frame.assign(label=range(12)))
    assert complaint(wrong) == 'm.parquet: column "label" holds int64 values; it must hold text'
    words = replace(small, frame=small.frame.assign(valence=["3"] * 4 + ["high"] + ["3"] * 7))
    assert complaint(words) == 'm.parquet: column "valence" must hold numbers, not "high" in row 4'
    listless = replace(small, frame=small.frame.assign(boxes="0 0 1 1"))
    assert """row 0 (id "p00"): "boxes" must hold lists, not '0 0 1 1'""" in complaint(listless)


def test_columns_that_must_be_there(small: Manifest) -> None:
    assert complaint(replace(small, frame=small.frame.drop(columns="media"))) == (
        'm.parquet: no column "media"; a manifest needs id, path, media'
    )
    twice = replace(small, frame=pd.concat([small.frame, small.frame[["label"]]], axis=1))
    assert complaint(twice) == 'm.parquet: column "label" appears twice'


def test_media(small: Manifest) -> None:
    assert 'row 0 (id "p00"): media "img" is none of image' in complaint(changed(small, "media", 0, "img"))


def test_labels_and_distributions(small: Manifest) -> None:
    multi_label = replace(small, frame=small.frame.assign(labels=[["joy"]] * 11 + [["joy", "lovve"]]))
    assert 'row 11 (id "p11"): label "lovve" is not in parrott6; did you mean "love"?' in complaint(multi_label)
    short = replace(small, frame=small.frame.assign(distribution=[[0.5, 0.5]] * 12))
    assert "distribution has 2 values, not 6 shares, one for each label of parrott6" in complaint(short)
    wrong = replace(small, frame=small.frame.assign(distribution=[[0.5] * 6] * 12))
    assert "must be shares >= 0 that sum to 1, not 3" in complaint(wrong)


@pytest.mark.parametrize("box", [[0, 0, 5], [5, 0, 5, 9], [0, 9, 5, 2], [0, 0, float("nan"), 3]])
def test_boxes(small: Manifest, box: list[float]) -> None:
    boxed = replace(small, frame=small.frame.assign(boxes=[None] * 11 + [[[0, 0, 1, 1], box]]))
    assert re.search(r'row 11 \(id "p11"\): box .* is not \[left, top, right, bottom\]', complaint(boxed))


def test_a_group_that_straddles(small: Manifest) -> None:
    split = replace(small, frame=small.frame.assign(split=["train"] * 7 + ["test"] * 5))
    assert 'group "g3" straddles the splits test, train: training would see what the test asks' in complaint(split)
    every = replace(small, frame=small.frame.assign(split=["train", "test"] * 6))
    assert "(6 such groups)" in complaint(every)
    blank = replace(small, frame=small.frame.assign(split=["train", None] * 6, group=[None, *small.frame["group"][1:]]))
    blank.validate()


def test_a_frozen_split_that_was_changed(small: Manifest) -> None:
    frozen = replace(small, frame=small.frame.assign(split=["train"] * 8 + ["test"] * 4)).freeze_splits()
    frozen.validate()
    shuffled = replace(frozen, frame=frozen.frame.sample(frac=1, random_state=1).reset_index(drop=True))
    shuffled.validate()
    fewer = replace(frozen, frame=frozen.frame.iloc[:-2])
    assert 'the frozen split "test" was changed: it has 2 rows, not 4' in complaint(fewer)
    assert 'the frozen split "test" was changed: it has other ids' in complaint(changed(frozen, "id", 11, "new"))


def test_reading_names_the_file(tmp_path: Path) -> None:
    (tmp_path / "m.csv").write_text("id,path,media,label,label_space\na,a.jpg,image,joyy,parrott6\n")
    with pytest.raises(DataError, match=rf'^{re.escape(str(tmp_path))}/m\.csv row 0 \(id "a"\): label "joyy"'):
        Manifest.read(tmp_path / "m.csv")
    (tmp_path / "m.csv").write_text("id,path,media,valence\na,a.jpg,image,nan\n")
    (tmp_path / "m.csv.json").write_text('{"scales": {"valence": [1, 9]}}')
    with pytest.raises(DataError, match="valence is NaN"):
        Manifest.read(tmp_path / "m.csv")
