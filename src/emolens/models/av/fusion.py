"""From the segments of sound and pictures to logits, in several ways under one face.

Legend: B batch, S segments, D width, F what the classifier takes, C classes.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import NamedTuple, TypeVar

import torch
from torch import Tensor, nn
from torch.nn import functional

from emolens.errors import ConfigError
from emolens.models.av.global_attention import GlobalAttention
from emolens.models.av.pyramid_attention import PyramidAttention, where_has
from emolens.models.av.pyramid_config import PyramidConfig
from emolens.names import did_you_mean
from emolens.scan import import_folder


class AVLogits(NamedTuple):
    """What an audio-visual network says, float.

    A row of ``audio_BC`` or ``video_BC`` is NaN where the video lacks that modality, one of ``fused_BC`` where it lacks
    both: a loss must leave such rows out, and one that forgets to is seen at once.

    Attributes:
        fused_BC: of both modalities, or of the one that is there.
        audio_BC, video_BC: of one modality alone; None in a network of a single modality.
    """

    fused_BC: Tensor
    audio_BC: Tensor | None
    video_BC: Tensor | None


@dataclass(frozen=True)
class FusionSizes:
    """What every fusion is built from; each takes what it needs.

    Attributes:
        width: D.
        classes: C.
        segments: S.
        levels, heads: of attention over the segments.
        pyramid: parts of the fusion "pyramid".
    """

    width: int
    classes: int
    segments: int
    levels: int
    heads: int
    pyramid: PyramidConfig = field(default_factory=PyramidConfig)


class Parts(NamedTuple):
    """What a classifier is given, each (B, F): both modalities together, and each one's own part."""

    fused_BF: Tensor
    audio_BF: Tensor
    video_BF: Tensor


class AVFusion(nn.Module):
    """Base of all fusions; a subclass gives :meth:`logits`, and is built from :class:`FusionSizes` alone."""

    def logits(
        self, audio_BSD: Tensor, video_BSD: Tensor, has_audio_B: Tensor, has_video_B: Tensor
    ) -> tuple[Tensor, Tensor, Tensor]:
        """Fused, audio, video, each (B, C). What a row lacks is zeros here; its own logits may then be anything."""
        raise NotImplementedError

    def forward(self, audio_BSD: Tensor, video_BSD: Tensor, has_audio_B: Tensor, has_video_B: Tensor) -> AVLogits:
        """Fuse and classify.

        Args:
            audio_BSD, video_BSD: float, shape (B, S, D). Where a row lacks one, what lies there has no effect.
            has_audio_B, has_video_B: bool, shape (B,).
        """
        audio_BSD, video_BSD = where_has(has_audio_B, audio_BSD), where_has(has_video_B, video_BSD)
        fused_BC, audio_BC, video_BC = self.logits(audio_BSD, video_BSD, has_audio_B, has_video_B)
        return AVLogits(
            nan_unless(has_audio_B | has_video_B, fused_BC),
            nan_unless(has_audio_B, audio_BC),
            nan_unless(has_video_B, video_BC),
        )


FUSIONS: dict[str, Callable[[FusionSizes], AVFusion]] = {}

Fusion = TypeVar("Fusion", bound=Callable[[FusionSizes], AVFusion])


def register_fusion(name: str) -> Callable[[Fusion], Fusion]:
    """Decorate a fusion's class; ``AVCPNetConfig(fusion=name)`` then takes it."""

    def register(fusion: Fusion) -> Fusion:
        FUSIONS[name] = fusion
        return fusion

    return register


class FeatureFusion(AVFusion):
    """Fusion before the classifier, of which there is one: with its bias for the fused features, with half of it for
    each modality's part.

    A subclass gives :meth:`parts`.

    Args:
        features: F.
        classes: C.
    """

    def __init__(self, features: int, classes: int) -> None:
        super().__init__()
        self.classifier = nn.Linear(features, classes)

    def parts(self, audio_BSD: Tensor, video_BSD: Tensor, has_audio_B: Tensor, has_video_B: Tensor) -> Parts:
        """Arguments as in :meth:`logits`. The part of what a row lacks is zeros, and the other's part is the whole."""
        raise NotImplementedError

    def logits(
        self, audio_BSD: Tensor, video_BSD: Tensor, has_audio_B: Tensor, has_video_B: Tensor
    ) -> tuple[Tensor, Tensor, Tensor]:
        parts = self.parts(audio_BSD, video_BSD, has_audio_B, has_video_B)
        weight, half = self.classifier.weight, self.classifier.bias / 2
        return (
            self.classifier(parts.fused_BF),
            functional.linear(parts.audio_BF, weight, half),
            functional.linear(parts.video_BF, weight, half),
        )


@register_fusion("pyramid")
class PyramidFusion(FeatureFusion):
    """The two stages of AV-CPNet (arXiv 2311.17335), mean over the segments, audio first: F = 2D."""

    def __init__(self, sizes: FusionSizes) -> None:
        super().__init__(2 * sizes.width, sizes.classes)
        self.pyramid = PyramidAttention(sizes.width, sizes.heads, sizes.segments, sizes.levels, sizes.pyramid)
        self.globally = GlobalAttention(sizes.width, sizes.heads, sizes.pyramid.bias)

    def parts(self, audio_BSD: Tensor, video_BSD: Tensor, has_audio_B: Tensor, has_video_B: Tensor) -> Parts:
        for stage in (self.pyramid, self.globally):
            audio_BSD, video_BSD = stage(audio_BSD, video_BSD, has_audio_B, has_video_B)
        return _side_by_side(where_has(has_audio_B, audio_BSD), where_has(has_video_B, video_BSD))


