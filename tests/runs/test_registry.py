"""Kinds of trained models: a new one is one file."""

import sys

import pytest
import torch

from emolens.compute import ComputeConfig
from emolens.errors import ConfigError
from emolens.heads.linear import LinearHead
from emolens.models.backbones.load import load_backbone
from emolens.models.probe import LinearProbe
from emolens.runs.config import BackboneFacts, RunConfig
from emolens.runs.folder import write_run
from emolens.runs.models import ImageModel
from emolens.runs.registry import kinds, read_model, register_kind, save_model

SLOPE = '''
import torch
from emolens.heads.linear import LinearHead
from emolens.models.backbones.load import load_backbone
from emolens.models.loading.safetensors_file import WEIGHTS, load_weights
from emolens.models.probe import LinearProbe
from emolens.runs.models import ImageModel
from emolens.runs.registry import register_kind

@register_kind("slope")
def read_slope(folder, config, compute):
    """Valence, with a slope of its own."""
    backbone = load_backbone("mini")
    probe = LinearProbe(backbone.embed_dim, 0, config.targets)
    load_weights(folder / WEIGHTS, probe)
    with torch.no_grad():
        probe.linear.bias.add_(config.model["slope"])
    return ImageModel(backbone, LinearHead(probe, None), config)
'''


def test_a_new_kind_is_one_file(tmp_path, monkeypatch, picture):
    import emolens

    (tmp_path / "emolens_slope.py").write_text(SLOPE)
    monkeypatch.syspath_prepend(tmp_path)
    probe = LinearProbe(load_backbone("mini").embed_dim, 0, ("valence",))
    config = RunConfig("slope", targets=("valence",), model={"slope": 0.25})
    write_run(tmp_path / "run", config, probe.state_dict())
    with pytest.raises(ConfigError, match=r'unknown kind "slope"; .*import the module that registers it'):
        read_model(tmp_path / "run")
    monkeypatch.delitem(sys.modules, "emolens_slope", raising=False)
    import emolens_slope  # noqa: F401

    row = emolens.load(f"run:{tmp_path / 'run'}").predict([picture(tmp_path / "a.png")])[0]
    assert row.valence == pytest.approx(0.25)


def test_two_readers_of_one_kind_are_refused():
    with pytest.raises(ConfigError, match="has a reader already"):
        register_kind("probe")(lambda folder, config, compute: None)


def test_every_kind_that_emolens_writes_has_a_reader():
    assert {"probe", "clip_e_cross_entropy", "clip_e_contrastive", "zeroshot"} <= set(kinds())
    assert {"vit_finetuned", "uniemox_pretrained", "av_cpnet"} <= set(kinds())


def test_a_pretrained_encoder_says_what_to_do_with_it(tmp_path):
    write_run(tmp_path, RunConfig("uniemox_pretrained"), {"w": torch.zeros(1)})
    with pytest.raises(ConfigError, match="is a pretrained encoder without a head"):
        read_model(tmp_path)


def test_what_is_saved_is_what_is_read_and_names_its_backbone(tmp_path, tiny_clip):
    backbone = load_backbone(tiny_clip, ComputeConfig("cpu", "fp32"))
    torch.manual_seed(0)
    probe = LinearProbe(backbone.embed_dim, 0, ("valence",))
    torch.nn.init.normal_(probe.linear.weight)
    save_model(ImageModel(backbone, LinearHead(probe, None), RunConfig("probe", targets=("valence",))), tmp_path)
    model = read_model(tmp_path, ComputeConfig("cpu", "fp32"))
    assert model.config.backbone == BackboneFacts.of(backbone)
    assert torch.equal(model.head.module.linear.weight, probe.linear.weight)


def test_what_has_no_reader_is_not_saved(tmp_path):
    backbone = load_backbone("mini")
    head = LinearHead(LinearProbe(backbone.embed_dim, 0, ("valence",)), None)
    with pytest.raises(ConfigError, match="nothing of its own to save: it comes with emolens"):
        save_model(ImageModel(backbone, head, RunConfig("mini")), tmp_path / "run")
    assert not (tmp_path / "run").exists()
