"""The zero-shot baseline: which backbones it asks by words."""

import pytest

from emolens.compute import ComputeConfig
from emolens.evaluation.baselines.zero_shot import zero_shot
from emolens.evaluation.candidate import Setting


@pytest.fixture
def names(tmp_path, monkeypatch):
    """names(models, backbones): of the candidates, where no weights can be fetched."""
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    monkeypatch.setenv("HF_HOME", str(tmp_path / "hub"))

    def make(models, backbones):
        setting = Setting({}, models, backbones, ComputeConfig(), tmp_path)
        return [candidate.name for candidate in zero_shot(setting)]

    return make


@pytest.mark.parametrize(
    ("models", "backbones", "expected"),
    [
        (("mini",), ("mini",), ["zeroshot:ViT-B-32/openai"]),
        (("run:a",), ("ViT-L-14/openai", "mini", "timm:resnet18"), ["zeroshot:ViT-L-14/openai"]),
        (("run:a",), ("uniemox:a.pth", "torchvision:resnet18"), ["zeroshot:ViT-B-32/openai"]),
        (("zeroshot:RN50/openai",), ("RN50/openai",), []),
    ],
)
def test_one_for_each_backbone_that_reads_text(names, models, backbones, expected):
    assert names(models, backbones) == expected
