"""The parts that every vision transformer of the project is made of, under the names that published weights use.

The layers are timm's. Ours are what timm has not, or not as published: patches of which only some are embedded, MAE's
fixed positions, and its initial weights.

Legend: B batch, C channels, H, W height and width, P values of one patch (C * patch size squared), L tokens,
D width, N heads, h, w the grid of patches.
"""

from functools import partial
from typing import Any

import torch
import torch.nn.functional as F  # noqa: N812
from torch import Tensor, nn

from emolens.errors import ConfigError

EPS = 1e-6  # of the layer norms of ViT and MAE; torch's own default is 1e-5


class PatchEmbed(nn.Module):
    """Square patches to vectors; ``proj`` keeps the shape of a convolution, (D, C, p, p), as published.

    It is computed as a product of matrices, so that patches nobody will look at need not be embedded.
    """

    def __init__(self, image_size: int, patch_size: int, embed_dim: int, channels: int = 3) -> None:
        super().__init__()
        if patch_size <= 0 or image_size <= 0 or image_size % patch_size:
            raise ConfigError(f"image_size {image_size} is no multiple of patch_size {patch_size}")
        self.image_size = image_size
        self.patch_size = patch_size
        self.grid = image_size // patch_size
        self.num_patches = self.grid**2
        self.proj = nn.Conv2d(channels, embed_dim, kernel_size=patch_size, stride=patch_size)
        nn.init.xavier_uniform_(self.proj.weight.data.flatten(1))  # as the matrix that it is

    def forward(self, image_BCHW: Tensor, keep_BL: Tensor | None = None) -> Tensor:
        """Embed all patches, row by row, or only those listed.

        Args:
            image_BCHW: float, shape (B, C, image_size, image_size).
            keep_BL: int64 places of the wanted patches, shape (B, K), in [0, num_patches).

        Returns:
            (B, num_patches, D), or (B, K, D) in the order of ``keep_BL``.

        Raises:
            ConfigError: pictures of another size.
        """
        self.check(image_BCHW)
        b, c, p = len(image_BCHW), image_BCHW.shape[1], self.patch_size
        patch_BLP = image_BCHW.reshape(b, c, self.grid, p, self.grid, p).permute(0, 2, 4, 1, 3, 5)
        patch_BLP = patch_BLP.reshape(b, self.num_patches, c * p * p)
        if keep_BL is not None:
            patch_BLP = gather_tokens(patch_BLP, keep_BL)
        return F.linear(patch_BLP, self.proj.weight.flatten(1), self.proj.bias)

    def check(self, image_BCHW: Tensor) -> None:
        """Raise a ConfigError unless the pictures have the size that the position embedding is made for."""
        channels, size = self.proj.in_channels, self.image_size
        if image_BCHW.shape[1:] != (channels, size, size):
            raise ConfigError(
                f"pictures of shape {tuple(image_BCHW.shape)}; this model takes (B, {channels}, {size}, {size})"
            )


def transformer_block(dim: int, num_heads: int, drop_path: float = 0.0) -> nn.Module:
    """timm's pre-norm layer, (B, L, D) -> (B, L, D): x + attn(norm1(x)), then x + mlp(norm2(x)), under published names.

    Args:
        dim: D.
        num_heads: N, a divisor of D.
        drop_path: in training, the probability in [0, 1) that a sample skips a branch (stochastic depth, Huang et al.,
            2016, arXiv 1603.09382).

    Raises:
        ConfigError: D does not divide into N heads.
    """
    # Here, and not above: timm takes a second to import, and most of what imports this file builds no transformer.
    from timm.models.vision_transformer import Block

    if num_heads <= 0 or dim % num_heads:
        raise ConfigError(f"a width of {dim} does not divide into {num_heads} heads")
    block: nn.Module = Block(
        dim, num_heads, qkv_bias=True, drop_path=drop_path, norm_layer=partial(nn.LayerNorm, eps=EPS)
    )
    return block


