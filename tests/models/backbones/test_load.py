import importlib

import numpy as np
import pytest
import torch

from emolens.compute import ComputeConfig
from emolens.errors import ConfigError
from emolens.models.backbones import load
from emolens.models.backbones.load import backbone_schemes, load_backbone, reads_text

GREY = '''
"""The mean grey of a picture."""

import torch

from emolens.models.backbones import Backbone, register_backbone


class Grey(Backbone):
    def transform(self, image_HWC):
        return torch.tensor([image_HWC.mean() / 255], dtype=torch.float32)

    def features(self, batch):
        return batch


@register_backbone("grey", form="grey:NAME")
def load_grey(name, weights, compute):
    return Grey(f"grey:{name}", embed_dim=1, preprocess=None)
'''


@pytest.fixture
def grey(tmp_path, monkeypatch):
    """A file of somebody else's, imported."""
    backbone_schemes()  # those of the house register once in a process, and must not do so into the copy
    monkeypatch.setattr(load, "_FORMS", dict(load._FORMS))
    (tmp_path / "emolens_grey.py").write_text(GREY)
    monkeypatch.syspath_prepend(tmp_path)
    importlib.invalidate_caches()
    return importlib.reload(importlib.import_module("emolens_grey"))  # a test before this one may have imported it


def test_a_new_backbone_is_one_file(grey):
    backbone = load_backbone("grey:any", ComputeConfig("cpu", "fp32"))
    assert isinstance(backbone, grey.Grey)
    image_HWC = np.full((4, 6, 3), 51, dtype=np.uint8)
    assert backbone.encode_image(backbone.transform(image_HWC)[None]).item() == pytest.approx(0.2)
    assert (backbone.spec, backbone.precision, backbone.device) == ("grey:any", "fp32", torch.device("cpu"))
    assert not reads_text("grey:any")
    with pytest.raises(ConfigError, match=r"write .*grey:NAME"):
        load_backbone("grey:")


def test_who_reads_text_is_known_without_loading():
    specs = [
        "ViT-B-32/openai",
        "open_clip:RN50/none.pt",
        "timm:no_such",
        "torchvision:x/y",
        "uniemox:z",
        "mae:z",
        "mini",
    ]
    assert [reads_text(spec) for spec in specs] == [True, True, False, False, False, False, False]


def test_the_families_of_the_folder_are_found():
    forms = [form.form for form in backbone_schemes().values()]
    assert forms[0] == "ARCH/TAG, ARCH/PATH"
    assert {"mini", "timm:NAME[/PATH]", "torchvision:NAME/PATH", "uniemox:PATH", "mae:PATH"} <= set(forms)


@pytest.mark.parametrize(
    ("spec", "says"),
    [
        ("", "write ARCH/TAG, ARCH/PATH, .* or "),
        ("/", "write ARCH/TAG"),
        ("timm:", r"write .*timm:NAME\[/PATH\]"),
        ("timm:resnet18/", r"write .*timm:NAME\[/PATH\]"),
        ("uniemox:", "write .*uniemox:PATH"),
        ("mini:more", "write .*mini"),
        ("tim:resnet50", r'unknown kind "tim:"; did you mean .*"timm".* Write ARCH/TAG'),
    ],
)
def test_what_is_malformed_says_the_forms(spec, says):
    with pytest.raises(ConfigError, match=says):
        load_backbone(spec)


def test_an_unknown_scheme_cannot_be_asked_for_text_either():
    with pytest.raises(ConfigError, match='unknown kind "tim:"'):
        reads_text("tim:resnet50")


def test_an_impossible_device_is_said_before_anything_is_loaded(monkeypatch):
    monkeypatch.setattr(load, "parse_backbone", None)
    with pytest.raises(ConfigError, match='device "tpu"'):
        load_backbone("mini", ComputeConfig("tpu"))


def test_the_scheme_of_clip_may_be_written(tiny_clip):
    short, long = (load_backbone(spec, ComputeConfig("cpu", "fp32")) for spec in (tiny_clip, f"open_clip:{tiny_clip}"))
    assert short.fingerprint == long.fingerprint
    assert long.spec == f"open_clip:{tiny_clip}"
