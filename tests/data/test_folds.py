"""Leave-groups-out folds."""

from collections import Counter
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from emolens.data.adapter import import_dataset
from emolens.data.folds import group_folds
from emolens.data.manifest import Manifest
from emolens.errors import ConfigError, DataError


def actors(count: int, each: int = 6, groups: list[str | None] | None = None) -> Manifest:
    """``count`` actors, each with every label of parrott6 as often."""
    names = groups if groups is not None else [f"actor{row // each:02d}" for row in range(count * each)]
    rows = len(names)
    labels = ("anger", "fear", "joy", "love", "sadness", "surprise")
    frame = pd.DataFrame({"id": [f"i{row}" for row in range(rows)], "path": "a.mp4", "media": "video"})
    frame["label"] = [labels[row % len(labels)] for row in range(rows)]
    frame["label_space"] = "parrott6"
    frame["group"] = pd.Series(names, dtype="str")
    return Manifest(frame, {"dataset": "acted"})


def split_by_id(manifest: Manifest) -> dict[str, str]:
    return dict(zip(manifest.frame["id"], manifest.frame["split"], strict=True))


@settings(max_examples=25)
@given(
    st.lists(st.integers(0, 9), min_size=30, max_size=90),
    st.integers(2, 4),
    st.sampled_from([0, 0.1, 0.3, 1, 2]),
    st.integers(0, 3),
)
def test_every_row_is_tested_once_and_no_group_straddles(groups: list[int], folds: int, val: float, seed: int) -> None:
    manifest = actors(0, groups=[f"g{group}" for group in groups])
    if manifest.frame["group"].nunique() < folds:
        return
    made = group_folds(manifest, folds, seed, val)
    tested = Counter(row for fold in made for row in fold.select("test").frame["id"])
    assert tested == Counter(manifest.frame["id"].tolist())
    for fold in made:
        fold.validate()  # also: no group straddles, and the frozen splits are those of the rows
        assert fold.frame.groupby("group")["split"].nunique().max() == 1
        assert len(fold.select("train")) > 0
        assert set(fold.metadata["splits"]) == set(fold.frame["split"])


def test_eight_actors_in_four_folds() -> None:
    made = group_folds(actors(8), folds=4, seed=0)
    for number, fold in enumerate(made, start=1):
        groups = fold.frame.groupby("split")["group"].nunique().to_dict()
        assert groups == {"test": 2, "train": 5, "val": 1}
        assert fold.metadata["split"] == {"fold": number, "folds": 4, "seed": 0, "val": 1}
        assert fold.metadata["dataset"] == "acted"
        assert fold.select("test").frame["label"].value_counts().tolist() == [2] * 6


def test_validation_groups_go_round() -> None:
    made = group_folds(actors(8), folds=4, seed=0, val=2)
    tested = [set(fold.select("test").frame["group"]) for fold in made]
    validated = [set(fold.select("val").frame["group"]) for fold in made]
    assert validated == tested[1:] + tested[:1]


def test_a_share_is_met_with_whole_groups() -> None:
    for fold in group_folds(actors(20), folds=4, seed=0, val=0.16):
        assert fold.select("val").frame["group"].nunique() == 3
    for fold in group_folds(actors(8), folds=8, seed=0, val=0.01):
        assert fold.select("val").frame["group"].nunique() == 1
    assert group_folds(actors(8), folds=4, seed=0, val=0)[0].split_names() == ["test", "train"]


def test_something_is_left_to_train_on() -> None:
    for fold in group_folds(actors(3), folds=3, seed=0, val=5):
        assert fold.frame.groupby("split")["group"].nunique().to_dict() == {"test": 1, "train": 1, "val": 1}
    for fold in group_folds(actors(2), folds=2, seed=0):
        assert fold.split_names() == ["test", "train"]


def test_leave_one_out_with_groups_of_any_size() -> None:
    manifest = actors(0, groups=["big"] * 50 + ["small", "tiny", "least"])
    tested = {tuple(fold.select("test").frame["group"].unique()) for fold in group_folds(manifest, 4, seed=0)}
    assert tested == {("big",), ("small",), ("tiny",), ("least",)}


def test_a_row_without_a_group_stands_for_itself() -> None:
    made = group_folds(actors(0, groups=["a", "a", None, None, "b", None]), folds=3, seed=0)
    assert sum(len(fold.select("test")) for fold in made) == 6


def test_the_seed_decides_and_the_order_of_rows_does_not() -> None:
    manifest = actors(10)
    first = [split_by_id(fold) for fold in group_folds(manifest, 5, seed=0)]
    order = np.random.default_rng(0).permutation(len(manifest))
    shuffled = replace(manifest, frame=manifest.frame.iloc[order].reset_index(drop=True))
    assert [split_by_id(fold) for fold in group_folds(shuffled, 5, seed=0)] == first
    assert [split_by_id(fold) for fold in group_folds(manifest, 5, seed=1)] != first


def test_what_cannot_be() -> None:
    with pytest.raises(DataError, match=r"no row has a group.*--group-pattern"):
        group_folds(replace(actors(4), frame=actors(4).frame.drop(columns="group")), 2)
    with pytest.raises(DataError, match="3 groups cannot fill 4 folds; give at most 3"):
        group_folds(actors(3), 4)
    with pytest.raises(ConfigError, match="1 folds: it takes at least 2"):
        group_folds(actors(3), 1)
    with pytest.raises(ConfigError, match=r"val 1\.5: give a share of the rows below 1, or a whole number"):
        group_folds(actors(3), 2, val=1.5)
    with pytest.raises(ConfigError, match="val -1:"):
        group_folds(actors(3), 2, val=-1)


@pytest.mark.shared
def test_javanese_by_actor(shared) -> None:
    made = group_folds(import_dataset("javanese", shared / "data/javanese"), folds=4, seed=0)
    for fold in made:
        assert fold.frame.groupby("split")["group"].nunique().to_dict() == {"test": 2, "train": 5, "val": 1}
        assert fold.select("test").frame["label"].value_counts().tolist() == [8] * 6
