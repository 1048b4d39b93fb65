"""Snippets by a Video Swin Transformer (arXiv 2106.13230), torchvision's.

Legend: N snippets, T frames, H, W, C of a frame, D features, d, h, w a window's sides in tokens.
"""

from dataclasses import dataclass
from typing import Any, Literal

import torch
from torch import Tensor, nn
from torch.utils.checkpoint import checkpoint
from torchvision.models.swin_transformer import SwinTransformerBlock
from torchvision.models.video.swin_transformer import ShiftedWindowAttention3d, Swin3D_T_Weights, SwinTransformer3d

from emolens.errors import ConfigError
from emolens.models.av.encoders import VideoEncoder, VideoEncoderConfig, register_video_encoder
from emolens.models.av.swin_inflation import inflate_swin
from emolens.models.loading.torchvision_weights import torchvision_state
from emolens.models.loading.weights import load_into, read_state_dict

GREY = 100.0  # subtracted from bytes: x/255 - 100/255, as released


@register_video_encoder("video_swin")
@dataclass(frozen=True)
class VideoSwinConfig(VideoEncoderConfig):
    """Video Swin-T (arXiv 2106.13230), in the sizes and with the drop path of the release of AV-CANet."""

    kind: Literal["video_swin"] = "video_swin"
    """Name of this encoder among the video encoders."""
    embed_dim: int = 96
    """Channels of the first stage; each later stage has twice as many."""
    depths: tuple[int, ...] = (2, 2, 6, 2)
    """Blocks of each stage."""
    heads: tuple[int, ...] = (3, 6, 12, 24)
    """Attention heads of each stage."""
    window: tuple[int, int, int] = (8, 7, 7)
    """Frames, rows and columns of tokens that attention sees; smaller where there are fewer."""
    patch: tuple[int, int, int] = (2, 4, 4)
    """Frames, rows and columns of pixels of a token."""
    drop_path: float = 0.1
    """Probability that a training sample skips a branch, rising from 0 to this with depth."""
    weights: str | None = None
    """Weights to start from: None for random ones; "kinetics400" for torchvision's own (122 MB, downloaded once); or a
    file, by its path or by a name of `emolens weights list`: a 3-D Swin by torchvision's names, or a 2-D one by those
    of torchvision, timm or Microsoft, which is inflated."""

    def __post_init__(self) -> None:
        if len(self.depths) != len(self.heads) or sum(self.depths) < 2 or min(self.depths) < 1:
            raise ConfigError(
                f"model.video.depths {self.depths} and model.video.heads {self.heads} must be of one length, two "
                "blocks or more"
            )
        for stage, heads in enumerate(self.heads):
            if heads < 1 or self.embed_dim * 2**stage % heads:
                raise ConfigError(
                    f"model.video.heads {self.heads}: {heads} does not divide {self.embed_dim * 2**stage}"
                )
        for name, sides in (("window", self.window), ("patch", self.patch)):
            if len(sides) != 3 or min(sides) < 1:
                raise ConfigError(f"model.video.{name} must be three counts of at least 1, not {sides}")
        if not 0 <= self.drop_path < 1:
            raise ConfigError(f"model.video.drop_path must be in [0, 1), not {self.drop_path}")

    def build(self, pretrained: bool = True) -> "VideoSwin":
        return VideoSwin(self, pretrained)


class VideoSwin(VideoEncoder):
    """Pixels to the mean of the last stage's tokens.

    A snippet whose frames are no multiple of a patch's is continued with its last one; rows and columns are filled
    with the grey that is 0, as torchvision does.

    Args:
        config: sizes and weights.
        pretrained: whether to read ``config.weights``; False where a state dict of the whole will follow.

    Attributes:
        dim: D.

    Raises:
        WeightsError: weights missing, unreadable or of another network.
    """

    def __init__(self, config: VideoSwinConfig, pretrained: bool = True) -> None:
        super().__init__()
        self.frames = config.patch[0]
        self.net = SwinTransformer3d(
            patch_size=list(config.patch),
            embed_dim=config.embed_dim,
            depths=list(config.depths),
            num_heads=list(config.heads),
            window_size=list(config.window),
            stochastic_depth_prob=config.drop_path,
            block=_block,
            num_classes=1,
        )
        self.net.head = nn.Identity()
        self.dim: int = self.net.num_features
        if pretrained and config.weights is not None:
            self._load(config.weights)

    def forward(self, video_NTHWC: Tensor) -> Tensor:
        """uint8 RGB (N, T, H, W, 3) -> (N, D)."""
        out: Tensor = self.net.avgpool(self._tokens(video_NTHWC)).flatten(1)
        return out

    def steps(self, video_NTHWC: Tensor) -> Tensor:
        """uint8 RGB (N, T, H, W, 3) -> (N, T', D): the mean over the places of each time step."""
        return self._tokens(video_NTHWC).mean(dim=(3, 4)).transpose(1, 2)

    def _tokens(self, video_NTHWC: Tensor) -> Tensor:
        """The last stage's tokens, (N, D, T', h, w): torchvision's forward pass up to its pooling."""
        missing = -video_NTHWC.shape[1] % self.frames
        if missing:
            video_NTHWC = torch.cat([video_NTHWC, video_NTHWC[:, -1:].expand(-1, missing, -1, -1, -1)], dim=1)
        dtype = self.net.norm.weight.dtype
        pixel_NCTHW = (video_NTHWC.permute(0, 4, 1, 2, 3).to(dtype) - GREY) / 255
        x = self.net.pos_drop(self.net.patch_embed(pixel_NCTHW))
        for stage in self.net.features:
            for block in stage if isinstance(stage, nn.Sequential) else (stage,):
                if self.checkpoint_activations and torch.is_grad_enabled():
                    x = checkpoint(block, x, use_reentrant=False)
                else:
                    x = block(x)
        tokens: Tensor = self.net.norm(x).permute(0, 4, 1, 2, 3)
        return tokens

    def _load(self, weights: str) -> None:
        if weights == "kinetics400":
            source, state = (
                "Kinetics-400 weights",
                torchvision_state(Swin3D_T_Weights.KINETICS400_V1, weights, "--model.video.weights"),
            )
        else:
            source, state = weights, read_state_dict(weights)
            patch = state.get("patch_embed.proj.weight", state.get("features.0.0.weight"))
            if patch is not None and patch.ndim == 4:
                source, state = f"{weights}, inflated,", inflate_swin(state, self.net.state_dict())
        load_into(self.net, state, f"{source} as video_swin", optional=("head",))


class _WindowAttention(ShiftedWindowAttention3d):  # type: ignore[misc]  # torchvision has no types
    """torchvision's, with the right biases where a window is smaller than the one that the table was made for.

    torchvision, as the authors' code, takes the first d * h * w rows of the flat index. With fewer frames these are
    the right ones; with fewer rows or columns, as the 4 x 4 tokens that 112 pixels leave to the last stage, they
    belong to other places.
    """

    def get_relative_position_bias(self, window_size: list[int]) -> Tensor:
        """(1, heads, d * h * w, d * h * w)."""
        d, h, w = window_size
        index = self.relative_position_index.view(*self.window_size, *self.window_size)[:d, :h, :w, :d, :h, :w]
        volume = d * h * w
        bias: Tensor = self.relative_position_bias_table[index.reshape(-1)].view(volume, volume, -1)
        return bias.permute(2, 0, 1)[None].contiguous()


def _block(*args: Any, **kwargs: Any) -> nn.Module:
    block: nn.Module = SwinTransformerBlock(*args, **{**kwargs, "attn_layer": _WindowAttention})
    return block
