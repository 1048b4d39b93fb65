"""Snippets by an image network, frame by frame: what is seen, and how it moves.

Legend: N snippets, T frames, H, W, C of a frame, h, w, D the image network's map, K = N * T pictures, P = h * w places.
"""

from dataclasses import dataclass
from typing import Literal

import torch
from torch import Tensor, nn

from emolens.errors import ConfigError
from emolens.models.av.batch_norm import BatchNorm
from emolens.models.av.encoders import VideoEncoder, VideoEncoderConfig, register_video_encoder
from emolens.models.backbones.torchvision import HEADS, UNSUPPORTED, TorchvisionBackbone
from emolens.models.imagenet import IMAGENET_MEAN, IMAGENET_STD
from emolens.models.loading.torchvision_weights import torchvision_state
from emolens.models.loading.weights import load_into, read_state_dict
from emolens.models.preprocess import Preprocess
from emolens.names import did_you_mean

EPS = 1e-6  # under the root of a variance: its slope at 0 is infinite


@register_video_encoder("frames")
@dataclass(frozen=True)
class FrameEncoderConfig(VideoEncoderConfig):
    """An image network of torchvision in place of Video Swin: needs no video weights and little time."""

    kind: Literal["frames"] = "frames"
    """Name of this encoder among the video encoders."""
    backbone: str = "squeezenet1_1"
    """A convolutional classifier of torchvision."""
    layer: str | None = None
    """Layer whose map is taken, by torchvision's names, such as features.7 or layer2; None for the last. Earlier layers
    know less of things and more of shapes and motion."""
    weights: str | None = None
    """Weights to start from: None for random ones, "imagenet" for torchvision's own (downloaded once), or a file."""
    frozen: bool = True
    """Leave the network as it is; its normalisations then keep their statistics too."""

    def build(self, pretrained: bool = True) -> "FrameEncoder":
        return FrameEncoder(self, pretrained)


class FrameEncoder(VideoEncoder):
    """The mean of the map over places and frames, and of its deviation over frames at each place: 2D numbers.

    The first is how things look, the second how much they move. A batch norm without weights of its own brings them to
    one scale.

    Args:
        config: which network.
        pretrained: whether to read ``config.weights``; False where a state dict of the whole will follow.

    Attributes:
        dim: 2D.

    Raises:
        ConfigError: unknown network, or one that gives no map.
        WeightsError: weights missing, unreadable or of another network.
    """

    def __init__(self, config: FrameEncoderConfig, pretrained: bool = True) -> None:
        super().__init__()
        self.frozen = config.frozen
        self.trunk = _trunk(config, pretrained)
        with torch.inference_mode():
            found = self.trunk(torch.zeros(1, 3, 64, 64))
        if found.ndim != 4:
            raise ConfigError(
                f'model.video.backbone "{config.backbone}" gives no map of places; take a convolutional network'
            )
        self.dim = 2 * found.shape[1]
        self.norm = BatchNorm(self.dim, affine=False)
        self.mean: Tensor
        self.std: Tensor
        self.register_buffer("mean", torch.tensor(IMAGENET_MEAN), persistent=False)
        self.register_buffer("std", torch.tensor(IMAGENET_STD), persistent=False)
        self.trunk.requires_grad_(not config.frozen)
        self.train()

    def train(self, mode: bool = True) -> "FrameEncoder":
        """As in torch, but a frozen network stays in evaluation."""
        super().train(mode)
        if self.frozen:
            self.trunk.eval()
        return self

    def forward(self, video_NTHWC: Tensor) -> Tensor:
        """uint8 RGB (N, T, H, W, 3) -> (N, dim)."""
        found: Tensor = self.norm(self.describe(video_NTHWC)[..., None, None])[..., 0, 0]
        return found

    def describe(self, video_NTHWC: Tensor) -> Tensor:
        """As :meth:`forward`, before the batch norm: with a frozen network always the same of the same pictures."""
        pixel = (video_NTHWC.flatten(0, 1).to(self.mean.dtype) / 255 - self.mean) / self.std
        with torch.set_grad_enabled(torch.is_grad_enabled() and not self.frozen):
            map_KDhw = self.trunk(pixel.permute(0, 3, 1, 2))
        map_NTDP = map_KDhw.flatten(2).unflatten(0, video_NTHWC.shape[:2])
        motion_NDP = (map_NTDP.var(dim=1, correction=0) + EPS).sqrt()
        return torch.cat([map_NTDP.mean(dim=(1, 3)), motion_NDP.mean(dim=2)], dim=1)


def _trunk(config: FrameEncoderConfig, pretrained: bool) -> nn.Module:
    from torchvision import models

    name, weights = config.backbone, config.weights if pretrained else None
    known = [known for known in models.list_models(module=models) if known not in UNSUPPORTED]
    if name not in known:
        raise ConfigError(f'model.video.backbone "{name}": no such model of torchvision; {did_you_mean(name, known)}')
    net = models.get_model(name, weights=None)
    if weights is not None:
        published = weights == "imagenet"
        entry = models.get_model_weights(name).DEFAULT
        state = torchvision_state(entry, weights, "--model.video.weights") if published else read_state_dict(weights)
        load_into(net, state, f"{weights} as torchvision:{name}", optional=HEADS)
    preprocess = Preprocess((64, 64), (64, 64), "squash", "bilinear", IMAGENET_MEAN, IMAGENET_STD)
    whole = TorchvisionBackbone(f"torchvision:{name}", name, net, preprocess).model
    return whole if config.layer is None else _until(whole, config.layer, config.layer)


def _until(net: nn.Module, layer: str, whole: str) -> nn.Module:
    """The layers of a chain of chains up to one of them, under their names."""
    first, _, rest = layer.partition(".")
    names = [name for name, _ in net.named_children()] if isinstance(net, nn.Sequential) else []
    if first not in names:
        raise ConfigError(f'model.video.layer "{whole}": no layer "{first}" in it; {did_you_mean(first, names)}')
    kept = nn.Sequential()
    for name, child in net.named_children():
        if name == first:
            kept.add_module(name, _until(child, rest, whole) if rest else child)
            return kept
        kept.add_module(name, child)
    raise AssertionError(layer)
