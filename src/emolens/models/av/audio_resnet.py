"""Sound of one segment to a vector: a ResNet-34 over its spectral coefficients (AV-CPNet, arXiv 2311.17335).

Legend: B batch, S segments, N = B * S snippets, F frames of a snippet, M coefficients, C channels, D width.
"""

from dataclasses import dataclass
from typing import Literal

import torch
from torch import Tensor, nn
from torch.nn import functional
from torchvision.models.resnet import BasicBlock, ResNet18_Weights, ResNet34_Weights, conv1x1

from emolens.errors import ConfigError, WeightsError
from emolens.models.av.batch_norm import BatchNorm
from emolens.models.av.encoders import AudioEncoderConfig, register_audio_encoder
from emolens.models.loading.torchvision_weights import torchvision_state
from emolens.models.loading.weights import load_into, read_state_dict
from emolens.progress import notice

IMAGENET = {(2, 2, 2, 2): ResNet18_Weights.IMAGENET1K_V1, (3, 4, 6, 3): ResNet34_Weights.IMAGENET1K_V1}
"""What torchvision publishes, by the blocks of each stage."""


@register_audio_encoder("resnet")
@dataclass(frozen=True)
class AudioResNetConfig(AudioEncoderConfig):
    """ResNet-34 in the sizes of the release of AV-CANet."""

    kind: Literal["resnet"] = "resnet"
    """Name of this encoder among the audio encoders."""
    width: int = 64
    """Channels of the first stage; each later stage has twice as many, so 512 at the end."""
    layers: tuple[int, ...] = (3, 4, 6, 3)
    """Blocks of each stage: (3, 4, 6, 3) is ResNet-34, (2, 2, 2, 2) ResNet-18."""
    input_norm: bool = False
    """Bring the coefficients to one scale first, by a batch norm. The first MFCC is two orders of magnitude larger than
    the last, and with few videos the network does not learn to undo that by itself. Ours."""
    weights: str | None = None
    """Weights to start from: None for random ones; "imagenet" for torchvision's own of ResNet-34 or -18 (83 or 45 MB,
    downloaded once), as released; or a file by torchvision's names. The first layer stays random where the
    file's is of pictures, and the last one always."""

    def __post_init__(self) -> None:
        if self.width < 1:
            raise ConfigError(f"model.audio.width must be at least 1, not {self.width}")
        if not self.layers or min(self.layers) < 1:
            raise ConfigError(f"model.audio.layers must be one or more counts of at least 1, not {self.layers}")

    def build(self, coefficients: int, width: int, pretrained: bool = True) -> "AudioResNet":
        return AudioResNet(self, coefficients, width, pretrained)


class AudioResNet(nn.Module):
    """Coefficients (B, S, F, M) to (B, S, D) in (-1, 1): residual network, mean over places, Linear, batch norm, tanh.

    The first convolution is (7, 1) with stride (2, 1) over (frames, coefficients) and one input channel; the rest is
    torchvision's ResNet, under its names.

    Args:
        config: sizes and weights.
        coefficients: M.
        out: D.
        pretrained: whether to read ``config.weights``; False where a state dict of the whole will follow.

    Raises:
        WeightsError: weights missing, unreadable or of another network.
    """

    def __init__(self, config: AudioResNetConfig, coefficients: int, out: int, pretrained: bool = True) -> None:
        super().__init__()
        width = config.width
        self.input_norm = BatchNorm(coefficients) if config.input_norm else None
        self.conv1 = nn.Conv2d(1, width, kernel_size=(7, 1), stride=(2, 1), padding=(3, 0), bias=False)
        self.bn1 = BatchNorm(width)
        self.maxpool = nn.MaxPool2d(kernel_size=3, stride=2, padding=1)
        self.stages = len(config.layers)
        inputs = width
        for stage, count in enumerate(config.layers):
            outputs = width * 2**stage
            self.add_module(f"layer{stage + 1}", _stage(inputs, outputs, count, stride=1 if stage == 0 else 2))
            inputs = outputs
        self.linear = nn.Linear(inputs, out)
        self.norm = BatchNorm(out)
        for module in self.modules():
            if isinstance(module, nn.Conv2d):  # as torchvision's ResNet
                nn.init.kaiming_normal_(module.weight, mode="fan_out", nonlinearity="relu")
        if pretrained and config.weights is not None:
            self._load(config.weights, config)

    def forward(self, audio_BSFM: Tensor) -> Tensor:
        """(B, S, F, M) float -> (B, S, D) in (-1, 1). All rows count in the statistics of a batch."""
        b, s = audio_BSFM.shape[:2]
        audio_NFM = audio_BSFM.flatten(0, 1)
        if self.input_norm is not None:
            audio_NFM = self.input_norm(audio_NFM.transpose(1, 2)[..., None])[..., 0].transpose(1, 2)
        x = self.maxpool(functional.relu(self.bn1(self.conv1(audio_NFM[:, None]))))
        for stage in range(self.stages):
            x = self.get_submodule(f"layer{stage + 1}")(x)
        x_ND = self.norm(self.linear(x.mean(dim=(2, 3)))[..., None, None])[..., 0, 0]
        return torch.tanh(x_ND).view(b, s, x_ND.shape[1])  # stated, since a batch may be empty

    def _load(self, weights: str, config: AudioResNetConfig) -> None:
        """All but the classifier, and but the first layer where its shape is that of pictures, which is said."""
        if weights == "imagenet":
            if config.layers not in IMAGENET:
                raise WeightsError(
                    f"model.audio.weights imagenet: torchvision has ResNets of {' and '.join(map(str, IMAGENET))} "
                    f"blocks, not {config.layers}; set model.audio.layers, or model.audio.weights None"
                )
            state = torchvision_state(IMAGENET[config.layers], weights, "--model.audio.weights")
        else:
            state = read_state_dict(weights)
        load_into(self, state, f"{weights} as audio resnet", optional=("conv1", "fc", "linear", "norm", "input_norm"))
        first = state.get("conv1.weight")
        if first is not None and first.shape != self.conv1.weight.shape:
            notice(
                f"audio resnet: {weights} loaded, but for its first layer of {first.shape[1]} channels; that one "
                "starts from random weights"
            )


def _stage(inputs: int, outputs: int, count: int, stride: int) -> nn.Sequential:
    shortcut = None
    if stride != 1 or inputs != outputs:
        shortcut = nn.Sequential(conv1x1(inputs, outputs, stride), BatchNorm(outputs))
    first = BasicBlock(inputs, outputs, stride, shortcut, norm_layer=BatchNorm)
    return nn.Sequential(first, *(BasicBlock(outputs, outputs, norm_layer=BatchNorm) for _ in range(count - 1)))
