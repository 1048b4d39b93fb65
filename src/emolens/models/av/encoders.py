"""The encoders of an audio-visual network: each a config class that builds it, registered by its ``kind``.

Legend: N snippets, T frames, H, W, C of a frame, B batch, S segments, F audio frames of a segment, M coefficients,
D width.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, TypeVar

from torch import Tensor, nn

from emolens.errors import ConfigError
from emolens.names import did_you_mean
from emolens.plain import from_plain
from emolens.scan import import_folder


class VideoEncoder(nn.Module):
    """Snippets to features: ``forward`` takes uint8 RGB (N, T, H, W, 3) to float (N, dim).

    Attributes:
        dim: features of a snippet.
        checkpoint_activations: in training, compute activations again in the backward pass instead of keeping them,
            where the encoder can; the network that it is part of sets it.
    """

    dim: int
    checkpoint_activations: bool = False

    def forward(self, video_NTHWC: Tensor) -> Tensor:
        """uint8 RGB (N, T, H, W, 3) -> (N, dim)."""
        raise NotImplementedError

    def steps(self, video_NTHWC: Tensor) -> Tensor:
        """uint8 RGB (N, T, H, W, 3) -> (N, T', dim), whose mean over T' is :meth:`forward`; here T' = 1."""
        out: Tensor = self(video_NTHWC)[:, None]
        return out


@dataclass(frozen=True)
class VideoEncoderConfig:
    """Base of the configs of video encoders.

    Attributes:
        kind: tells it from the others in JSON; a subclass gives it a default.
    """

    kind: str

    def build(self, pretrained: bool = True) -> VideoEncoder:
        """The encoder.

        Args:
            pretrained: whether to read the weights that the config names; False where a state dict will follow.

        Raises:
            ConfigError: an encoder that does not exist.
            WeightsError: weights missing, unreadable or of another network.
        """
        raise NotImplementedError


@dataclass(frozen=True)
class AudioEncoderConfig:
    """Base of the configs of audio encoders; ``kind`` as in :class:`VideoEncoderConfig`."""

    kind: str

    def build(self, coefficients: int, width: int, pretrained: bool = True) -> nn.Module:
        """The encoder: float (B, S, F, M) -> (B, S, D).

        Args:
            coefficients: M.
            width: D.
            pretrained: whether to read the weights that the config names; False where a state dict will follow.

        Raises:
            WeightsError: weights missing, unreadable or of another network.
        """
        raise NotImplementedError


VIDEO_ENCODERS: dict[str, type[VideoEncoderConfig]] = {}
AUDIO_ENCODERS: dict[str, type[AudioEncoderConfig]] = {}

Config = TypeVar("Config")


def register_video_encoder(kind: str) -> Callable[[type[Config]], type[Config]]:
    """Decorate the config class of a video encoder, whose field ``kind`` has this default."""
    return _register(VIDEO_ENCODERS, kind)


def register_audio_encoder(kind: str) -> Callable[[type[Config]], type[Config]]:
    """Decorate the config class of an audio encoder, whose field ``kind`` has this default."""
    return _register(AUDIO_ENCODERS, kind)


def video_encoder_config(values: Mapping[str, Any]) -> VideoEncoderConfig:
    """The config of a video encoder from JSON; its ``kind`` says which class.

    Raises:
        ConfigError: unknown kind or field.
    """
    return _read(VIDEO_ENCODERS, values, "video", None)


def audio_encoder_config(values: Mapping[str, Any]) -> AudioEncoderConfig:
    """The config of an audio encoder from JSON; without a ``kind`` it is the ResNet, once the only one."""
    return _read(AUDIO_ENCODERS, values, "audio", "resnet")


def _register(known: dict[str, Any], kind: str) -> Callable[[type[Config]], type[Config]]:
    def register(config: type[Config]) -> type[Config]:
        known[kind] = config
        return config

    return register


def _read(known: Mapping[str, type[Config]], values: Mapping[str, Any], what: str, default: str | None) -> Config:
    import_folder("emolens.models.av")
    kind = values.get("kind", default)
    if kind not in known:
        raise ConfigError(f'{what}.kind "{kind}": {did_you_mean(str(kind), known)}')
    return from_plain(known[kind], values, what)
