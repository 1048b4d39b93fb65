"""Stage 1 of AV-CPNet against loops: gates, dilated convolution, levels, selector."""

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from emolens.models.av.pyramid_attention import (
    DilatedConvolution,
    GatedSum,
    LevelSelector,
    PyramidAttention,
    PyramidLevel,
    where_has,
)
from emolens.models.av.pyramid_config import PyramidConfig

B, S, D = 4, 6, 4
RELEASED = PyramidConfig("relu", attention_dropout=0.1, dropout=0.5, last_relu=True, bias=True)
HAS_AUDIO, HAS_VIDEO = torch.tensor([True, True, False, True]), torch.tensor([True, False, True, True])


def pair(seed: int = 0, *shape: int) -> tuple[Tensor, Tensor]:
    generator = torch.Generator().manual_seed(seed)
    both = torch.randn(2, *(shape or (B, S, D)), generator=generator, dtype=torch.float64)
    return both[0], both[1]


def present(x: Tensor, has: Tensor, row: int) -> np.ndarray | None:
    return x[row].numpy() if has[row] else None


def same(out: Tensor, expected: np.ndarray | None) -> None:
    if expected is not None:
        torch.testing.assert_close(out, torch.from_numpy(expected))


def test_gates_equal_the_obvious_version(numpy_av, spread) -> None:
    gates = spread(GatedSum(D))
    own, other = pair()
    naive = numpy_av(nn.ModuleDict({"x": gates}))
    same(gates(own, other)[1], naive.gates("x", own[1].numpy(), other[1].numpy()))


@pytest.mark.parametrize("dilation", [1, 2, 4])
@pytest.mark.parametrize("last_relu", [False, True])
def test_the_convolution_equals_the_obvious_version(numpy_av, spread, dilation: int, last_relu: bool) -> None:
    convolution = spread(DilatedConvolution(D, dilation, last_relu))
    x, _ = pair()
    naive = numpy_av(nn.ModuleDict({"x": convolution}), released=last_relu)
    same(convolution(x)[1], naive.convolution("x", x[1].numpy(), dilation))
    assert bool((convolution(x) < 0).any()) != last_relu


@pytest.mark.parametrize("k", [0, 1, 2, 3])  # 2^3 is more than there are segments: the dilation is cut, not the result
def test_a_level_equals_the_obvious_version(numpy_av, spread, k: int) -> None:
    level = spread(PyramidLevel(D, 2, S, k))
    audio, video = pair()
    out_audio, out_video = level(audio, video, HAS_AUDIO, HAS_VIDEO)
    for row in range(B):
        expected = numpy_av(level).level("", present(audio, HAS_AUDIO, row), present(video, HAS_VIDEO, row), 2, k)
        same(out_audio[row], expected[0])
        same(out_video[row], expected[1])


def test_the_selector_equals_the_obvious_version(numpy_av, spread) -> None:
    selector = spread(LevelSelector(D))
    audio, video = pair(1, B, S, 3, D)
    out_audio, out_video = selector(audio, video, HAS_AUDIO, HAS_VIDEO)
    for row in range(B):
        levels = [
            [x[row, :, k].numpy() for k in range(3)] if has[row] else None
            for x, has in ((audio, HAS_AUDIO), (video, HAS_VIDEO))
        ]
        expected = numpy_av(selector).selector("", *levels)
        same(out_audio[row], expected[0])
        same(out_video[row], expected[1])


def test_the_selector_tells_levels_apart(spread) -> None:
    """With a LayerNorm over its one feature, as released, what it takes from the other would be a constant."""
    selector = spread(LevelSelector(D))
    audio, video = pair(1, B, S, 3, D)
    everywhere = torch.ones(B, dtype=torch.bool)
    first, _ = selector(audio, video, everywhere, everywhere)
    second, _ = selector(audio, video.flip(0), everywhere, everywhere)
    assert (first - second).abs().max() > 1e-3


@pytest.mark.parametrize("levels", [1, 3])
@pytest.mark.parametrize("config", [PyramidConfig(), RELEASED])
def test_the_pyramid_equals_the_obvious_version(numpy_av, spread, levels: int, config: PyramidConfig) -> None:
    """In evaluation no dropout strikes."""
    pyramid = spread(PyramidAttention(D, 2, S, levels, config)).eval()
    audio, video = pair()
    out_audio, out_video = pyramid(audio, video, HAS_AUDIO, HAS_VIDEO)
    for row in range(B):
        expected = numpy_av(pyramid, released=config is RELEASED).pyramid(
            "", present(audio, HAS_AUDIO, row), present(video, HAS_VIDEO, row), 2, levels
        )
        same(out_audio[row], expected[0])
        same(out_video[row], expected[1])


def test_masks_are_built_once_and_are_no_weights() -> None:
    pyramid = PyramidAttention(D, 2, S, 3)
    masks = [level.blocked_SS for level in pyramid.levels]
    audio, video = (x.float() for x in pair())
    for _ in range(2):
        pyramid(audio, video, HAS_AUDIO, HAS_VIDEO)
    assert all(level.blocked_SS is mask for level, mask in zip(pyramid.levels, masks, strict=True))
    assert [int((~mask[0]).sum()) for mask in masks] == [2, 3, 5]
    assert not any("blocked" in name for name in pyramid.state_dict())


def test_where_has_keeps_no_nan() -> None:
    x = torch.full((2, 3), torch.nan)
    x[0] = 1
    assert where_has(torch.tensor([True, False]), x).tolist() == [[1, 1, 1], [0, 0, 0]]
