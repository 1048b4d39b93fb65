"""Every fusion against loops, and what holds for a clip that lacks its sound or its pictures."""

import math

import numpy as np
import pytest
import torch
from torch import Tensor

from emolens.errors import ConfigError
from emolens.models.av.fusion import FUSIONS, AVFusion, FusionSizes, build_av_fusion

B, S, D, C = 4, 5, 4, 3
SIZES = FusionSizes(width=D, classes=C, segments=S, levels=2, heads=2)
HAS_AUDIO, HAS_VIDEO = torch.tensor([True, True, False, False]), torch.tensor([True, False, True, False])


def pair(seed: int = 0) -> tuple[Tensor, Tensor]:
    both = torch.randn(2, B, S, D, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)
    return both[0], both[1]


@pytest.fixture(params=list(FUSIONS))
def named(request, spread) -> tuple[str, AVFusion]:
    return request.param, spread(build_av_fusion(request.param, SIZES))


def naive(of, name: str, audio: np.ndarray | None, video: np.ndarray | None) -> list[np.ndarray | None]:
    """Fused, audio, video logits of one clip, each (C,); audio, video (S, D) or None."""
    lone = audio is None or video is None
    if name == "pyramid":
        audio, video = of.globally("globally.", *of.pyramid("pyramid.", audio, video, 2, 2), 2)
    a, v = (None if x is None else x.mean(0) for x in (audio, video))

    def linear(which: str, x: np.ndarray) -> np.ndarray:
        return of.linear(which, x[None])[0]

    if name == "late":
        alone = [None if x is None else linear(which, x) for which, x in (("audio", a), ("video", v))]
        chances = [np.exp(z) / np.exp(z).sum() for z in alone if z is not None]
        return [np.log(sum(chances) / len(chances)), *alone]
    nothing = np.zeros(D)
    if name in ("pyramid", "concat"):
        parts = [
            None if a is None else np.concatenate([a, nothing]),
            None if v is None else np.concatenate([nothing, v]),
        ]
    else:
        parts = [None if a is None else linear("beta", a) if name == "film" else a, v]
    if lone:
        fused = next(part for part in parts if part is not None)
    elif name == "gated":
        gate = 1 / (1 + np.exp(-linear("gate", np.concatenate([a, v]))))
        fused = gate * a + (1 - gate) * v
    elif name == "film":
        fused = (1 + linear("gamma", a)) * v + parts[0]
    else:
        fused = parts[0] + parts[1]
    bias = of.w["classifier.bias"]
    weight = of.w["classifier.weight"]
    return [weight @ fused + bias, *(None if part is None else weight @ part + bias / 2 for part in parts)]


def test_equals_the_obvious_version(named, numpy_av) -> None:
    name, fusion = named
    audio, video = pair()
    out = fusion(audio, video, HAS_AUDIO, HAS_VIDEO)
    for row in range(3):
        clip = (x[row].numpy() if has[row] else None for x, has in ((audio, HAS_AUDIO), (video, HAS_VIDEO)))
        for found, expected in zip(out, naive(numpy_av(fusion), name, *clip), strict=True):
            if expected is None:
                assert found[row].isnan().all()
            else:
                torch.testing.assert_close(found[row], torch.from_numpy(expected))
    assert all(found[3].isnan().all() for found in out)


@pytest.mark.parametrize("other", [0.0, 1e30, math.inf, math.nan])
def test_what_is_absent_contributes_exactly_nothing(named, other: float) -> None:
    _, fusion = named
    audio, video = pair()
    before = fusion(audio, video, HAS_AUDIO, HAS_VIDEO)
    audio[~HAS_AUDIO], video[~HAS_VIDEO] = other, other
    after = fusion(audio, video, HAS_AUDIO, HAS_VIDEO)
    for a, b in zip(before, after, strict=True):
        assert a.numpy(force=True).tobytes() == b.numpy(force=True).tobytes()


def test_a_lone_modality_takes_the_whole_bias(named) -> None:
    name, fusion = named
    audio, video = pair()
    out = fusion(audio, video, HAS_AUDIO, HAS_VIDEO)
    if name == "late":
        torch.testing.assert_close(out.fused_BC[1], out.audio_BC[1].log_softmax(0))
        torch.testing.assert_close(out.fused_BC[2], out.video_BC[2].log_softmax(0))
    else:
        half = fusion.classifier.bias / 2
        torch.testing.assert_close(out.fused_BC[1], out.audio_BC[1] + half)
        torch.testing.assert_close(out.fused_BC[2], out.video_BC[2] + half)


def test_rows_do_not_see_each_other(named) -> None:
    _, fusion = named
    audio, video = pair()
    out = fusion(audio, video, HAS_AUDIO, HAS_VIDEO)
    for row in range(3):
        alone = fusion(*(x[row : row + 1] for x in (audio, video, HAS_AUDIO, HAS_VIDEO)))
        for found, expected in zip(alone, out, strict=True):
            torch.testing.assert_close(found[0], expected[row], equal_nan=True)


@pytest.mark.parametrize("rows", [[0], [0, 1, 2, 3]])
def test_gradients_reach_every_parameter_and_are_finite(named, rows: list[int]) -> None:
    """Also beside rows that lack one modality or both, whose logits are NaN and left out."""
    _, fusion = named
    audio, video = (x[rows] for x in pair())
    has_audio, has_video = HAS_AUDIO[rows], HAS_VIDEO[rows]
    out = fusion(audio, video, has_audio, has_video)
    kept = zip(out, (has_audio | has_video, has_audio, has_video), strict=True)
    torch.stack([logits[has].square().sum() for logits, has in kept]).sum().backward()
    for name, parameter in fusion.named_parameters():
        assert parameter.grad is not None, name
        assert parameter.grad.isfinite().all(), name
        assert parameter.grad.abs().sum() > 0, name


def test_an_unknown_name_is_answered_with_the_near_ones() -> None:
    with pytest.raises(ConfigError, match='fusion "pyramyd": did you mean "pyramid"'):
        build_av_fusion("pyramyd", SIZES)
