"""The facts of published weights, compared with those of the libraries that have them too."""

import json
from dataclasses import replace

import pytest
import torch

from emolens.errors import ConfigError
from emolens.weights import WeightsEntry, list_weights, weights_entry
from emolens.weights.entry import torch_checkpoints

ENTRIES = list_weights()
FACTS = {"title": "t", "file": "f", "licence": "l", "source": "s", "use": "u"}


def test_what_the_methods_need_is_there():
    known = {entry.name for entry in ENTRIES}
    assert known >= {"mae_vit_base", "mae_vit_large", "mae_visualize_vit_large", "clip_vit_b32_openai"}
    assert known >= {"uniemox_vit_large_100", "uniemox_vit_large_200", "clip_e_binary", "clip_e_contrastive"}
    assert known >= {"video_swin_t_kinetics400", "swin_t_imagenet22k", "resnet34_imagenet", "yolox_nano"}


@pytest.mark.parametrize("entry", ENTRIES, ids=lambda entry: entry.name)
def test_every_entry_states_what_a_user_must_know(entry):
    assert all((entry.title, entry.file, entry.licence, entry.source, entry.use))
    assert not entry.checked  # no address could be tried where the table was written; set it only by having tried
    assert entry.store in ("emolens", "torch")
    if entry.url is not None:
        assert entry.url.startswith("https://")
    if entry.digest is not None:
        algorithm, _, digits = entry.digest.partition(":")
        assert algorithm in ("sha256", "md5")
        assert len(digits) >= 6
        int(digits, 16)
    json.dumps(entry.as_dict())


def test_files_in_one_place_have_different_names():
    places = [entry.path for entry in ENTRIES if entry.hub is None]
    assert len(places) == len(set(places))


def test_torchvision_says_the_same():
    from torchvision.models import ResNet34_Weights, SqueezeNet1_1_Weights
    from torchvision.models.video import Swin3D_T_Weights

    for name, theirs in (
        ("resnet34_imagenet", ResNet34_Weights.IMAGENET1K_V1),
        ("squeezenet1_1_imagenet", SqueezeNet1_1_Weights.IMAGENET1K_V1),
        ("video_swin_t_kinetics400", Swin3D_T_Weights.KINETICS400_V1),
    ):
        entry = weights_entry(name)
        assert entry.url == theirs.url
        assert entry.digest.removeprefix("sha256:") in theirs.url
        assert entry.about_mb == round(theirs.meta["_file_size"])


def test_open_clip_says_the_same():
    from open_clip.pretrained import get_pretrained_cfg

    for entry in ENTRIES:
        if entry.family == "clip":
            arch, _, tag = entry.use.partition("zeroshot:")[2].split(";")[0].partition("/")
            theirs = get_pretrained_cfg(arch, tag)
            assert theirs["hf_hub"] == f"{entry.hub}/"
            if tag == "openai":
                assert entry.note.partition("sha256 ")[2][:8] in theirs["url"]


def test_timm_says_the_same():
    import timm

    for name, theirs in (("mae_vit_base", "vit_base_patch16_224.mae"), ("mae_vit_large", "vit_large_patch16_224.mae")):
        config = timm.get_pretrained_cfg(theirs)
        assert weights_entry(name).url == config.url
        assert weights_entry(f"{name}_timm").hub == config.hf_hub_id
        assert weights_entry(name).licence.lower() == config.license
    for name, tag in (("swin_t_imagenet22k", "ms_in22k"), ("swin_t_imagenet1k", "ms_in1k")):
        config = timm.get_pretrained_cfg(f"swin_tiny_patch4_window7_224.{tag}")
        assert (weights_entry(name).url, weights_entry(name).licence.lower()) == (config.url, config.license)


def test_torch_agrees_where_its_files_are(monkeypatch, tmp_path):
    for variables in ({}, {"XDG_CACHE_HOME": str(tmp_path)}, {"TORCH_HOME": str(tmp_path / "torch")}):
        for name in ("XDG_CACHE_HOME", "TORCH_HOME"):
            monkeypatch.delenv(name, raising=False)
        for name, value in variables.items():
            monkeypatch.setenv(name, value)
        assert str(torch_checkpoints()) == f"{torch.hub.get_dir()}/checkpoints"


def test_mistakes_of_the_table_and_of_users():
    with pytest.raises(ConfigError, match='called "mae_vit_larg"; did you mean "mae_vit_large"'):
        weights_entry("mae_vit_larg")
    with pytest.raises(ConfigError, match='unknown field "licens"; did you mean "licence"'):
        WeightsEntry.from_dict("x", "y", {"licens": "MIT"})
    with pytest.raises(ConfigError, match="missing 1 required positional argument: 'file'"):
        WeightsEntry.from_dict("x", "y", {key: value for key, value in FACTS.items() if key != "file"} | {"url": "u"})
    for ways in ({}, {"url": "u", "hub": "h"}):
        with pytest.raises(ConfigError, match="exactly one of url, hub and by_hand"):
            WeightsEntry.from_dict("x", "y", FACTS | ways)
    entry = replace(weights_entry("clip_e_6"), url=None, by_hand="ask")
    assert (entry.had_from, weights_entry("clip_e_6").had_from) == ("by hand", "url")
