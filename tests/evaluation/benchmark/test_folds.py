"""A data set of a suite, divided: by protocol, by ratios, by folds; pooled only where no row is tested twice."""

import pandas as pd
import pytest

from emolens.data.manifest import Manifest
from emolens.errors import DataError
from emolens.evaluation.benchmark.folds import divide, read_source
from emolens.evaluation.benchmark.suite import SuiteData, read_suite


def files(folder, fold):
    (folder / f"trainlist{fold:02}.txt").write_text("".join(f"Joy/{i}.mp4\nFear/{i}.mp4\n" for i in range(20)))
    (folder / f"testlist{fold:02}.txt").write_text(f"Joy/{20 + fold}.mp4\nJoy/25.mp4\nFear/{20 + fold}.mp4\n")


@pytest.fixture
def videos(tmp_path):
    """VideoEmotion-8 with two of its ten published splits, and no media worth the name."""
    folder = tmp_path / "videoemotion8"
    for label in ("Joy", "Fear"):
        (folder / label).mkdir(parents=True)
        for i in range(26):
            (folder / label / f"{i}.mp4").write_bytes(b"")
    for fold in (1, 2):
        files(folder, fold)
    return tmp_path


def test_published_folds_that_share_test_rows_are_each_measured_alone(videos):
    source = read_source(SuiteData("VE-8", "videoemotion8", protocol="published"), videos)
    assert len(source.manifests) == 2
    assert source.rule.endswith("(2 of 10 folds are there)")
    made = divide(source, 0)
    assert not made.pooled
    assert [len(part.data_set.test) for part in made.judged] == [3, 3]
    for part in made.folds:
        assert set(part.manifest.split_names()) == {"train", "val", "test"}  # val is carved out of train
        assert len(part.manifest.select("test")) == 3


def test_folds_of_whole_groups_are_pooled(place):
    entry = read_suite(str(place / "suite.toml")).data[0]
    made = divide(read_source(entry, place), 1)
    assert made.pooled
    (whole,) = made.judged
    assert len(whole.data_set.test) == 36
    assert len(made.folds) == 3
    tested = pd.concat([part.manifest.select("test").frame["id"] for part in made.folds])
    assert sorted(tested) == sorted(whole.data_set.test.id_N)


def test_the_seed_deals_unless_the_suite_fixes_it(place):
    entry = read_suite(str(place / "suite.toml")).data[1]
    fixed = SuiteData("cold", manifest="cold.parquet", ratios=entry.ratios, split_seed=7)
    tests = {
        (name, seed): set(divide(read_source(one, place), seed).judged[0].data_set.test.id_N)
        for name, one in (("dealt", entry), ("fixed", fixed))
        for seed in (0, 1)
    }
    assert tests["dealt", 0] != tests["dealt", 1]
    assert tests["fixed", 0] == tests["fixed", 1]
    assert read_source(fixed, place).rule == "60/20/20 train/val/test, groups whole, seed 7 (ours)"


def test_without_a_test_split_there_is_nothing_to_judge(place):
    source = read_source(SuiteData("cold", manifest="cold.parquet"), place)
    with pytest.raises(DataError, match='no rows in split "test"'):
        divide(source, 0)


def test_texts_for_pretraining(place):
    manifest = Manifest.read(place / "cold.parquet")
    source = read_source(SuiteData("cold", manifest="cold.parquet", describe=True), place)
    assert not manifest.has("text")
    assert source.manifests[0].frame["text"].str.len().min() > 5


def test_labels_in_a_coarser_space(colours, tmp_path):
    colours(24, space="mikels8").write(tmp_path / "m.parquet")
    source = read_source(SuiteData("coarse", manifest="m.parquet", label_space="polarity2"), tmp_path)
    assert source.manifests[0].space().name == "polarity2"
    assert divide(source, 0).judged[0].data_set.test.space.name == "polarity2"
