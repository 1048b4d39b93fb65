"""Snippets by an image network, frame by frame: what is seen, and how it changes.

Legend: N snippets, T frames, H, W, C of a frame, h, w, D of the image network's map,
K = N * T pictures, E = 2D numbers of each.
"""

from dataclasses import dataclass
from typing import Literal

import torch
from torch import Tensor, nn

from emolens.errors import ConfigError
from emolens.models.preprocess import Preprocess
from emolens.models.torchvision_backbone import HEADS, UNSUPPORTED, TorchvisionBackbone
from emolens.models.torchvision_weights import torchvision_state
from emolens.models.weights import load_into, read_state_dict
from emolens.names import did_you_mean

MEAN, STD = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)  # of ImageNet, as all of torchvision's image models take them
EPS = 1e-6  # under the root of a variance: its slope at 0 is infinite


@dataclass(frozen=True)
class FrameEncoderConfig:
    """An image network of torchvision in place of Video Swin: needs no video weights and little time.

    Attributes:
        kind: tells this from the other video encoders in JSON.
        backbone: a convolutional classifier of torchvision.
        weights: None for random ones, "imagenet" for torchvision's own (downloaded), or the path of a file.
        frozen: whether it stays as it is; then its normalisations keep their statistics too.
    """

    kind: Literal["frames"] = "frames"
    backbone: str = "squeezenet1_1"
    weights: str | None = None
    frozen: bool = True


class FrameEncoder(nn.Module):
    """Mean and deviation of the map over places, then mean and deviation of these over the frames: 4D numbers.

    The mean over frames is how things look, the deviation how much they move.

    Args:
        config: which network.
        pretrained: whether to read ``config.weights``; False where a state dict of the whole will follow.

    Attributes:
        dim: 4D.

    Raises:
        ConfigError: unknown network, or one that gives no map.
        WeightsError: weights missing, unreadable or of another network.
    """

    def __init__(self, config: FrameEncoderConfig, pretrained: bool = True) -> None:
        super().__init__()
        self.frozen = config.frozen
        self.trunk = _trunk(config.backbone, config.weights if pretrained else None)
        with torch.inference_mode():
            found = self.trunk(torch.zeros(1, 3, 64, 64))
        if found.ndim != 4:
            raise ConfigError(
                f'video.backbone "{config.backbone}" gives no map of places; take a convolutional network'
            )
        self.dim = 4 * found.shape[1]
        self.mean: Tensor
        self.std: Tensor
        self.register_buffer("mean", torch.tensor(MEAN), persistent=False)
        self.register_buffer("std", torch.tensor(STD), persistent=False)
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
        pixel = (video_NTHWC.flatten(0, 1).to(self.mean.dtype) / 255 - self.mean) / self.std
        with torch.set_grad_enabled(torch.is_grad_enabled() and not self.frozen):
            map_KDhw = self.trunk(pixel.permute(0, 3, 1, 2))
        frame_KE = _mean_and_deviation(map_KDhw.flatten(2), dim=2)
        return _mean_and_deviation(frame_KE.view(*video_NTHWC.shape[:2], -1), dim=1)


def _mean_and_deviation(x: Tensor, dim: int) -> Tensor:
    variance = x.var(dim=dim, correction=0)
    return torch.cat([x.mean(dim=dim), (variance + EPS).sqrt()], dim=-1)


def _trunk(name: str, weights: str | None) -> nn.Module:
    from torchvision import models

    known = [known for known in models.list_models(module=models) if known not in UNSUPPORTED]
    if name not in known:
        raise ConfigError(f'video.backbone "{name}": no such model of torchvision; {did_you_mean(name, known)}')
    net = models.get_model(name, weights=None)
    if weights is not None:
        published = weights == "imagenet"
        entry = models.get_model_weights(name).DEFAULT
        state = torchvision_state(entry, weights) if published else read_state_dict(weights)
        load_into(net, state, f"{weights} as torchvision:{name}", optional=HEADS)
    preprocess = Preprocess((64, 64), (64, 64), "squash", "bilinear", MEAN, STD)
    return TorchvisionBackbone(f"torchvision:{name}", name, net, preprocess).model
