"""Against the transforms of the libraries whose weights are used, on the same PIL image, bit for bit."""

from dataclasses import asdict, replace
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from PIL import Image

from emolens.errors import ConfigError
from emolens.models.preprocess import MAX_ASPECT, Preprocess

CLIP = Preprocess((224, 224), (224, 224), "shortest", "bicubic", (0.48, 0.46, 0.41), (0.27, 0.26, 0.28))
SIZES = [(90, 60), (300, 200), (224, 224), (333, 500), (31, 700), (700, 30), (1, 1)]  # width, height


def drawn(rng, size):
    coarse = Image.fromarray(rng.integers(0, 256, (8, 8, 3), dtype=np.uint8))
    return coarse.resize(size, Image.Resampling.BICUBIC)


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("mode", ["shortest", "longest", "squash"])
@pytest.mark.parametrize("target", [48, (48, 36)])
def test_equals_open_clip(rng, size, mode, target):
    from open_clip.transform import PreprocessCfg, image_transform_v2

    from emolens.models.backbones.open_clip import _preprocess

    config = PreprocessCfg(size=target, resize_mode=mode, interpolation="bilinear", fill_color=7)
    picture = drawn(rng, size)
    assert torch.equal(
        _preprocess(asdict(config))(np.asarray(picture)), image_transform_v2(config, is_train=False)(picture)
    )


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("name", ["squeezenet1_1", "efficientnet_b0", "swin_t"])
def test_equals_torchvision(rng, size, name):
    from torchvision import models

    from emolens.models.backbones.torchvision import _preprocess

    transform = models.get_model_weights(name).DEFAULT.transforms()
    picture = drawn(rng, size)
    assert torch.equal(_preprocess(transform)(np.asarray(picture)), transform(picture))


@pytest.mark.parametrize("crop_mode", ["center", "squash", "border"])
@pytest.mark.parametrize("input_size", [(3, 48, 48), (3, 48, 36)])
def test_equals_timm(rng, crop_mode, input_size):
    from timm.data import create_transform

    from emolens.models.backbones.timm import _preprocess

    facts = {"input_size": input_size, "crop_pct": 0.875, "crop_mode": crop_mode, "mean": (0.4, 0.5, 0.6)}
    model = SimpleNamespace(pretrained_cfg=facts)
    config = {**facts, "interpolation": "bicubic", "std": (0.229, 0.224, 0.225)}
    transform = create_transform(**config)
    for size in SIZES:
        picture = drawn(rng, size)
        assert torch.equal(_preprocess(model)(np.asarray(picture)), transform(picture)), size


@pytest.mark.parametrize("size", [(10_000, 2), (1, 5_000)])
def test_a_strip_costs_no_more_than_its_middle(rng, size):
    """Scaled to cover 224 x 224 as it is, the first would have 250 million pixels."""
    strip = np.asarray(drawn(rng, size))
    assert MAX_ASPECT >= 8
    middle = CLIP(strip)
    assert middle.shape == (3, 224, 224)
    height, width = strip.shape[:2]
    top, left = max(0, (height - 8) // 2), max(0, (width - 16) // 2)
    cut = CLIP(np.ascontiguousarray(strip[top : top + 8, left : left + 16]))
    torch.testing.assert_close(middle[:, 64:160, 64:160], cut[:, 64:160, 64:160], atol=0.1, rtol=0)


def test_survives_json():
    import json

    assert Preprocess.from_dict(json.loads(json.dumps(CLIP.to_dict()))) == CLIP


def test_what_is_no_preprocessing_says_what_is_wrong():
    with pytest.raises(ConfigError, match="preprocessing: no field"):
        Preprocess.from_dict({**CLIP.to_dict(), "angle": 3})
    with pytest.raises(ConfigError, match="missing"):
        Preprocess.from_dict({"resize": [1, 1]})
    with pytest.raises(ConfigError, match="interpolation"):
        replace(CLIP, interpolation="quintic")
    with pytest.raises(ConfigError, match="mode"):
        replace(CLIP, mode="widest")
    with pytest.raises(ConfigError, match="positive"):
        replace(CLIP, std=(0.0, 1.0, 1.0))


@pytest.mark.parametrize("size", [(100, 200), (77, 53), (500, 30), (9000, 20), (20, 20)])
@pytest.mark.parametrize("mode", ["shortest", "longest", "squash"])
@pytest.mark.parametrize("crop", [(48, 48), (64, 64), (80, 40)])
def test_the_seen_region_is_what_the_input_shows(mode, size, crop):
    """A picture whose colours are its coordinates tells where the corners of the input came from."""
    height, width = size
    y, x = np.mgrid[0:height, 0:width] + 0.5
    image_HWC = np.stack([255 * x / width, 255 * y / height, np.full(size, 255)], axis=-1).astype(np.uint8)
    preprocess = replace(CLIP, resize=(64, 64), crop=crop, mode=mode, mean=(0.0,) * 3, std=(1.0,) * 3)
    left, top, right, bottom = preprocess.seen_region(height, width)
    input_CHW = preprocess(image_HWC).numpy()
    for at in np.argwhere(input_CHW[2] > 0.99)[::40]:  # not the borders that are filled
        place_y, place_x = (at + 0.5) / crop
        assert input_CHW[0][tuple(at)] == pytest.approx((left + place_x * (right - left)) / width, abs=0.02)
        assert input_CHW[1][tuple(at)] == pytest.approx((top + place_y * (bottom - top)) / height, abs=0.02)


def test_the_seen_region_reaches_beyond_a_filled_picture():
    longest = replace(CLIP, resize=(64, 64), crop=(64, 64), mode="longest")
    assert longest.seen_region(100, 200) == (0, -50, 200, 150)
    assert replace(CLIP, resize=(64, 64), crop=(48, 48)).seen_region(128, 256) == (80, 16, 176, 112)
