"""The frame-wise encoder against loops, with real weights where they are at hand."""

import numpy as np
import pytest
import torch
from torchvision import models

from emolens.errors import ConfigError, WeightsError
from emolens.models.av.frame_encoder import FrameEncoder, FrameEncoderConfig
from emolens.models.imagenet import IMAGENET_MEAN, IMAGENET_STD


def clip(n: int, t: int, size: int, seed: int = 0) -> torch.Tensor:
    generator = torch.Generator().manual_seed(seed)
    return torch.randint(0, 256, (n, t, size, size, 3), dtype=torch.uint8, generator=generator)


@pytest.fixture(scope="module")
def encoder() -> FrameEncoder:
    torch.manual_seed(0)
    return FrameEncoder(FrameEncoderConfig()).eval()


@pytest.mark.parametrize(("layer", "depth"), [(None, 13), ("features.7", 8)])
def test_equals_the_obvious_version(layer: str | None, depth: int) -> None:
    torch.manual_seed(0)
    encoder, video = FrameEncoder(FrameEncoderConfig(layer=layer)).eval(), clip(2, 3, 64)
    features = models.squeezenet1_1(weights=None).features[:depth].double()
    features.load_state_dict(encoder.trunk.get_submodule("features").state_dict())
    expected = []
    for snippet in video:
        maps = []
        for frame in snippet:
            pixel = (frame.double() / 255 - torch.tensor(IMAGENET_MEAN).double()) / torch.tensor(IMAGENET_STD).double()
            maps.append(features(pixel.permute(2, 0, 1)[None])[0].detach().flatten(1).numpy())
        looks = np.mean([places.mean(1) for places in maps], axis=0)
        moves = np.array([[np.sqrt(np.var([m[d, p] for m in maps]) + 1e-6) for p in range(maps[0].shape[1])]
                          for d in range(len(looks))]).mean(1)  # fmt: skip
        expected.append(np.concatenate([looks, moves]))
    out = encoder.describe(video)
    assert out.shape == (2, encoder.dim) == (2, 2 * len(expected[0]) // 2)
    np.testing.assert_allclose(out.numpy(), np.array(expected), rtol=1e-3, atol=1e-4)
    norm = encoder.train()(video)
    np.testing.assert_allclose(norm.mean(0).numpy(), 0, atol=1e-3)


def test_an_unknown_layer_is_refused() -> None:
    with pytest.raises(ConfigError, match=r'video\.layer "features\.70": no layer "70" in it'):
        FrameEncoder(FrameEncoderConfig(layer="features.70"))


def test_frozen_stays_frozen_in_training() -> None:
    net = FrameEncoder(FrameEncoderConfig(backbone="resnet18")).train()
    before = {name: value.clone() for name, value in net.trunk.state_dict().items()}
    out = net(clip(2, 2, 32))
    assert not out.requires_grad
    assert not any(parameter.requires_grad for parameter in net.parameters())
    assert all(torch.equal(value, before[name]) for name, value in net.trunk.state_dict().items())


@pytest.mark.parametrize("frames", [1, 2])
def test_unfrozen_learns_and_no_slope_is_infinite(frames: int) -> None:
    net = FrameEncoder(FrameEncoderConfig(frozen=False)).train()
    net(clip(1, frames, 48)).square().sum().backward()
    for name, parameter in net.named_parameters():
        assert parameter.grad is not None, name
        assert parameter.grad.isfinite().all(), name


def test_a_still_snippet_has_the_least_deviation_over_frames(encoder: FrameEncoder) -> None:
    still = clip(1, 1, 48).expand(1, 4, -1, -1, -1)
    assert encoder.describe(still)[0, encoder.dim // 2 :].max() < 2e-3
    assert encoder.describe(clip(1, 4, 48))[0, encoder.dim // 2 :].max() > 1e-2


def test_unknown_and_mapless_networks_are_refused() -> None:
    with pytest.raises(ConfigError, match=r'video\.backbone "squeezenet": no such model of torchvision'):
        FrameEncoder(FrameEncoderConfig(backbone="squeezenet"))
    with pytest.raises(ConfigError, match='"swin_t" gives no map of places'):
        FrameEncoder(FrameEncoderConfig(backbone="swin_t"))


def test_weights_that_are_missing_are_named(tmp_path) -> None:
    config = FrameEncoderConfig(weights=str(tmp_path / "no.safetensors"))
    with pytest.raises(WeightsError, match=r"no\.safetensors: no such weights file"):
        FrameEncoder(config)
    FrameEncoder(config, pretrained=False)


@pytest.mark.shared
def test_real_weights_load(shared) -> None:
    path = shared / "models" / "squeezenet1_1_imagenet_features.safetensors"
    net = FrameEncoder(FrameEncoderConfig(weights=str(path))).eval()
    assert net(clip(1, 2, 112)).isfinite().all()
