"""A baseline is one file."""

import sys

import pytest

from emolens.compute import ComputeConfig
from emolens.evaluation.baselines import registry
from emolens.evaluation.compare import compare

COIN = """
from dataclasses import replace

import numpy as np

from emolens.evaluation.baselines.majority import majority_answers
from emolens.evaluation.baselines.registry import register_baseline
from emolens.evaluation.candidate import Candidate


@register_baseline("coin", rank=5)
def coin(setting):
    def answer(data):
        even = np.full((len(data.test), len(data.test.space)), 1 / len(data.test.space))
        return replace(majority_answers(data.train, data.test), model="coin", score_NC=even)

    yield Candidate("coin", "every label alike", answer)
"""


@pytest.fixture
def coin(tmp_path, monkeypatch):
    """A baseline of somebody else, registered by its import."""
    (tmp_path / "emolens_coin.py").write_text(COIN)
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setattr(registry, "_BASELINES", dict(registry._BASELINES))
    yield __import__("emolens_coin")
    sys.modules.pop("emolens_coin")


def test_the_built_in_ones_by_rank():
    assert [baseline.name for baseline in registry.list_baselines()] == ["majority", "mini", "zeroshot", "probe"]


def test_a_new_baseline_is_one_file(coin, colours, tmp_path, monkeypatch):
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    monkeypatch.setenv("HF_HOME", str(tmp_path / "hub"))
    manifest = colours(n=30, affect=False)
    comparison = compare(["mini"], [manifest], cache=tmp_path / "cache", compute=ComputeConfig(workers=1))
    assert [entry.name for entry in comparison.entries[:2]] == ["majority", "coin"]
    cell = comparison.entries[1].cells["colours0"]
    first = sorted({"positive", "negative"})[0]
    test = manifest.frame[manifest.frame["split"] == "test"]
    assert cell.measured.metrics["accuracy"].value == pytest.approx((test["label"] == first).mean())


def test_a_name_is_taken_once(coin):
    with pytest.raises(ValueError, match='"coin" is registered already'):
        registry.register_baseline("coin", rank=1)(lambda setting: [])
