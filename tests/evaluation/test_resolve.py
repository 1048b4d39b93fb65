"""From a spec to a model."""

import pytest

from emolens.errors import ConfigError
from emolens.evaluation.resolve import neighbours_of, resolve


def test_a_predictor_is_itself(predictor, colours):
    model = predictor()
    assert resolve(model, colours(n=6)) is model


def test_a_spec_is_loaded(colours):
    assert resolve("mini", colours(n=6)).kind == "mini"
    with pytest.raises(ConfigError, match="nonsense"):
        resolve("nonsense", colours(n=6))


def test_neighbours_of_a_spec(predictor):
    assert neighbours_of("knn:timm:resnet18") == "timm:resnet18"
    assert neighbours_of("knn:mini@other.parquet") is None
    assert neighbours_of("mini") is None
    assert neighbours_of(predictor()) is None


def test_neighbours_in_the_train_split_of_the_data(colours, tmp_path):
    manifest = colours(n=12)
    model = resolve("knn:mini", manifest, cache=tmp_path)
    assert model.name == "knn:mini"
    assert len(model.head.module.embedding_MD) == (manifest.frame["split"] == "train").sum()
