"""A part of the training rows: nested, in proportion, whole groups, each label at least once."""

import itertools
from collections import Counter

import numpy as np
import pandas as pd
import pytest

from emolens.data.manifest import Manifest
from emolens.data.train_share import take_train_share
from emolens.errors import ConfigError, DataError

SHARES = (0.05, 0.1, 0.3, 0.7)


def made(rows: int = 400, group: int = 1, labels: tuple[str, ...] = ("anger", "joy", "joy", "fear")) -> Manifest:
    """Rows of which 70% train, 10% validate, 20% test; ``group`` rows in a row belong together."""
    frame = pd.DataFrame({"id": [f"r{i:04d}" for i in range(rows)], "media": "image", "label_space": "ekman6"})
    frame["path"] = frame["id"] + ".jpg"
    number_N = np.arange(rows) // group
    frame["split"] = np.array(["train"] * 7 + ["val"] + ["test"] * 2)[number_N % 10]
    frame["label"] = np.array(labels)[(number_N // 10) % len(labels)]
    if group > 1:
        frame["group"] = [f"g{n}" for n in number_N]
    return Manifest(frame).freeze_splits()


def ids(manifest: Manifest, split: str) -> set[str]:
    return set(manifest.frame.loc[manifest.frame["split"] == split, "id"])


@pytest.mark.parametrize("group", [1, 4])
def test_a_smaller_share_is_in_a_larger_one(group):
    whole = made(group=group)
    parts = [take_train_share(whole, share, seed=3) for share in (*SHARES, 1.0)]
    for smaller, larger in itertools.pairwise(parts):
        for split in ("train", "val"):
            assert ids(smaller, split) <= ids(larger, split)
        assert ids(smaller, "test") == ids(whole, "test")
        assert len(ids(smaller, "train")) < len(ids(larger, "train"))


def test_it_has_the_share_and_the_labels_in_proportion():
    part = take_train_share(made(), 0.3)
    train = part.frame[part.frame["split"] == "train"]
    assert len(train) == 84  # 0.3 of 280
    assert Counter(train["label"]) == {"joy": 42, "anger": 21, "fear": 21}
    assert part.metadata["train_share"] == {"share": 0.3, "seed": 0}
    assert part.metadata["splits"]["train"]["n"] == 84


def test_groups_stay_whole():
    whole = made(group=4)
    part = take_train_share(whole, 0.1, seed=1)
    for split in ("train", "val"):
        kept = part.frame[part.frame["split"] == split]
        assert set(kept.groupby("group").size()) == {4}


def test_each_label_has_a_row_where_there_is_room_and_an_error_says_so_where_not():
    rare = made(labels=("joy", "joy", "joy", "joy", "joy", "joy", "joy", "joy", "joy", "fear"))
    train = take_train_share(rare, 0.01, seed=5).frame  # 3 rows, of which fear would get 0.3
    assert set(train.loc[train["split"] == "train", "label"]) == {"joy", "fear"}
    with pytest.raises(DataError, match=r'0\.004 of the 280 rows of split "train" are too few .* at least 0\.008'):
        take_train_share(rare, 0.004)


def test_a_group_far_larger_than_the_share_is_an_error():
    """Actors of 40 rows and more: a share of 1% would be 14% in truth."""
    actors = made(group=1)
    frame = actors.frame.assign(group=[f"actor {i % 5}-{split}" for i, split in enumerate(actors.frame["split"])])
    with pytest.raises(DataError, match=r"too few for whole groups .* at least 0\.143"):
        take_train_share(Manifest(frame), 0.01)
    assert len(ids(take_train_share(Manifest(frame), 0.15), "train")) == 40


def test_validation_keeps_one_row_of_each_label():
    part = take_train_share(made(), 0.02)
    val = part.frame[part.frame["split"] == "val"]
    assert sorted(val["label"]) == ["anger", "fear", "joy"]  # 0.02 of 40 rows would be one


def test_the_order_of_rows_does_not_matter_and_the_seed_does():
    whole = made()
    shuffled = Manifest(whole.frame.sample(frac=1, random_state=0).reset_index(drop=True)).freeze_splits()
    assert ids(take_train_share(whole, 0.1, 2), "train") == ids(take_train_share(shuffled, 0.1, 2), "train")
    assert ids(take_train_share(whole, 0.1, 2), "train") != ids(take_train_share(whole, 0.1, 3), "train")


def test_values_without_labels_are_taken_from_all_deciles():
    whole = made(1000)
    valence_N = np.random.default_rng(0).uniform(1, 9, 1000)
    frame = whole.frame.drop(columns=["label", "label_space"]).assign(valence=valence_N)
    part = take_train_share(Manifest(frame, {"scales": {"valence": [1, 9]}}), 0.1)
    train = part.frame.loc[part.frame["split"] == "train", "valence"]
    assert len(train) == 70
    assert abs(train.mean() - 5) < 0.3
    assert np.histogram(train, bins=4, range=(1, 9))[0].min() >= 12


@pytest.mark.parametrize("share", [0, -0.1, 1.1])
def test_a_share_is_above_0_and_at_most_1(share):
    with pytest.raises(ConfigError, match=f"train share {share:g}: must be above 0"):
        take_train_share(made(), share)


def test_all_of_it_is_the_manifest_itself():
    whole = made()
    assert take_train_share(whole, 1) is whole
