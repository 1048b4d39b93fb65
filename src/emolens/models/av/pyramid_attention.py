"""Stage 1 of AV-CPNet: sound and pictures meet in windows of growing width (arXiv 2311.17335).

As in the release (github.com/XuecWu/eMotions, AV-CANet):

- a level works on what the level before it gave; the first on the encoders' features;
- the cross-attention is shared by both directions, everything else belongs to one modality; no level shares with
  another, except for the two selectors, one a modality;
- between the two convolutions there is a ReLU, without which they would be one;
- a selector adds what it takes from the other to its own value, w = w + MHA(w, other, other), the same attention for
  both directions.

Ours: the selector has neither a LayerNorm nor a feed-forward of width 1, and K is 3, which nothing states. What else
differs is an option, :class:`emolens.models.av.pyramid_config.PyramidConfig`.

A modality that a row lacks takes no part: where it would be asked, zero is answered.

Legend: B batch, S segments, D width, K levels.
"""

import torch
from torch import Tensor, nn
from torch.nn import functional

from emolens.models.av.pyramid_config import OURS, PyramidConfig
from emolens.models.av.window_attention import WindowAttention, far_apart


class DilatedConvolution(nn.Module):
    """x + conv1(ReLU(conv3(x))), conv3 of dilation d over the segments, zeros beyond both ends.

    So in MS-TCN (arXiv 1903.01945, section 3.1), and ours. With ``last_relu`` the ReLU of that sum, as released.
    """

    def __init__(self, width: int, dilation: int, last_relu: bool = False) -> None:
        super().__init__()
        self.last_relu = last_relu
        self.dilated = nn.Conv1d(width, width, kernel_size=3, padding=dilation, dilation=dilation)
        self.pointwise = nn.Conv1d(width, width, kernel_size=1)

    def forward(self, x_BSD: Tensor) -> Tensor:
        """(B, S, D) -> (B, S, D)."""
        x_BDS = x_BSD.transpose(1, 2)
        out: Tensor = x_BSD + self.pointwise(functional.relu(self.dilated(x_BDS))).transpose(1, 2)
        return functional.relu(out) if self.last_relu else out


