"""UniEmoX: one masked autoencoder that sees a scene and the person in it (arXiv 2409.18877).

Legend: B batch, C channels, H, W height and width, L patches, D width of a view's token (the decoder's), P values of
one patch.
"""

from dataclasses import dataclass
from typing import Annotated, NamedTuple

import torch
from torch import Tensor

from emolens.errors import ConfigError
from emolens.models.fusion_prior import PRIORS, build_prior
from emolens.models.mae import MaskedAutoencoder
from emolens.models.vit import ViTConfig
from emolens.names import one_of


@dataclass(frozen=True)
class UniEmoXConfig(ViTConfig):
    """The published sizes: ViT-L, patch 16, 224 pixels, decoder of 8 blocks."""

    decoder_embed_dim: int = 512
    """Width of the decoder and of a view's token; that of the teacher's embedding: 512 for CLIP ViT-B/16."""
    decoder_depth: int = 8
    """Blocks of the decoder."""
    decoder_num_heads: int = 16
    """Attention heads of each decoder block; a divisor of its width."""
    norm_pixel_loss: bool = False
    """Normalise each patch before it is compared with its reconstruction."""
    fusion: Annotated[str, one_of(PRIORS)] = "psychological_prior"
    """How the tokens of scene and person meet."""
    checkpoint_activations: bool = False
    """Take less memory for a third more arithmetic."""


class UniEmoXOutput(NamedTuple):
    """What :class:`UniEmoX` gives.

    Attributes:
        reconstruction_loss: scalar, of the scene view.
        fused_BD: z, to be drawn to the teacher's embedding; not normalised.
        prediction: (B, L, P), the scene's patches.
        mask: float32 (B, L), 1 where the scene was hidden.
    """

    reconstruction_loss: Tensor
    fused_BD: Tensor
    prediction: Tensor
    mask: Tensor


class UniEmoX(MaskedAutoencoder):
    """The student: a :class:`MaskedAutoencoder` and, under ``fusion``, the way its two views meet.

    The token of a view is the encoder's class token passed through ``decoder_embed``. Both views are masked and take
    one pass of the encoder together; only the scene is decoded, since only it is compared.
    """

    def __init__(self, config: UniEmoXConfig) -> None:
        super().__init__(
            image_size=config.image_size,
            patch_size=config.patch_size,
            embed_dim=config.embed_dim,
            depth=config.depth,
            num_heads=config.num_heads,
            decoder_embed_dim=config.decoder_embed_dim,
            decoder_depth=config.decoder_depth,
            decoder_num_heads=config.decoder_num_heads,
            norm_pixel_loss=config.norm_pixel_loss,
            checkpoint_activations=config.checkpoint_activations,
        )
        self.config = config
        self.fusion = build_prior(config.fusion, config.decoder_embed_dim)

    def forward(  # type: ignore[override]  # two views in, a fused token out
        self, scene_BCHW: Tensor, person_BCHW: Tensor, mask_ratio: float = 0.75, noise: Tensor | None = None
    ) -> UniEmoXOutput:
        """Encode both views, decode the scene, fuse the tokens.

        Args:
            scene_BCHW, person_BCHW: float, shape (B, 3, image_size, image_size).
            mask_ratio: share of patches hidden in each view, in [0, 1).
            noise: (2B, L) or (2, B, L) in [0, 1), first the scenes', then the persons'; see
                :meth:`MaskedAutoencoder.forward`.

        Raises:
            ConfigError: views or noise of another shape, a ratio that leaves no patch to see.
        """
        batch = len(scene_BCHW)
        if scene_BCHW.shape != person_BCHW.shape:
            raise ConfigError(f"scene {tuple(scene_BCHW.shape)} and person {tuple(person_BCHW.shape)} differ in shape")
        if noise is not None and noise.ndim == 3:
            noise = noise.flatten(0, 1)
        latent, mask, restore = self.encode(torch.cat([scene_BCHW, person_BCHW]), mask_ratio, noise)
        token_2BD = self.decoder_embed(latent[:, 0])
        fused_BD = self.fusion(token_2BD[:batch], token_2BD[batch:])
        prediction = self.decode(latent[:batch], restore[:batch])
        loss = self.reconstruction_loss(scene_BCHW, prediction, mask[:batch])
        return UniEmoXOutput(loss, fused_BD, prediction, mask[:batch])

    def check_teacher(self, embed_dim: int, spec: str = "teacher") -> None:
        """Raise a ConfigError unless embeddings of the teacher have the width of the student's token."""
        width = self.config.decoder_embed_dim
        if embed_dim != width:
            raise ConfigError(
                f'teacher "{spec}" gives embeddings of width {embed_dim}, the student tokens of width {width}; '
                f"set decoder_embed_dim={embed_dim}, or take a teacher of width {width} such as CLIP ViT-B-16"
            )


def vit_b() -> UniEmoXConfig:
    """Encoder ViT-B: 86 million parameters."""
    return UniEmoXConfig(embed_dim=768, depth=12, num_heads=12)


def vit_l() -> UniEmoXConfig:
    """Encoder ViT-L, the published one: 303 million parameters."""
    return UniEmoXConfig()


def tiny() -> UniEmoXConfig:
    """For two CPU cores: 64 pixels in 8 x 8 patches, 4 blocks of width 192; 5 million parameters.

    The token stays 512 wide, so that the usual teachers fit.
    """
    return UniEmoXConfig(
        image_size=64,
        patch_size=8,
        embed_dim=192,
        depth=4,
        num_heads=3,
        decoder_embed_dim=512,
        decoder_depth=1,
        decoder_num_heads=8,
    )
