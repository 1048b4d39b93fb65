"""Frozen vision transformers by spec: which token, from which files."""

import argparse
import json
from dataclasses import replace

import numpy as np
import pytest
import torch
from safetensors.torch import save_file

from emolens.compute import ComputeConfig
from emolens.errors import ConfigError, DataError, WeightsError
from emolens.models.backbones.load import load_backbone
from emolens.models.backbones.vit import ViTBackbone, evaluation_preprocess, load_autoencoder
from emolens.models.mae import MaskedAutoencoder
from emolens.models.vit import EmotionViT
from emolens.weights import weights_entry
from emolens.weights.table import weights_table

SIZES = {"image_size": 32, "patch_size": 8, "embed_dim": 24, "depth": 2, "num_heads": 3}
DECODER = {"decoder_embed_dim": 16, "decoder_depth": 1, "decoder_num_heads": 2}


def stirred(model):
    """With weights that tell pictures, tokens and heads apart."""
    generator = torch.Generator().manual_seed(0)
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.add_(0.3 * torch.randn(parameter.shape, generator=generator))
    return model.eval()


@pytest.fixture
def autoencoder():
    return stirred(MaskedAutoencoder(**SIZES, **DECODER))


@pytest.fixture
def run(tmp_path, autoencoder):
    """A pretraining run."""
    folder = tmp_path / "pretrained"
    folder.mkdir()
    save_file(autoencoder.state_dict(), folder / "model.safetensors")
    (folder / "config.json").write_text(json.dumps({"kind": "uniemox", "model": {**SIZES, **DECODER}}))
    return folder


@pytest.fixture
def batch():
    return torch.randn(3, 3, 32, 32, generator=torch.Generator().manual_seed(1))


def load(spec) -> ViTBackbone:
    return load_backbone(spec, ComputeConfig("cpu", "fp32"))


@pytest.mark.parametrize(("scheme", "pooled"), [("uniemox", lambda t: t[:, 0]), ("mae", lambda t: t[:, 1:].mean(1))])
def test_the_token_is_the_encoders_own_with_nothing_masked(run, autoencoder, batch, scheme, pooled):
    noise = torch.rand(3, 16, generator=torch.Generator().manual_seed(2))
    with torch.no_grad():
        expected = pooled(autoencoder.encode(batch, 0.0, noise).latent)
    backbone = load(f"{scheme}:{run}")
    assert backbone.embed_dim == 24
    torch.testing.assert_close(backbone.encode_image(batch), expected, atol=1e-5, rtol=1e-5)


def test_a_fine_tuned_model_gives_what_its_head_is_given(tmp_path, batch):
    model = stirred(EmotionViT(**SIZES, num_classes=5))
    (tmp_path / "config.json").write_text(json.dumps({"model": SIZES}))
    save_file(model.state_dict(), tmp_path / "model.safetensors")
    with torch.no_grad():
        expected = model.forward_features(batch)
    for scheme in ("uniemox", "mae"):
        torch.testing.assert_close(load(f"{scheme}:{tmp_path}").encode_image(batch), expected)


def test_the_two_tokens_do_not_share_a_cache_but_the_decoder_does_not_count(run, autoencoder):
    tokens = {load(f"{scheme}:{run}").fingerprint for scheme in ("uniemox", "mae")}
    assert len(tokens) == 2
    state = {
        name: value for name, value in autoencoder.state_dict().items() if not name.startswith(("decoder", "mask"))
    }
    save_file(state, run / "model.safetensors")
    assert load(f"mae:{run}").fingerprint in tokens


def test_heads_decide_the_embedding_and_so_the_fingerprint(run, batch):
    one = load(f"mae:{run}")
    facts = {"model": {**SIZES, **DECODER, "num_heads": 2}}
    (run / "config.json").write_text(json.dumps(facts))
    other = load(f"mae:{run}")
    assert other.fingerprint != one.fingerprint
    assert not torch.allclose(other.encode_image(batch), one.encode_image(batch))