class GatedSum(nn.Module):
    """sigmoid(L1 [s; c]) * s + sigmoid(L2 [s; c]) * c, a gate a channel; s from itself, c from the other modality."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.own = nn.Linear(2 * width, width)
        self.other = nn.Linear(2 * width, width)

    def forward(self, self_BSD: Tensor, cross_BSD: Tensor) -> Tensor:
        """(B, S, D), (B, S, D) -> (B, S, D)."""
        both = torch.cat([self_BSD, cross_BSD], dim=-1)
        out: Tensor = self.own(both).sigmoid() * self_BSD + self.other(both).sigmoid() * cross_BSD
        return out


class PyramidLevel(nn.Module):
    """Level k: attention that sees +-2^k segments, to itself and to the other modality, gates, dilated convolution.

    Args:
        width, heads: D, and a divisor of it.
        segments: S.
        level: k, from 0 on. 2^k may be S or more: then a segment sees all others.
        config: of its parts.
    """

    def __init__(self, width: int, heads: int, segments: int, level: int, config: PyramidConfig = OURS) -> None:
        super().__init__()
        self.blocked_SS: Tensor
        self.register_buffer("blocked_SS", far_apart(segments, 2**level), persistent=False)
        # With a dilation of S both outer taps already lie beyond the ends; more would only cost memory.
        dilation = min(2**level, segments)
        self.audio_self = WindowAttention(width, heads, config)
        self.video_self = WindowAttention(width, heads, config)
        self.cross = WindowAttention(width, heads, config)
        self.audio_gates = GatedSum(width)
        self.video_gates = GatedSum(width)
        self.audio_convolution = DilatedConvolution(width, dilation, config.last_relu)
        self.video_convolution = DilatedConvolution(width, dilation, config.last_relu)

    def forward(
        self, audio_BSD: Tensor, video_BSD: Tensor, has_audio_B: Tensor, has_video_B: Tensor
    ) -> tuple[Tensor, Tensor]:
        """Audio and video, each (B, S, D), and whether a row has them, bool (B,) -> the same two after this level."""
        audio_self = self.audio_self(audio_BSD, audio_BSD, self.blocked_SS)
        video_self = self.video_self(video_BSD, video_BSD, self.blocked_SS)
        audio_cross = where_has(has_video_B, self.cross(audio_BSD, video_BSD, self.blocked_SS))
        video_cross = where_has(has_audio_B, self.cross(video_BSD, audio_BSD, self.blocked_SS))
        return (
            self.audio_convolution(self.audio_gates(audio_self, audio_cross)),
            self.video_convolution(self.video_gates(video_self, video_cross)),
        )


class LevelSelector(nn.Module):
    """How much each level counts, segment by segment: sigmoid(Linear(D, 1)), then a look at the other's choice.

    The release puts a LayerNorm before that attention. Over one feature it gives a constant whatever goes in, so
    there is none here, nor the feed-forward of width 1 that the release puts behind it.

    Args:
        width: D.
        dropout: of the attention weights.
    """

    def __init__(self, width: int, dropout: float = 0.0) -> None:
        super().__init__()
        self.audio = nn.Linear(width, 1)
        self.video = nn.Linear(width, 1)
        self.attention = nn.MultiheadAttention(1, 1, dropout=dropout, batch_first=True)

    def forward(
        self, audio_BSKD: Tensor, video_BSKD: Tensor, has_audio_B: Tensor, has_video_B: Tensor
    ) -> tuple[Tensor, Tensor]:
        """The levels of both, each (B, S, K, D) -> their sums weighted over the levels, each (B, S, D)."""
        audio_BSK1 = self.audio(audio_BSKD).sigmoid()
        video_BSK1 = self.video(video_BSKD).sigmoid()
        audio_seen = where_has(has_video_B, self._look(audio_BSK1, video_BSK1))
        video_seen = where_has(has_audio_B, self._look(video_BSK1, audio_BSK1))
        return (
            ((audio_BSK1 + audio_seen) * audio_BSKD).sum(dim=2),
            ((video_BSK1 + video_seen) * video_BSKD).sum(dim=2),
        )

    def _look(self, query_BSK1: Tensor, memory_BSK1: Tensor) -> Tensor:
        query_NK1, memory_NK1 = query_BSK1.flatten(0, 1), memory_BSK1.flatten(0, 1)
        seen_NK1, _ = self.attention(query_NK1, memory_NK1, memory_NK1, need_weights=False)
        seen: Tensor = seen_NK1.view_as(query_BSK1)
        return seen


class PyramidAttention(nn.Module):
    """K levels, one on top of the other, and the selector that sums what each of them gave.

    Args:
        width, heads: D, and a divisor of it.
        segments: S.
        levels: K, at least 1.
        config: of their parts.
    """

    def __init__(self, width: int, heads: int, segments: int, levels: int, config: PyramidConfig = OURS) -> None:
        super().__init__()
        self.levels = nn.ModuleList(PyramidLevel(width, heads, segments, level, config) for level in range(levels))
        self.selector = LevelSelector(width, config.attention_dropout)

    def forward(
        self, audio_BSD: Tensor, video_BSD: Tensor, has_audio_B: Tensor, has_video_B: Tensor
    ) -> tuple[Tensor, Tensor]:
        """Audio and video, each (B, S, D), and whether a row has them, bool (B,) -> a', v', each (B, S, D).

        What comes out in the place of a modality that a row lacks means nothing.
        """
        audios, videos = [], []
        for level in self.levels:
            audio_BSD, video_BSD = level(audio_BSD, video_BSD, has_audio_B, has_video_B)
            audios.append(audio_BSD)
            videos.append(video_BSD)
        out: tuple[Tensor, Tensor] = self.selector(
            torch.stack(audios, dim=2), torch.stack(videos, dim=2), has_audio_B, has_video_B
        )
        return out


def where_has(has_B: Tensor, x: Tensor) -> Tensor:
    """``x`` (B, ...) where ``has_B`` (bool, (B,)), zero elsewhere, even where ``x`` is NaN."""
    return x.masked_fill(~has_B.view(-1, *[1] * (x.ndim - 1)), 0.0)