@register_fusion("concat")
class ConcatFusion(FeatureFusion):
    """[mean of the audio; mean of the video]: F = 2D."""

    def __init__(self, sizes: FusionSizes) -> None:
        super().__init__(2 * sizes.width, sizes.classes)

    def parts(self, audio_BSD: Tensor, video_BSD: Tensor, has_audio_B: Tensor, has_video_B: Tensor) -> Parts:
        return _side_by_side(audio_BSD, video_BSD)


@register_fusion("sum")
class SumFusion(FeatureFusion):
    """a + v, of the means over the segments: F = D."""

    def __init__(self, sizes: FusionSizes) -> None:
        super().__init__(sizes.width, sizes.classes)

    def parts(self, audio_BSD: Tensor, video_BSD: Tensor, has_audio_B: Tensor, has_video_B: Tensor) -> Parts:
        audio_BD, video_BD = audio_BSD.mean(dim=1), video_BSD.mean(dim=1)
        return Parts(audio_BD + video_BD, audio_BD, video_BD)


@register_fusion("gated")
class GatedFusion(FeatureFusion):
    """g a + (1 - g) v with g = sigmoid(L [a; v]), a gate a channel (Arevalo et al., 2017, arXiv 1702.01992): F = D.

    The release's gate of the same name is another: one modality gates the other.
    """

    def __init__(self, sizes: FusionSizes) -> None:
        super().__init__(sizes.width, sizes.classes)
        self.gate = nn.Linear(2 * sizes.width, sizes.width)

    def parts(self, audio_BSD: Tensor, video_BSD: Tensor, has_audio_B: Tensor, has_video_B: Tensor) -> Parts:
        audio_BD, video_BD = audio_BSD.mean(dim=1), video_BSD.mean(dim=1)
        gate_BD = self.gate(torch.cat([audio_BD, video_BD], dim=1)).sigmoid()
        mixed_BD = gate_BD * audio_BD + (1 - gate_BD) * video_BD
        fused_BD = torch.where((has_audio_B & has_video_B)[:, None], mixed_BD, audio_BD + video_BD)
        return Parts(fused_BD, audio_BD, video_BD)


@register_fusion("film")
class FilmFusion(FeatureFusion):
    """gamma(a) v + beta(a): sound modulates pictures (FiLM, Perez et al., 2018, arXiv 1709.07871): F = D.

    gamma(a) = 1 + L a, so that a fresh network lets the pictures through. The audio's own part is beta(a).
    """

    def __init__(self, sizes: FusionSizes) -> None:
        super().__init__(sizes.width, sizes.classes)
        self.gamma = nn.Linear(sizes.width, sizes.width)
        self.beta = nn.Linear(sizes.width, sizes.width)

    def parts(self, audio_BSD: Tensor, video_BSD: Tensor, has_audio_B: Tensor, has_video_B: Tensor) -> Parts:
        audio_BD, video_BD = audio_BSD.mean(dim=1), video_BSD.mean(dim=1)
        beta_BD = where_has(has_audio_B, self.beta(audio_BD))
        scale_BD = 1 + where_has(has_audio_B, self.gamma(audio_BD))
        return Parts(scale_BD * video_BD + beta_BD, beta_BD, video_BD)


@register_fusion("late")
class LateFusion(AVFusion):
    """Two classifiers that meet at the end: fused = log of the mean of their probabilities.

    Each has a bias of its own, all of which its modality's logits take.
    """

    def __init__(self, sizes: FusionSizes) -> None:
        super().__init__()
        self.audio = nn.Linear(sizes.width, sizes.classes)
        self.video = nn.Linear(sizes.width, sizes.classes)

    def logits(
        self, audio_BSD: Tensor, video_BSD: Tensor, has_audio_B: Tensor, has_video_B: Tensor
    ) -> tuple[Tensor, Tensor, Tensor]:
        audio_BC = self.audio(audio_BSD.mean(dim=1))
        video_BC = self.video(video_BSD.mean(dim=1))
        log_2BC = torch.stack([audio_BC.log_softmax(dim=1), video_BC.log_softmax(dim=1)])
        # -inf is a probability of 0. Not where both are absent: the gradient through such a row would be NaN.
        lone_2B = torch.stack([~has_audio_B & has_video_B, ~has_video_B & has_audio_B])
        count_B = 2 - lone_2B.sum(dim=0)
        fused_BC = (
            log_2BC.masked_fill(lone_2B[..., None], -torch.inf).logsumexp(dim=0)
            - count_B.to(log_2BC.dtype).log()[:, None]
        )
        return fused_BC, audio_BC, video_BC


def check_fusion(name: str) -> None:
    """Raise a ConfigError unless ``name`` is one of :data:`FUSIONS`."""
    import_folder("emolens.models.av")
    if name not in FUSIONS:
        raise ConfigError(f'model.fusion "{name}": {did_you_mean(name, FUSIONS)}')


def build_av_fusion(name: str, sizes: FusionSizes) -> AVFusion:
    """A fusion by its name in :data:`FUSIONS`.

    Raises:
        ConfigError: unknown name.
    """
    check_fusion(name)
    return FUSIONS[name](sizes)


def nan_unless(has_B: Tensor, logits_BC: Tensor) -> Tensor:
    """``logits_BC`` where ``has_B``, NaN elsewhere."""
    return logits_BC.masked_fill(~has_B[:, None], torch.nan)


def _side_by_side(audio_BSD: Tensor, video_BSD: Tensor) -> Parts:
    audio_BD, video_BD = audio_BSD.mean(dim=1), video_BSD.mean(dim=1)
    nothing_BD = torch.zeros_like(audio_BD)
    return Parts(
        torch.cat([audio_BD, video_BD], dim=1),
        torch.cat([audio_BD, nothing_BD], dim=1),
        torch.cat([nothing_BD, video_BD], dim=1),
    )
