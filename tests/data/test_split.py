import hashlib
from collections import Counter
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from emolens.data.adapter import import_dataset
from emolens.data.manifest import Manifest
from emolens.data.split import split_manifest, split_within
from emolens.errors import ConfigError, DataError

USUAL = {"train": 0.7, "val": 0.1, "test": 0.2}


def table(labels: list[str | None], groups: list[str | None] | None = None, **columns: object) -> Manifest:
    rows = len(labels)
    frame = pd.DataFrame({"id": [f"i{row}" for row in range(rows)], "path": "a.jpg", "media": "image"})
    frame["label"] = pd.Series(labels, dtype="str")
    frame["label_space"] = pd.Series([None if label is None else "parrott6" for label in labels], dtype="str")
    if groups is not None:
        frame["group"] = pd.Series(groups, dtype="str")
    return Manifest(frame.assign(**columns), {"scales": {"valence": [0, 1]}})


def split_by_id(manifest: Manifest) -> dict[str, str]:
    return dict(zip(manifest.frame["id"], manifest.frame["split"], strict=True))


@settings(max_examples=15)
@given(st.lists(st.sampled_from(["joy", "fear", "love", None]), min_size=30, max_size=120), st.integers(0, 5))
def test_shares_are_met_in_all_and_in_each_label(labels: list[str | None], seed: int) -> None:
    split = split_manifest(table(labels), USUAL, seed)
    split.validate()
    sizes = Counter(split.frame["split"])
    for name, share in USUAL.items():
        assert abs(sizes[name] - share * len(labels)) <= 1
        for label in set(labels) - {None}:
            mine = split.frame[split.frame["label"] == label]
            assert abs((mine["split"] == name).sum() - share * len(mine)) < 2


@given(
    st.lists(st.tuples(st.sampled_from(["joy", "fear"]), st.integers(0, 12)), min_size=40, max_size=150), st.randoms()
)
def test_groups_stay_together_and_the_order_of_rows_does_not_matter(rows, random) -> None:
    groups = [f"g{group}" for _, group in rows]
    if len(set(groups)) < 8:
        return
    manifest = table([label for label, _ in rows], groups)
    split = split_manifest(manifest, USUAL, seed=0)
    assert split.frame.groupby("group")["split"].nunique().max() == 1
    order = list(range(len(rows)))
    random.shuffle(order)
    shuffled = replace(manifest, frame=manifest.frame.iloc[order].reset_index(drop=True))
    again = split_manifest(shuffled, USUAL, seed=0)
    assert split_by_id(again) == split_by_id(split)
    assert again.metadata["splits"] == split.metadata["splits"]


def test_many_groups_come_near_the_shares() -> None:
    rng = np.random.default_rng(0)
    groups = [f"g{group}" for group in rng.integers(0, 200, 1000)]
    labels = [["joy", "fear", "love"][value] for value in rng.choice(3, 1000, p=[0.6, 0.3, 0.1])]
    split = split_manifest(table(labels, groups), USUAL, seed=0).frame
    for name, share in USUAL.items():
        assert abs((split["split"] == name).mean() - share) < 0.005
        for _, mine in split.groupby("label"):
            assert abs((mine["split"] == name).mean() - share) < 0.02


def test_without_groups_order_and_seed() -> None:
    manifest = table(["joy", "fear"] * 50)
    first = split_by_id(split_manifest(manifest, USUAL, seed=0))
    backwards = replace(manifest, frame=manifest.frame.iloc[::-1].reset_index(drop=True))
    assert split_by_id(split_manifest(backwards, USUAL, seed=0)) == first
    assert split_by_id(split_manifest(manifest, USUAL, seed=1)) != first


def test_frozen_with_the_obvious_hash() -> None:
    split = split_manifest(table(["joy"] * 20), USUAL, seed=0)
    for name, stated in split.metadata["splits"].items():
        ids = sorted(split.frame.loc[split.frame["split"] == name, "id"])
        assert stated == {"n": len(ids), "sha256": hashlib.sha256("\n".join(ids).encode()).hexdigest()}
    assert split.metadata["split"] == {"ratios": USUAL, "seed": 0, "by": None}


def test_deciles_of_a_target_where_there_is_no_label() -> None:
    valence = np.random.default_rng(1).uniform(0, 1, 400)
    split = split_manifest(table([None] * 400, valence=valence), {"a": 0.5, "b": 0.5}, seed=0).frame
    means = split.groupby("split")["valence"].quantile([0.25, 0.5, 0.75]).unstack()
    assert (means.loc["a"] - means.loc["b"]).abs().max() < 0.05


def test_by_a_column() -> None:
    manifest = table(["joy"] * 40, domain=["art"] * 8 + ["photo"] * 32)
    split = split_manifest(manifest, {"train": 0.75, "test": 0.25}, seed=0, by="domain").frame
    assert (split[split["split"] == "test"]["domain"] == "art").sum() == 2
    with pytest.raises(ConfigError, match='no column "domane" to split by; did you mean "domain"'):
        split_manifest(manifest, USUAL, seed=0, by="domane")
    boxed = table(["joy"] * 4, boxes=[[[0, 0, 1, 1]]] * 4)
    with pytest.raises(ConfigError, match='column "boxes" holds lists'):
        split_manifest(boxed, USUAL, seed=0, by="boxes")


