"""The vision transformer of MAE and UniEmoX: fine-tuned on emotions, or its encoder as pretraining left it.

Legend: B batch, L tokens (the class token, then patches), D width, K outputs, h, w the grid of patches.
"""

from dataclasses import dataclass
from typing import Literal

import torch
from torch import Tensor, nn

from emolens.errors import ConfigError
from emolens.models.vit_blocks import (
    EPS,
    PatchEmbed,
    attention_weights,
    init_vit,
    sincos_position_embedding,
    transformer_block,
)

Pooling = Literal["class", "mean", "fc_norm"]


@dataclass(frozen=True)
class ViTConfig:
    """Sizes of a vision transformer; those of ViT-L by default. 768, 12, 12 is ViT-B."""

    image_size: int = 224
    """Height and width of the pictures, in pixels."""
    patch_size: int = 16
    """Side of a patch in pixels; a divisor of the image size."""
    embed_dim: int = 1024
    """Width of a token in the encoder."""
    depth: int = 24
    """Blocks of the encoder."""
    num_heads: int = 16
    """Attention heads of each encoder block; a divisor of the width."""


class EmotionViT(nn.Module):
    """ViT with global average pooling (Dosovitskiy et al., 2021; fine-tuned as in arXiv 2111.06377, appendix A.1).

    patches -> blocks -> mean over the patches, without the class token -> ``fc_norm`` -> ``head``. The names are those
    of published weights; see :func:`emolens.models.loading.published.load_into_vit`.

    Args:
        image_size: H = W in pixels.
        patch_size: a divisor of ``image_size``.
        embed_dim, depth, num_heads: 768, 12, 12 is ViT-B; 1024, 24, 16 is ViT-L.
        num_classes: K, outputs of the head; 0 for no head, then ``forward`` gives the features.
        drop_path: probability with which the last block's branches are left out, rising linearly from 0 at the first.
        pooling: "fc_norm" as above. As pretraining leaves it, ``norm`` over all tokens, and then the "class" token or
            the "mean" of the patches.

    Raises:
        ConfigError: sizes that do not fit together.
    """

    def __init__(
        self,
        image_size: int = 224,
        patch_size: int = 16,
        embed_dim: int = 1024,
        depth: int = 24,
        num_heads: int = 16,
        num_classes: int = 8,
        drop_path: float = 0.0,
        pooling: Pooling = "fc_norm",
    ) -> None:
        super().__init__()
        if not 0 <= drop_path < 1:
            raise ConfigError(f"drop_path {drop_path} is not in [0, 1)")
        self.embed_dim, self.pooling = embed_dim, pooling
        self.patch_embed = PatchEmbed(image_size, patch_size, embed_dim)
        self.cls_token = nn.Parameter(torch.zeros(1, 1, embed_dim))
        # Learned from here on, as published; pretraining kept it fixed.
        self.pos_embed = nn.Parameter(sincos_position_embedding(embed_dim, self.patch_embed.grid))
        rates = torch.linspace(0, drop_path, depth).tolist()
        self.blocks = nn.ModuleList(transformer_block(embed_dim, num_heads, rate) for rate in rates)
        after_pooling = pooling == "fc_norm"
        self.norm = nn.Identity() if after_pooling else nn.LayerNorm(embed_dim, eps=EPS)
        self.fc_norm = nn.LayerNorm(embed_dim, eps=EPS) if after_pooling else nn.Identity()
        self.head = nn.Linear(embed_dim, num_classes) if num_classes else nn.Identity()
        self.apply(init_vit)
        nn.init.normal_(self.cls_token, std=0.02)
        if isinstance(self.head, nn.Linear):  # MAE's: the first steps leave the encoder nearly alone
            nn.init.trunc_normal_(self.head.weight, std=2e-5)

    def forward(self, images: Tensor) -> Tensor:
        """(B, 3, image_size, image_size) -> logits or values (B, K)."""
        out: Tensor = self.head(self.forward_features(images))
        return out

    def forward_features(self, images: Tensor) -> Tensor:
        """What the head sees: (B, 3, image_size, image_size) -> (B, D).

        Raises:
            ConfigError: pictures of another size.
        """
        token_BLD = self._tokens(images)
        for block in self.blocks:
            token_BLD = block(token_BLD)
        token_BLD = self.norm(token_BLD)
        pooled: Tensor = token_BLD[:, 0] if self.pooling == "class" else token_BLD[:, 1:].mean(dim=1)
        out: Tensor = self.fc_norm(pooled)
        return out

    @torch.no_grad()
    def attention_maps(self, images: Tensor) -> Tensor:
        """Where the answer comes from: attention rollout (Abnar and Zuidema, 2020, arXiv 2005.00928).

        Each block passes on half of what a token is (its residual path) and half of what it looks at, mean over the
        heads; the product over all blocks says how much of each patch is in each output token. The head sees the mean
        of the patches, so does the map. What flows in from the class token belongs to no place and is left out.

        Args:
            images: (B, 3, image_size, image_size).

        Returns:
            float32, shape (B, h, w), at least 0; each map sums to 1.
        """
        token_BLD = self._tokens(images)
        # Backwards from the pooled output this would be a vector; forwards it is a matrix, but needs no second pass.
        flow_BLL = torch.eye(token_BLD.shape[1], device=images.device).expand(len(images), -1, -1)
        for block in self.blocks:
            look_BLL = attention_weights(block, token_BLD).mean(dim=1).float()
            flow_BLL = 0.5 * flow_BLL + 0.5 * (look_BLL @ flow_BLL)
            token_BLD = block(token_BLD)
        share_BL = flow_BLL[:, 1:, 1:].mean(dim=1)
        grid = self.patch_embed.grid
        return (share_BL / share_BL.sum(dim=1, keepdim=True)).reshape(-1, grid, grid)

    @property
    def sharded_blocks(self) -> list[nn.Module]:
        """What lies in parts on several processes is put together block by block."""
        return list(self.blocks)

    def _tokens(self, images: Tensor) -> Tensor:
        patch_BLD = self.patch_embed(images)
        class_B1D = self.cls_token.to(patch_BLD.dtype).expand(len(images), -1, -1)
        return torch.cat([class_B1D, patch_BLD], dim=1) + self.pos_embed
