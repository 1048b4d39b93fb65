"""The masked autoencoder: hide most of a picture, see a little of it, draw the rest.

Legend: B batch, C channels, H, W height and width, L patches, K patches that are seen, D encoder width,
E decoder width, P values of one patch.
"""

from typing import NamedTuple

import torch
from torch import Tensor, nn
from torch.utils.checkpoint import checkpoint

from emolens.errors import ConfigError
from emolens.models.vit_blocks import (
    EPS,
    PatchEmbed,
    gather_tokens,
    init_vit,
    sincos_position_embedding,
    transformer_block,
)

CHANNELS = 3


class MAEOutput(NamedTuple):
    """What :class:`MaskedAutoencoder` gives.

    Attributes:
        loss: scalar, see :meth:`MaskedAutoencoder.reconstruction_loss`.
        prediction: (B, L, P), patches in the order of :meth:`MaskedAutoencoder.patchify`.
        mask: float32 (B, L), 1 where the encoder saw nothing.
        latent: (B, 1 + K, D), the encoder's normed output: class token, then the seen patches, the one of
            the smallest noise first.
    """

    loss: Tensor
    prediction: Tensor
    mask: Tensor
    latent: Tensor


class MaskedLatent(NamedTuple):
    """Latent (B, 1 + K, D); mask (B, L); ``restore`` int64 (B, L): rank of each patch by its noise."""

    latent: Tensor
    mask: Tensor
    restore: Tensor


