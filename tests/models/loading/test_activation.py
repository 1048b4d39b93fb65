"""The activation that weights were trained with is not in the weights: a wrong one must never load in silence."""

import json

import numpy as np
import open_clip
import pytest
import torch
from PIL import Image
from safetensors.torch import load_file, save_file

from emolens.compute import ComputeConfig
from emolens.errors import ConfigError
from emolens.models.backbones.load import load_backbone

ARCH = "emolens-twin"


@pytest.fixture(scope="module", autouse=True)
def twins(tiny_clip, tmp_path_factory):
    """The tiny CLIP's architecture under a name that has a twin with QuickGELU, as those of OpenAI's have."""
    folder, config = tmp_path_factory.mktemp("twins"), open_clip.get_model_config(tiny_clip.partition("/")[0])
    (folder / f"{ARCH}.json").write_text(json.dumps(config))
    (folder / f"{ARCH}-quickgelu.json").write_text(json.dumps({**config, "quick_gelu": True}))
    open_clip.add_model_config(folder)


@pytest.fixture
def trained(tiny_clip):
    """Weights as a training in fp32 or with autocast leaves them."""
    state = load_file(tiny_clip.partition("/")[2])
    generator = torch.Generator().manual_seed(0)
    return {name: value + 0.01 * torch.randn(value.shape, generator=generator) for name, value in state.items()}


@pytest.fixture
def released_by_openai(trained):
    """Matrices of half precision, all else in full; stored in fp32, as its copies on the hub are."""
    return {
        name: value.half().float() if value.ndim > 1 and "embedding" not in name else value
        for name, value in trained.items()
    }


@pytest.fixture
def image():
    return np.random.default_rng(0).integers(0, 256, (40, 50, 3), dtype=np.uint8)


def load(arch, path):
    return load_backbone(f"{arch}/{path}", ComputeConfig("cpu", "fp32"))


def embedded(arch, path, image):
    backbone = load(arch, path)
    return backbone.encode_image(backbone.transform(image)[None])


def by_open_clip(path, image, quick):
    model, _, preprocess = open_clip.create_model_and_transforms(ARCH, pretrained=str(path), force_quick_gelu=quick)
    with torch.no_grad():
        return model.eval().encode_image(preprocess(Image.fromarray(image))[None])


def test_openais_weights_get_quick_gelu_whatever_the_architecture_says(released_by_openai, tmp_path, image):
    path = tmp_path / "openai.safetensors"
    save_file(released_by_openai, path)
    right, wrong = (by_open_clip(path, image, quick) for quick in (True, False))
    assert not torch.allclose(right, wrong, atol=1e-4), "the two must differ for this test to mean anything"
    for arch in (ARCH, f"{ARCH}-quickgelu"):
        torch.testing.assert_close(embedded(arch, path, image), right, atol=1e-5, rtol=0)
    assert load(ARCH, path).recipe()["quick_gelu"] is True


def test_openais_weights_are_not_called_gelu_ones(released_by_openai, tmp_path):
    save_file(released_by_openai, tmp_path / "w.safetensors")
    with pytest.raises(ConfigError, match=rf"OpenAI's weights.*write {ARCH}-quickgelu/PATH"):
        load(f"{ARCH}-gelu", tmp_path / "w.safetensors")


def test_weights_that_do_not_tell_must_be_told(trained, tmp_path, image):
    path = tmp_path / "laion_or_metaclip.safetensors"
    save_file(trained, path)
    with pytest.raises(ConfigError, match=rf"Write {ARCH}-quickgelu/PATH .*MetaCLIP.*{ARCH}-gelu/PATH .*LAION"):
        load(ARCH, path)
    for arch, quick in ((f"{ARCH}-quickgelu", True), (f"{ARCH}-gelu", False)):
        expected = by_open_clip(path, image, quick)
        torch.testing.assert_close(embedded(arch, path, image), expected, atol=1e-5, rtol=0)


@pytest.mark.parametrize("stored", [torch.float16, torch.float32])
def test_a_file_of_fp16_throughout_tells_nothing(trained, tmp_path, stored):
    save_file({name: value.half().to(stored) for name, value in trained.items()}, tmp_path / "w.safetensors")
    with pytest.raises(ConfigError, match="does not say which activation"):
        load(ARCH, tmp_path / "w.safetensors")


def test_weights_trained_in_bf16_are_not_taken_for_openais(trained, tmp_path):
    state = {name: (1e-6 * value if "mlp" in name else value).bfloat16().float() for name, value in trained.items()}
    save_file(state, tmp_path / "w.safetensors")
    with pytest.raises(ConfigError, match="does not say which activation"):
        load(ARCH, tmp_path / "w.safetensors")


def test_an_architecture_without_a_twin_loads_as_it_is(released_by_openai, tiny_clip, tmp_path):
    save_file(released_by_openai, tmp_path / "w.safetensors")
    tiny = tiny_clip.partition("/")[0]
    for arch in (tiny, f"{tiny}-gelu"):
        assert not load(arch, tmp_path / "w.safetensors").quick_gelu


def test_an_architecture_with_quick_gelu_is_not_called_gelu(trained, tmp_path):
    save_file(trained, tmp_path / "w.safetensors")
    with pytest.raises(ConfigError, match='trained with QuickGELU; leave out "-gelu"'):
        load(f"{ARCH}-quickgelu-gelu", tmp_path / "w.safetensors")


def test_one_fingerprint_however_gelu_is_said(trained, tiny_clip, tmp_path):
    save_file(trained, tmp_path / "w.safetensors")
    tiny = tiny_clip.partition("/")[0]
    assert len({load(arch, tmp_path / "w.safetensors").fingerprint for arch in (tiny, f"{tiny}-gelu")}) == 1
