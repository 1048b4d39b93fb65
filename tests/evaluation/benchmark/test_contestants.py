"""From words to rows."""

import pytest
import torch

import emolens
from emolens.compute import ComputeConfig
from emolens.errors import ConfigError, WeightsError
from emolens.evaluation.benchmark.contestants import contestants
from emolens.evaluation.benchmark.folds import divide, read_source
from emolens.evaluation.benchmark.suite import read_suite
from emolens.evaluation.candidate import Setting


@pytest.fixture
def setting(tmp_path):
    return Setting({}, (), (), ComputeConfig("cpu"), tmp_path / "cache")


def test_the_majority_opens_the_table_and_paths_are_left_out_of_names(setting):
    words = ["mini", "train:probe@torchvision:resnet18//w/a.pth", "knn:mini", "mini"]
    made = contestants(words, setting)
    assert [one.name for one in made] == ["majority", "mini", "train:probe@torchvision:resnet18", "knn:mini"]
    assert [one.spec for one in made] == ["majority", *words[:3]]
    assert [one.learns for one in made] == [True, False, True, True]


def test_the_frozen_networks_of_the_release_come_with_both_heads(setting):
    names = [one.name for one in contestants(["frozen:weights"], setting)[1:]]
    assert names[:2] == ["VGG-16 (linear, as the release)", "VGG-16 (probe, ours)"]
    assert len(names) == 8


@pytest.mark.parametrize(
    ("word", "message"),
    [
        ("train:", "write train:RECIPE"),
        ("train:probe@", "write train:RECIPE"),
        ("train:prob@mini", 'unknown recipe "prob"; did you mean "probe"'),
        ("train:av_cpnet_tiny@mini", "stands on no backbone and no encoder"),
        ("frozen:", "write frozen:FOLDER"),
        ("nonsense", 'model "nonsense": write'),
    ],
)
def test_a_word_that_is_nothing(word, message, setting):
    with pytest.raises(ConfigError, match=message):
        contestants([word], setting)


def test_two_rows_of_one_name_are_an_error(setting, predictor):
    with pytest.raises(ConfigError, match='two rows are called "mini"'):
        contestants(["mini", predictor(name="mini")], setting)


def test_weights_that_are_not_there_are_said_with_their_file(place, tmp_path, setting):
    entry = read_suite(str(place / "suite.toml")).data[1]
    part = divide(read_source(entry, place), 0).folds[0]
    vgg = contestants([f"frozen:{tmp_path}"], setting)[1]
    with pytest.raises(WeightsError, match=r"vgg16-397923af\.pth"):
        vgg.fit(part, tmp_path / "run")


@pytest.mark.slow
def test_a_frozen_network_from_a_file_is_measured(place, tmp_path):
    import torchvision

    torch.manual_seed(0)
    weights = torchvision.models.resnet50(weights=None).state_dict()
    (tmp_path / "weights").mkdir()
    torch.save(weights, tmp_path / "weights" / "resnet50-0676ba61.pth")
    models = [f"frozen:{tmp_path / 'weights'}"]
    result = emolens.benchmark(place / "suite.toml", place, models, place / "out", sets=["cold"])
    for row in result.rows[1:]:
        if row.name.startswith("ResNet-50"):
            assert row.scores["accuracy"].n == 7
        else:
            assert row.not_run