def test_a_published_file_with_the_options_of_its_training(tmp_path, batch):
    sizes = {"image_size": 32, "patch_size": 16, "embed_dim": 192, "depth": 1, "num_heads": 3}
    model = stirred(MaskedAutoencoder(**sizes, **DECODER))
    path = tmp_path / "mae_pretrain.pth"
    torch.save({"model": model.state_dict(), "epoch": 3, "args": argparse.Namespace(lr=1.0)}, path)
    with torch.no_grad():
        expected = model.encode(batch, 0.0).latent[:, 1:].mean(1)
    torch.testing.assert_close(load(f"mae:{path}").encode_image(batch), expected, atol=1e-5, rtol=1e-5)


def test_published_weights_by_name(monkeypatch, tmp_path, batch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    entry = weights_entry("mae_vit_base")
    monkeypatch.setitem(weights_table(), "mae_vit_base", replace(entry, digest=None))  # this one is smaller
    entry.path.parent.mkdir(parents=True)
    sizes = {"image_size": 32, "patch_size": 16, "embed_dim": 192, "depth": 1, "num_heads": 3}
    torch.save({"model": stirred(MaskedAutoencoder(**sizes, **DECODER)).state_dict()}, entry.path)
    named = load("mae:mae_vit_base")
    assert torch.equal(named.encode_image(batch), load(f"mae:{entry.path}").encode_image(batch))
    assert named.stored_at == entry.path


def test_the_crop_is_that_of_the_release():
    assert evaluation_preprocess(224).resize == (256, 256)
    assert evaluation_preprocess(224).crop == (224, 224)
    assert evaluation_preprocess(384).resize == (384, 384), "MAE takes the whole shorter side above 224 px"


def test_a_picture_goes_through(run):
    backbone = load(f"uniemox:{run}")
    image_HWC = np.random.default_rng(0).integers(0, 256, (50, 70, 3), dtype=np.uint8)
    embedding = backbone.encode_image(backbone.transform(image_HWC)[None])
    assert embedding.shape == (1, 24)
    assert embedding.isfinite().all()


def test_what_cannot_be_loaded_says_why(run, tmp_path, autoencoder):
    with pytest.raises(WeightsError, match=r"gone\.pth: no such weights file"):
        load(f"uniemox:{tmp_path / 'gone.pth'}")
    (tmp_path / "empty").mkdir()
    with pytest.raises(DataError, match=r"empty: has no config\.json"):
        load(f"uniemox:{tmp_path / 'empty'}")
    save_file({"conv.weight": torch.zeros(3, 3)}, tmp_path / "other.safetensors")
    with pytest.raises(WeightsError, match=r"no tensor 'patch_embed\.proj\.weight'.*no vision transformer"):
        load(f"mae:{tmp_path / 'other.safetensors'}")
    with pytest.raises(WeightsError, match="24 wide, which is no published width"):
        load(f"mae:{run / 'model.safetensors'}")
    state = autoencoder.state_dict()
    del state["blocks.1.norm2.bias"]
    save_file(state, run / "model.safetensors")
    with pytest.raises(WeightsError, match=r"another architecture; missing \(1\): blocks\.1\.norm2\.bias"):
        load(f"mae:{run}")
    (run / "model.safetensors").write_bytes(b"torn")
    with pytest.raises(WeightsError, match="cannot be read as weights"):
        load(f"mae:{run}")
    with pytest.raises(ConfigError, match="uniemox:PATH"):
        load("uniemox:")


def test_an_autoencoder_comes_with_its_decoder_or_is_refused(run, autoencoder, batch, tmp_path):
    model, stored = load_autoencoder(f"uniemox:{run}")
    noise = torch.rand(3, 16, generator=torch.Generator().manual_seed(2))
    with torch.no_grad():
        torch.testing.assert_close(model(batch, 0.75, noise).prediction, autoencoder(batch, 0.75, noise).prediction)
    assert stored.preprocess.crop == (32, 32)
    (tmp_path / "tuned").mkdir()
    save_file(stirred(EmotionViT(**SIZES)).state_dict(), tmp_path / "tuned" / "model.safetensors")
    (tmp_path / "tuned" / "config.json").write_text(json.dumps({"model": SIZES}))
    with pytest.raises(ConfigError, match="a fine-tuned model, which has no decoder"):
        load_autoencoder(tmp_path / "tuned")