class MaskedAutoencoder(nn.Module):
    """MAE (He et al., 2022, arXiv 2111.06377), with the names and numbers of the published weights.

    Args:
        image_size: H = W in pixels.
        patch_size: side of a patch in pixels, a divisor of ``image_size``.
        embed_dim, depth, num_heads: of the encoder (768, 12, 12 is ViT-B; 1024, 24, 16 is ViT-L).
        decoder_embed_dim, decoder_depth, decoder_num_heads: of the decoder.
        norm_pixel_loss: whether each patch is normalised before it is compared.
        checkpoint_activations: compute the blocks again in the backward pass instead of keeping what they
            computed: a third more arithmetic for a fraction of the memory.

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
        decoder_embed_dim: int = 512,
        decoder_depth: int = 8,
        decoder_num_heads: int = 16,
        norm_pixel_loss: bool = False,
        checkpoint_activations: bool = False,
    ) -> None:
        super().__init__()
        self.norm_pixel_loss = norm_pixel_loss
        self.checkpoint_activations = checkpoint_activations
        self.patch_embed = PatchEmbed(image_size, patch_size, embed_dim, CHANNELS)
        grid = self.patch_embed.grid
        self.cls_token = nn.Parameter(torch.zeros(1, 1, embed_dim))
        self.pos_embed = nn.Parameter(sincos_position_embedding(embed_dim, grid), requires_grad=False)
        self.blocks = nn.ModuleList(transformer_block(embed_dim, num_heads) for _ in range(depth))
        self.norm = nn.LayerNorm(embed_dim, eps=EPS)
        self.decoder_embed = nn.Linear(embed_dim, decoder_embed_dim)
        self.mask_token = nn.Parameter(torch.zeros(1, 1, decoder_embed_dim))
        self.decoder_pos_embed = nn.Parameter(sincos_position_embedding(decoder_embed_dim, grid), requires_grad=False)
        self.decoder_blocks = nn.ModuleList(
            transformer_block(decoder_embed_dim, decoder_num_heads) for _ in range(decoder_depth)
        )
        self.decoder_norm = nn.LayerNorm(decoder_embed_dim, eps=EPS)
        self.decoder_pred = nn.Linear(decoder_embed_dim, CHANNELS * patch_size**2)
        self.apply(init_vit)
        nn.init.normal_(self.cls_token, std=0.02)
        nn.init.normal_(self.mask_token, std=0.02)

    def forward(self, images: Tensor, mask_ratio: float = 0.75, noise: Tensor | None = None) -> MAEOutput:
        """Mask, encode, decode, compare.

        Args:
            images: float, shape (B, 3, image_size, image_size), normalised as in training.
            mask_ratio: share of patches that is hidden, in [0, 1).
            noise: (B, L) in [0, 1): the patches of the smallest values are seen, of equal ones the earlier. None
                draws it from torch's generator of the device.

        Raises:
            ConfigError: pictures or noise of another shape, a ratio that leaves no patch to see.
        """
        latent, mask, restore = self.encode(images, mask_ratio, noise)
        prediction = self.decode(latent, restore)
        return MAEOutput(self.reconstruction_loss(images, prediction, mask), prediction, mask, latent)

    def encode(self, images: Tensor, mask_ratio: float = 0.75, noise: Tensor | None = None) -> MaskedLatent:
        """The encoder's output for the patches that stay; arguments as in :meth:`forward`."""
        length, keep = self.patch_embed.num_patches, self.visible_patches(mask_ratio)
        if noise is None:
            noise = torch.rand(len(images), length, device=images.device)
        if noise.shape != (len(images), length):
            raise ConfigError(
                f"noise {tuple(noise.shape)} does not fit; {len(images)} pictures need {(len(images), length)}"
            )
        shuffle_BL = noise.argsort(dim=1, stable=True)
        restore_BL = shuffle_BL.argsort(dim=1)
        keep_BK = shuffle_BL[:, :keep]
        token_BKD = self.patch_embed(images, keep_BK) + self.pos_embed[0, 1:][keep_BK]
        class_B1D = (self.cls_token + self.pos_embed[:, :1]).expand(len(images), -1, -1)
        latent = self.norm(self._run(self.blocks, torch.cat([class_B1D.to(token_BKD.dtype), token_BKD], dim=1)))
        return MaskedLatent(latent, (restore_BL >= keep).float(), restore_BL)

    def decode(self, latent: Tensor, restore: Tensor) -> Tensor:
        """Draw all patches, the seen ones too: (B, 1 + K, D), (B, L) -> (B, L, P)."""
        token_BKE = self.decoder_embed(latent)
        hidden = restore.shape[1] + 1 - token_BKE.shape[1]
        mask_BME = self.mask_token.to(token_BKE.dtype).expand(len(latent), hidden, -1)
        patch_BLE = gather_tokens(torch.cat([token_BKE[:, 1:], mask_BME], dim=1), restore)
        token_BLE = torch.cat([token_BKE[:, :1], patch_BLE], dim=1) + self.decoder_pos_embed
        prediction: Tensor = self.decoder_pred(self.decoder_norm(self._run(self.decoder_blocks, token_BLE))[:, 1:])
        return prediction

    def reconstruction_loss(self, images: Tensor, prediction: Tensor, mask: Tensor) -> Tensor:
        """Mean squared error over the patches that were hidden (section 3, "Reconstruction target").

        With ``norm_pixel_loss`` each target patch first loses its mean and is divided by the root of its
        (unbiased) variance + 1e-6.

        Args:
            images: (B, 3, H, W).
            prediction: (B, L, P).
            mask: (B, L), 1 for patches that count.

        Returns:
            Scalar of at least float32. 0 where nothing was hidden.
        """
        target_BLP = self.patchify(images)
        if self.norm_pixel_loss:
            mean, variance = target_BLP.mean(-1, keepdim=True), target_BLP.var(-1, keepdim=True)
            target_BLP = (target_BLP - mean) / (variance + 1e-6).sqrt()
        wide = torch.promote_types(prediction.dtype, torch.float32)  # a mean over 10^5 squares needs the digits
        error_BL = (prediction.to(wide) - target_BLP).square().mean(dim=-1)
        return (error_BL * mask).sum() / mask.sum().clamp(min=1.0)

    def patchify(self, images: Tensor) -> Tensor:
        """(B, 3, H, W) -> (B, L, P): patches row by row; inside one, pixels row by row, the three channels together."""
        self.patch_embed.check(images)
        grid, p = self.patch_embed.grid, self.patch_embed.patch_size
        patch = images.reshape(len(images), CHANNELS, grid, p, grid, p).permute(0, 2, 4, 3, 5, 1)
        return patch.reshape(len(images), grid * grid, p * p * CHANNELS)

    def unpatchify(self, patches: Tensor) -> Tensor:
        """(B, L, P) -> (B, 3, H, W); undoes :meth:`patchify`."""
        grid, p = self.patch_embed.grid, self.patch_embed.patch_size
        image = patches.reshape(len(patches), grid, grid, p, p, CHANNELS).permute(0, 5, 1, 3, 2, 4)
        return image.reshape(len(patches), CHANNELS, grid * p, grid * p)

    def visible_patches(self, mask_ratio: float) -> int:
        """K = floor(L (1 - mask_ratio)), in floating point as published: 19 of 196 at 0.9.

        Raises:
            ConfigError: a ratio outside [0, 1), or one that leaves no patch.
        """
        keep = int(self.patch_embed.num_patches * (1 - mask_ratio)) if 0 <= mask_ratio < 1 else 0
        if keep < 1:
            raise ConfigError(
                f"mask_ratio {mask_ratio} leaves no patch of {self.patch_embed.num_patches}; take one in [0, 1)"
            )
        return keep

    @property
    def sharded_blocks(self) -> list[nn.Module]:
        """What lies in parts on several processes is put together block by block."""
        return [*self.blocks, *self.decoder_blocks]

    def _run(self, blocks: nn.ModuleList, token_BLD: Tensor) -> Tensor:
        for block in blocks:
            if self.checkpoint_activations and torch.is_grad_enabled():
                token_BLD = checkpoint(block, token_BLD, use_reentrant=False)
            else:
                token_BLD = block(token_BLD)
        return token_BLD
