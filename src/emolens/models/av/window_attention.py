"""Attention over the segments of a video that sees a few segments each way.

Legend: B batch, S segments asking, M segments asked (or levels, or any other memory), D width.
"""

import torch
from torch import Tensor, nn

from emolens.models.av.pyramid_config import OURS, PyramidConfig

ACTIVATIONS = {"gelu": nn.GELU, "relu": nn.ReLU}


def far_apart(segments: int, reach: int) -> Tensor:
    """True where two segments are more than ``reach`` apart, and so must not see each other: bool (S, S)."""
    place_S = torch.arange(segments)
    return (place_S[:, None] - place_S[None, :]).abs() > reach


class WindowAttention(nn.Module):
    """A pre-norm transformer layer from one sequence to another: x = q + MHA(LN(q), m, m), then x + MLP(LN(x)).

    The first norm is on the query's path alone (AV-CPNet, arXiv 2311.17335), so that self-attention (m = q) and
    cross-attention are one kind of layer. What either adds may be dropped in training.

    Args:
        width: D.
        heads: a divisor of D.
        config: activation and width of the MLP, and dropouts.
    """

    def __init__(self, width: int, heads: int, config: PyramidConfig = OURS) -> None:
        super().__init__()
        from timm.layers import Mlp  # here, and not above: timm takes a second to import

        self.norm1 = nn.LayerNorm(width)
        self.attention = nn.MultiheadAttention(width, heads, dropout=config.attention_dropout, batch_first=True)
        self.dropout = nn.Dropout(config.dropout)
        self.norm2 = nn.LayerNorm(width)
        # timm's drops after the activation and at the end.
        self.mlp = Mlp(width, config.hidden * width, act_layer=ACTIVATIONS[config.activation], drop=config.dropout)

    def forward(self, query_BSD: Tensor, memory_BMD: Tensor, blocked_SM: Tensor) -> Tensor:
        """(B, S, D) asks (B, M, D), and does not see what is True in ``blocked_SM``; -> (B, S, D)."""
        seen_BSD, _ = self.attention(
            self.norm1(query_BSD), memory_BMD, memory_BMD, attn_mask=blocked_SM, need_weights=False
        )
        x_BSD = query_BSD + self.dropout(seen_BSD)
        out: Tensor = x_BSD + self.mlp(self.norm2(x_BSD))
        return out
