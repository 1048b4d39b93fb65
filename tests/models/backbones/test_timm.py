import numpy as np
import pytest
import torch
from PIL import Image
from safetensors.torch import save_file

from emolens.compute import ComputeConfig
from emolens.errors import ConfigError, WeightsError
from emolens.models.backbones.load import load_backbone


def saved(name, path, **options):
    import timm

    torch.manual_seed(0)
    model = timm.create_model(name, pretrained=False, **options).eval()
    save_file(model.state_dict(), path)
    return model


@pytest.fixture
def image(rng):
    return rng.integers(0, 256, (80, 100, 3), dtype=np.uint8)


def test_a_convolutional_map_is_pooled_by_mean_and_maximum(tmp_path, image):
    from timm.data import create_transform, resolve_data_config

    model = saved("test_resnet", tmp_path / "w.safetensors")
    backbone = load_backbone(f"timm:test_resnet/{tmp_path / 'w.safetensors'}", ComputeConfig("cpu", "fp32"))
    batch = create_transform(**resolve_data_config({}, model=model))(Image.fromarray(image))[None]
    with torch.no_grad():
        found = model.forward_features(batch)
    expected = torch.cat([found.mean((2, 3)), found.amax((2, 3))], 1)
    torch.testing.assert_close(backbone.encode_image(backbone.transform(image)[None]), expected, atol=1e-5, rtol=1e-5)
    assert backbone.embed_dim == 2 * found.shape[1]


def test_a_token_model_keeps_its_own_pooling(tmp_path, image):
    model = saved("test_vit", tmp_path / "w.safetensors", num_classes=0)
    backbone = load_backbone(f"timm:test_vit/{tmp_path / 'w.safetensors'}", ComputeConfig("cpu", "fp32"))
    batch = backbone.transform(image)[None]
    with torch.no_grad():
        expected = model(batch)
    torch.testing.assert_close(backbone.encode_image(batch), expected, atol=1e-5, rtol=1e-5)
    assert backbone.embed_dim == expected.shape[1]


def test_the_classifier_may_be_missing_but_nothing_else(tmp_path):
    from safetensors.torch import load_file

    saved("test_resnet", tmp_path / "w.safetensors")
    state = load_file(tmp_path / "w.safetensors")
    save_file(
        {name: value for name, value in state.items() if not name.startswith("fc.")}, tmp_path / "headless.safetensors"
    )
    load_backbone(f"timm:test_resnet/{tmp_path / 'headless.safetensors'}")
    del state["layer1.0.conv1.weight"]
    save_file(state, tmp_path / "holed.safetensors")
    with pytest.raises(WeightsError, match=r"as timm:test_resnet: .*missing \(1\): layer1\.0\.conv1\.weight"):
        load_backbone(f"timm:test_resnet/{tmp_path / 'holed.safetensors'}")


def test_unknown_name():
    with pytest.raises(ConfigError, match=r'timm has no model "resnett18"; did you mean .*"resnet18"'):
        load_backbone("timm:resnett18")


def test_without_network_and_cache(monkeypatch, tmp_path):
    from huggingface_hub import constants

    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", True)
    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(tmp_path))
    with pytest.raises(WeightsError, match=r"timm/resnet18\.a1_in1k.*timm:resnet18/PATH".replace(".*", r"(.|\n)*")):
        load_backbone("timm:resnet18")