def test_an_old_split_is_forgotten() -> None:
    manifest = table(["joy"] * 20, split="all").freeze_splits()
    split = split_manifest(manifest, {"train": 0.5, "test": 0.5}, seed=0)
    assert set(split.metadata["splits"]) == {"train", "test"}
    split.validate()


@pytest.mark.parametrize("ratios", [{"a": 0.5, "b": 0.6}, {"a": 1.5, "b": -0.5}, {}])
def test_shares_that_make_no_sense(ratios: dict[str, float]) -> None:
    with pytest.raises(ConfigError, match="must be 0 or more and sum to 1"):
        split_manifest(table(["joy"] * 5), ratios, seed=0)


def test_a_share_of_nothing() -> None:
    split = split_manifest(table(["joy"] * 10), {"train": 0.8, "val": 0, "test": 0.2}, seed=0)
    assert Counter(split.frame["split"]) == {"train": 8, "test": 2}


def test_too_few_groups() -> None:
    with pytest.raises(DataError, match="2 groups cannot fill 3 splits"):
        split_manifest(table(["joy"] * 10, ["a"] * 5 + ["b"] * 5), USUAL, seed=0)
    with pytest.raises(DataError, match="got no rows"):
        split_manifest(table(["joy"] * 4), {"train": 0.95, "val": 0.025, "test": 0.025}, seed=0)


@pytest.mark.shared
def test_oasis_by_theme(shared: Path) -> None:
    split = split_manifest(import_dataset("oasis", shared / "data/oasis"), USUAL, seed=0)
    split.validate()
    for name, share in USUAL.items():
        part = split.select(name)
        assert abs(len(part) / 675 - share) < 0.005
        assert abs(part.target("valence").mean() - split.target("valence").mean()) < 0.1


def published(rows: int = 60, test: int = 20, groups: list[str] | None = None) -> Manifest:
    """A data set of published lists: train and test."""
    manifest = table(["joy", "fear"] * (rows // 2), groups)
    split = ["train"] * (rows - test) + ["test"] * test
    return replace(manifest, frame=manifest.frame.assign(split=pd.Series(split, dtype="str"))).freeze_splits()


@given(st.integers(0, 50), st.sampled_from([("train", 0.1), ("train", 0.25), ("test", 0.34)]))
def test_rows_outside_of_the_divided_split_stay(seed: int, cut: tuple[str, float]) -> None:
    within, share = cut
    before = published()
    after = split_within(before, within, {"val": share}, seed)
    after.validate()
    outside = {"train", "test"} - {within}
    for name in outside:
        assert after.metadata["splits"][name] == before.metadata["splits"][name]
    old, new = split_by_id(before), split_by_id(after)
    assert {i for i in old if old[i] == within} == {i for i in new if new[i] in (within, "val")}
    assert list(after.frame["id"]) == list(before.frame["id"])
    of_val = after.frame[after.frame["split"] == "val"]
    size = before.metadata["splits"][within]["n"]
    assert abs(len(of_val) - share * size) <= 1
    assert abs((of_val["label"] == "joy").sum() - share * size / 2) < 2


def test_within_groups_stay_together_and_the_seed_decides() -> None:
    groups = [f"g{row // 4}" for row in range(60)]
    before = published(groups=groups)
    carved = [split_within(before, "train", {"val": 0.2}, seed) for seed in (0, 0, 1)]
    assert carved[0].frame.groupby("group")["split"].nunique().max() == 1
    assert carved[0].metadata["splits"] == carved[1].metadata["splits"] != carved[2].metadata["splits"]
    assert carved[0].metadata["split"] == {
        "within": "train", "ratios": {"train": 0.8, "val": 0.2}, "seed": 0, "by": None
    }  # fmt: skip
    backwards = replace(before, frame=before.frame[::-1].reset_index(drop=True))
    assert split_by_id(split_within(backwards, "train", {"val": 0.2}, 0)) == split_by_id(carved[0])


def test_within_rows_without_a_split_stay_without() -> None:
    before = published()
    holes = before.frame.assign(split=before.frame["split"].where(before.frame["id"] != "i3"))
    after = split_within(replace(before, frame=holes).freeze_splits(), "train", {"val": 0.5}, 0)
    assert after.frame.loc[after.frame["split"].isna(), "id"].tolist() == ["i3"]


@pytest.mark.parametrize(
    ("within", "ratios", "error", "message"),
    [
        ("train", {}, ConfigError, "say which share of it becomes another split"),
        ("train", {"val": 1.0}, ConfigError, 'carved out of "train" sum to 1; leave it some rows'),
        ("train", {"val": 0.2, "train": 0.7}, ConfigError, "sum to 1, not train 0.7"),
        ("train", {"test": 0.2}, DataError, 'split "test" has 20 rows already, and rows outside of "train" stay'),
        ("dev", {"val": 0.2}, DataError, 'no rows in split "dev": it has test, train'),
        ("train", {"val": -0.2}, ConfigError, "must be 0 or more"),
    ],
)
def test_within_says_what_is_wrong(within: str, ratios: dict[str, float], error: type, message: str) -> None:
    with pytest.raises(error, match=message):
        split_within(published(), within, ratios, 0)
