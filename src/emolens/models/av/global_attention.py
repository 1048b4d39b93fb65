"""Stage 2 of AV-CPNet: each modality asks all segments of the other (arXiv 2311.17335).

The release names the shared attention and never builds it; that it has as many heads as stage 1 is ours.

Legend: B batch, S segments, D width.
"""

from torch import Tensor, nn

from emolens.models.av.pyramid_attention import where_has


class GlobalAttention(nn.Module):
    """a'' = a' + W_a MHA(a', v', v'), v'' = v' + W_v MHA(v', a', a'), with one MHA for both.

    A modality that a row lacks answers zero, so that the other stays as it was.

    Args:
        width: D.
        heads: a divisor of D.
        bias: whether W_a and W_v have one, as released.
    """

    def __init__(self, width: int, heads: int, bias: bool = False) -> None:
        super().__init__()
        self.attention = nn.MultiheadAttention(width, heads, batch_first=True)
        self.audio = nn.Linear(width, width, bias=bias)
        self.video = nn.Linear(width, width, bias=bias)

    def forward(
        self, audio_BSD: Tensor, video_BSD: Tensor, has_audio_B: Tensor, has_video_B: Tensor
    ) -> tuple[Tensor, Tensor]:
        """a', v', each (B, S, D), and whether a row has them, bool (B,) -> a'', v'', each (B, S, D)."""
        audio_seen, _ = self.attention(audio_BSD, video_BSD, video_BSD, need_weights=False)
        video_seen, _ = self.attention(video_BSD, audio_BSD, audio_BSD, need_weights=False)
        return (
            audio_BSD + where_has(has_video_B, self.audio(audio_seen)),
            video_BSD + where_has(has_audio_B, self.video(video_seen)),
        )