def attention_weights(block: nn.Module, token_BLD: Tensor) -> Tensor:
    """How much each token looks at each in a :func:`transformer_block`: (B, L, D) -> (B, N, L, L), rows sum to 1.

    The block itself computes them inside a fused kernel, which does not give them away.
    """
    attention: Any = block.attn
    b, length, _ = token_BLD.shape
    qkv = attention.qkv(block.get_submodule("norm1")(token_BLD))
    q, k, _ = qkv.reshape(b, length, 3, attention.num_heads, -1).permute(2, 0, 3, 1, 4).unbind(0)
    weight_BNLL: Tensor = (q @ k.transpose(-2, -1) * attention.scale).softmax(dim=-1)
    return weight_BNLL


def gather_tokens(token_BLD: Tensor, place_BK: Tensor) -> Tensor:
    """The tokens at K places of each sample: (B, L, D), int64 (B, K) -> (B, K, D)."""
    return token_BLD.gather(1, place_BK.unsqueeze(-1).expand(-1, -1, token_BLD.shape[-1]))


def init_vit(module: nn.Module) -> None:
    """Glorot-uniform matrices and zero biases, as in the JAX ViT and in MAE (appendix A.1); for ``module.apply``."""
    if isinstance(module, nn.Linear):
        nn.init.xavier_uniform_(module.weight)
        nn.init.zeros_(module.bias)


def sincos_position_embedding(dim: int, grid: int) -> Tensor:
    """Fixed two-dimensional sine-cosine positions of MAE (arXiv 2111.06377, appendix A.1).

    The first half of the width tells the column, the second the row; each half holds the sines, then the
    cosines, of position / 10000^(2i / (D / 2)), i = 0 .. D/4 - 1. The class token, first, gets zeros.

    Args:
        dim: D, a multiple of 4.
        grid: patches along each side.

    Returns:
        float32, shape (1, 1 + grid^2, D), in [-1, 1].

    Raises:
        ConfigError: D is no multiple of 4.
    """
    if dim <= 0 or dim % 4:
        raise ConfigError(f"sine-cosine positions need a width that is a multiple of 4, not {dim}")
    frequency_F = 10000.0 ** -(torch.arange(dim // 4, dtype=torch.float64) / (dim / 4))
    angle_GF = torch.arange(grid, dtype=torch.float64)[:, None] * frequency_F
    code_GE = torch.cat([angle_GF.sin(), angle_GF.cos()], dim=1)
    column = code_GE[None, :, :].expand(grid, grid, -1)
    row = code_GE[:, None, :].expand(grid, grid, -1)
    code_LD = torch.cat([column, row], dim=-1).reshape(grid * grid, dim)
    return torch.cat([torch.zeros(1, dim, dtype=torch.float64), code_LD]).float().unsqueeze(0)


def interpolate_position_embedding(embedding_1LD: Tensor, grid: int) -> Tensor:
    """Position embeddings for another number of patches: bicubic, without antialiasing, as MAE's fine-tuning does.

    Args:
        embedding_1LD: shape (1, 1 + g^2, D), the class token first.
        grid: patches along each side that are wanted.

    Returns:
        Same dtype, shape (1, 1 + grid^2, D); the class token's is kept as it is.

    Raises:
        ValueError: the given ones are no square grid and a class token.
    """
    length = embedding_1LD.shape[1] - 1 if embedding_1LD.ndim == 3 else 0
    old = round(max(length, 0) ** 0.5)
    if length < 1 or old * old != length or embedding_1LD.shape[0] != 1:
        raise ValueError(f"position embedding of shape {tuple(embedding_1LD.shape)} is no class token and square grid")
    from timm.layers import resample_abs_pos_embed

    resized: Tensor = resample_abs_pos_embed(embedding_1LD, [grid, grid], [old, old], antialias=False)
    return resized
