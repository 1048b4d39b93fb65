"""The linear-probe baseline: what it is fitted on, and that it answers like any other model."""

import numpy as np
import pytest

from emolens.compute import ComputeConfig
from emolens.errors import ConfigError
from emolens.evaluation.baselines.probe import probe
from emolens.evaluation.candidate import Setting
from emolens.evaluation.data_set import read_data_sets


@pytest.fixture
def candidates(tmp_path):
    """candidates(*manifests): those of the baseline, on the features of mini."""

    def make(*manifests):
        data = read_data_sets(manifests, "test")
        setting = Setting(data, (), ("mini",), ComputeConfig(workers=1), tmp_path / "cache")
        return list(probe(setting)), data

    return make


def with_val(manifest):
    frame = manifest.frame
    train = frame.index[frame["split"] == "train"]
    frame.loc[train[::4], "split"] = "val"
    return manifest.freeze_splits()


def test_strengths_come_from_the_validation_split_or_from_folds(colours, candidates):
    (without,), _ = candidates(colours(n=40))
    (with_one,), _ = candidates(with_val(colours(n=60)))
    assert without.name == with_one.name == "linear probe on mini"
    assert "chosen on 5 folds of train: label " in without.description
    assert "chosen on val: label " in with_one.description
    assert all(name in with_one.description for name in ("valence", "arousal"))


def test_a_validation_split_that_lacks_a_target_is_not_asked(colours, candidates):
    manifest = with_val(colours(n=60))
    manifest.frame.loc[manifest.frame["split"] == "val", "valence"] = np.nan
    (one,), _ = candidates(manifest)
    assert "chosen on 5 folds of train" in one.description


def test_inner_folds_keep_groups_apart(colours, candidates):
    """All training rows are one group: there is nothing to choose on."""
    manifest = colours(n=24, group=["theme" if i % 3 else "other" for i in range(24)])
    (one,), data = candidates(manifest)
    with pytest.raises(ConfigError, match="one single group"):
        one.answer(data["colours0"])


def test_multi_label(colours, candidates):
    manifest = colours(n=60, space=None)
    labels = [["positive", "negative"] if i % 4 == 0 else ["negative"] for i in range(60)]
    (one,), data = candidates(colours(n=60, space=None, affect=False, labels=labels, label_space="polarity2"))
    answers = one.answer(data[manifest.metadata["dataset"]])
    assert answers.mapping == {"labels": "native"}
    assert answers.score_NC.sum(axis=1).max() > 1.2, "independent degrees, not parts of one"


def test_a_picture_that_cannot_be_read_is_left_out_and_has_no_answer(colours, candidates):
    manifest = colours(n=40)
    test = manifest.select("test").paths()
    for path in (test[0], manifest.select("train").paths()[0]):
        path.write_bytes(b"torn")
    (one,), data = candidates(manifest)
    answers = one.answer(data["colours0"])
    assert list(answers.errors) == [0]
    assert np.isnan(answers.score_NC[0]).all()
    assert np.isfinite(answers.score_NC[1:]).all()


@pytest.mark.parametrize(
    ("change", "why"),
    [
        ({"split": "test"}, 'no split "train"'),
        ({"label": "positive"}, "1 label.* needs two"),
    ],
)
def test_what_cannot_be_fitted_says_why(colours, candidates, change, why):
    manifest = colours(n=24, affect=False)
    for name, value in change.items():
        manifest.frame[name] = value
    (one,), data = candidates(manifest.freeze_splits())
    with pytest.raises(ConfigError, match=why):
        one.answer(data["colours0"])


def test_home_and_overlap_go_by_the_splits(colours, candidates):
    one, other = colours(n=40, seed=1), colours(n=40, seed=2)
    (first, _), data = candidates(one, other)
    assert first.name == "linear probe on mini, from colours1"
    assert [first.home(data[name]) for name in data] == [True, False]
    assert [first.warning(data[name]) for name in data] == [None, None]
