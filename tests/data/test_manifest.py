import json
import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from emolens.data.manifest import Manifest
from emolens.errors import DataError
from emolens.taxonomy import LabelSpace


def with_column(manifest: Manifest, **columns: object) -> Manifest:
    return replace(manifest, frame=manifest.frame.assign(**columns))


@pytest.mark.parametrize("suffix", ["parquet", "csv"])
def test_what_is_written_is_read(tmp_path: Path, small: Manifest, suffix: str) -> None:
    rows = len(small)
    full = with_column(
        small,
        split=["train"] * 6 + ["test"] * 6,
        boxes=[[[0.0, 1.0, 10.0, 20.0]]] * (rows - 1) + [None],
        labels=[["joy", "love"]] * rows,
        distribution=[[0.5, 0.25, 0.25, 0.0, 0.0, 0.0]] * rows,
        text=['with "quotes", commas\nand é'] * rows,
        licence=[None] * (rows - 1) + ["CC0"],
    ).freeze_splits()
    full.write(tmp_path / f"m.{suffix}")
    read = Manifest.read(tmp_path / f"m.{suffix}")
    assert read.metadata == full.metadata
    assert read.paths() == full.paths()
    assert list(read.frame.columns) == list(full.frame.columns)
    for column in ("id", "label", "text", "valence"):
        assert read.frame[column].tolist() == full.frame[column].tolist()
    assert [list(map(list, boxes)) for boxes in read.frame["boxes"][:-1]] == [[[0.0, 1.0, 10.0, 20.0]]] * (rows - 1)
    assert read.frame["boxes"].iloc[-1] is None
    assert list(read.frame["labels"].iloc[0]) == ["joy", "love"]
    assert read.frame["licence"].isna().sum() == rows - 1
    read.write(tmp_path / f"again.{suffix}")
    assert Manifest.read(tmp_path / f"again.{suffix}").metadata == full.metadata


def test_ids_that_look_like_numbers_or_nothing_stay_text(tmp_path: Path, small: Manifest) -> None:
    odd = with_column(small, id=["007", "NA", "1e5", "nan", "None", "null", "-", "é", "x y", "1.0", "True", " "])
    odd.write(tmp_path / "m.csv")
    assert Manifest.read(tmp_path / "m.csv").frame["id"].tolist() == odd.frame["id"].tolist()


def test_root_and_manifest_move_together(tmp_path: Path, small: Manifest) -> None:
    old = tmp_path / "old"
    shutil.copytree(tmp_path / "pictures", old / "data/pictures")
    replace(small, root=old / "data").write(old / "tables/m.parquet")
    old.rename(tmp_path / "new")
    moved = Manifest.read(tmp_path / "new/tables/m.parquet")
    assert all(path.is_file() for path in moved.paths())


def test_absolute_paths_are_kept(small: Manifest) -> None:
    absolute = with_column(small, path=[f"/far/{row}.jpg" for row in range(len(small))])
    assert absolute.paths()[3] == Path("/far/3.jpg")


def test_a_plain_csv_without_metadata(tmp_path: Path) -> None:
    (tmp_path / "m.csv").write_text("id,path,media\na,a.jpg,image\n")
    manifest = Manifest.read(tmp_path / "m.csv")
    assert manifest.paths() == [tmp_path / "a.jpg"]
    assert manifest.metadata == {}


def test_select(small: Manifest) -> None:
    split = with_column(small, split=["train"] * 8 + ["test"] * 4).freeze_splits()
    test = split.select("test")
    assert test.frame["id"].tolist() == ["p08", "p09", "p10", "p11"]
    test.validate()  # the other splits are not missed
    assert split.select(None) is split
    with pytest.raises(DataError, match='no rows in split "val": it has test, train'):
        split.select("val")
    with pytest.raises(DataError, match=r"it has no splits; make them with `emolens data split`"):
        small.select("test")


def test_label_index_and_space(small: Manifest) -> None:
    space = small.space()
    assert space is not None
    assert space.name == "parrott6"
    some = with_column(small, label=["Joy", None, "sadness", *small.frame["label"][3:]])
    index = some.label_index()
    assert index.dtype == np.int64
    assert index[:3].tolist() == [space.index("joy"), -1, space.index("sadness")]
    bare = replace(small, frame=small.frame.drop(columns=["label", "label_space"]))
    assert bare.space() is None
    assert bare.label_index().tolist() == [-1] * 12
    assert not bare.has("label")


def test_mixed_spaces(small: Manifest) -> None:
    mixed = with_column(small, label_space=["parrott6"] * 6 + ["ekman6"] * 6)
    mixed.validate()
    with pytest.raises(DataError, match=r"several label spaces \(ekman6, parrott6\)"):
        mixed.space()


def test_a_space_of_its_own_travels_along(tmp_path: Path, small: Manifest) -> None:
    own = LabelSpace.of("weather", ["sun", "rain"], polarity=["positive", "negative"])
    mine = with_column(small, label=["sun", "rain"] * 6, label_space="weather")
    mine = replace(mine, metadata={**mine.metadata, "label_spaces": {"weather": own.as_dict()}})
    mine.write(tmp_path / "m.parquet")
    read = Manifest.read(tmp_path / "m.parquet")
    assert read.space() == own
    assert read.label_index().tolist() == [0, 1] * 6


def test_targets_are_rescaled(small: Manifest) -> None:
    value = small.target("valence")
    assert value[0] == -1.0
    np.testing.assert_allclose(value, (small.frame["valence"] - 5) / 4)
    with pytest.raises(DataError, match='no target "arousal" in this manifest; it has: valence'):
        small.target("arousal")


def test_files_that_are_no_manifest(tmp_path: Path) -> None:
    (tmp_path / "m.parquet").write_text("not parquet")
    (tmp_path / "m.csv").write_bytes(b"\xff\xfe\x00")
    (tmp_path / "m.txt").touch()
    (tmp_path / "empty.csv").touch()
    for name, reason in {
        "m.parquet": "not a readable Parquet file",
        "m.csv": "not a readable CSV file",
        "empty.csv": "not a readable CSV file",
        "m.txt": "is a .parquet or a .csv file, not .txt",
        "absent.parquet": "no such manifest",
    }.items():
        with pytest.raises(DataError, match=rf"{name}: .*{reason}|{name}: {reason}"):
            Manifest.read(tmp_path / name)


def test_an_invalid_manifest_is_not_written(tmp_path: Path, small: Manifest) -> None:
    small.write(tmp_path / "m.parquet")
    before = (tmp_path / "m.parquet").read_bytes()
    with pytest.raises(DataError):
        with_column(small, id="same").write(tmp_path / "m.parquet")
    assert (tmp_path / "m.parquet").read_bytes() == before


def test_csv_metadata_lie_beside(tmp_path: Path, small: Manifest) -> None:
    small.write(tmp_path / "m.csv")
    assert json.loads((tmp_path / "m.csv.json").read_text()) == {"scales": {"valence": [1, 9]}, "root": "."}


def test_parquet_is_readable_without_us(tmp_path: Path, small: Manifest) -> None:
    small.write(tmp_path / "m.parquet")
    pd.testing.assert_frame_equal(pd.read_parquet(tmp_path / "m.parquet"), small.frame)
