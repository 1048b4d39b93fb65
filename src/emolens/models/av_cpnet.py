"""AV-CPNet: which emotion a short video evokes, from its pictures and its sound (arXiv 2311.17335, 2508.06902).

Legend: B batch, S segments, T frames of a segment, H, W, C of a picture (C = 3; of logits, classes), F audio frames
of a segment, M coefficients, D width.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Annotated, Any, Literal, get_args

import torch
from torch import Tensor, nn
from torch.utils.checkpoint import checkpoint

from emolens.errors import ConfigError
from emolens.models.av.audio_resnet import AudioResNetConfig
from emolens.models.av.batch_norm import BatchNorm, Statistics
from emolens.models.av.encoders import (
    AudioEncoderConfig,
    VideoEncoderConfig,
    audio_encoder_config,
    video_encoder_config,
)
from emolens.models.av.fusion import FUSIONS, AVLogits, FusionSizes, build_av_fusion, check_fusion, nan_unless
from emolens.models.av.pyramid_config import PyramidConfig
from emolens.models.av.video_swin import VideoSwinConfig
from emolens.names import did_you_mean, one_of
from emolens.plain import from_plain, to_plain

Modality = Literal["audio", "video"]


@dataclass(frozen=True)
class AVCPNetConfig:
    """The sizes are those of the release of AV-CANet, but for ``levels``, which it does not state. The parts where ours
    differs from it are ours by default; the recipe av_cpnet has the released ones."""

    classes: int
    """Labels of the answers; a training takes their number from its data."""
    segments: int = 16
    """Equal parts that a video is cut into."""
    frames: int = 8
    """Consecutive frames that are taken from each segment."""
    size: int = 112
    """Height and width of a frame, in pixels."""
    audio_frames: int = 256
    """Frames of sound in each segment."""
    coefficients: int = 32
    """Numbers of one frame of sound: MFCC coefficients, or bands of the log-mel spectrogram."""
    width: int = 512
    """Width of the features of both modalities."""
    levels: int = 3
    """Levels K of the pyramid; 3 is ours. With 2^(K-1) at the number of segments or above, the last levels see every
    segment."""
    heads: int = 8
    """Attention heads over segments; a divisor of the width."""
    fusion: Annotated[str, one_of(FUSIONS)] = "pyramid"
    """How sound and pictures meet."""
    modalities: tuple[Modality, ...] = ("audio", "video")
    """What the network takes: both, or one of them; then there is no fusion."""
    dropout: float = 0.5
    """Dropout of the video encoder's features."""
    dropout_before_mean: bool = False
    """Drop before the mean over the time steps of a snippet, each step by itself, as released; or else the mean, which
    is stronger (ours)."""
    pyramid: PyramidConfig = field(default_factory=PyramidConfig)
    """Parts of the fusion "pyramid"."""
    batch_norm: Statistics = "local"
    """Statistics of batch norms in training: "local", of the samples that this process has together, as released;
    "sync", of those of all processes; "frozen", the running ones that the weights came with."""
    checkpoint_activations: bool = False
    """Compute Video Swin and the fusion again in the backward pass instead of keeping what they computed: less memory,
    more time, the same gradients."""
    video: VideoEncoderConfig = field(default_factory=VideoSwinConfig)
    """The video encoder, by a config of a registered kind (emolens.models.av.encoders)."""
    audio: AudioEncoderConfig = field(default_factory=AudioResNetConfig)
    """The audio encoder, by a config of a registered kind."""

    def __post_init__(self) -> None:
        counts = ("classes", "segments", "frames", "size", "audio_frames", "coefficients", "width", "levels", "heads")
        for name in counts:
            if getattr(self, name) < 1:
                raise ConfigError(f"model.{name} must be at least 1, not {getattr(self, name)}")
        if self.width % self.heads:
            raise ConfigError(f"model.width {self.width} is no multiple of model.heads {self.heads}")
        if not 0 <= self.dropout < 1:
            raise ConfigError(f"model.dropout must be in [0, 1), not {self.dropout}")
        if self.batch_norm not in get_args(Statistics):
            raise ConfigError(
                f'model.batch_norm "{self.batch_norm}": {did_you_mean(self.batch_norm, get_args(Statistics))}'
            )
        if sorted(self.modalities) not in (["audio"], ["video"], ["audio", "video"]):
            raise ConfigError(f'model.modalities must be "audio", "video" or both, not {self.modalities}')
        check_fusion(self.fusion)

    def to_dict(self) -> dict[str, Any]:
        """Plain dicts, lists, strings and numbers, fit for JSON."""
        values: dict[str, Any] = to_plain(self)
        return values

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> "AVCPNetConfig":
        """The reverse of :meth:`to_dict`.

        Raises:
            ConfigError: a field is missing, unknown or of a wrong value.
        """
        found = dict(values)
        if isinstance(video := found.get("video"), Mapping):
            found["video"] = video_encoder_config(video)
        if isinstance(audio := found.get("audio"), Mapping):
            found["audio"] = audio_encoder_config(audio)
        return from_plain(cls, found, "AV-CPNet")


class VideoBranch(nn.Module):
    """Pictures to features: an encoder, snippet by snippet, dropout, Linear.

    Args:
        config: of the whole network.
        pretrained: of the encoder.
    """

    def __init__(self, config: AVCPNetConfig, pretrained: bool = True) -> None:
        super().__init__()
        self.encoder = config.video.build(pretrained)
        self.encoder.checkpoint_activations = config.checkpoint_activations
        self.before_mean = config.dropout_before_mean
        self.dropout = nn.Dropout(config.dropout)
        self.linear = nn.Linear(self.encoder.dim, config.width)

    def forward(self, video_BSTHWC: Tensor) -> Tensor:
        """uint8 RGB (B, S, T, H, W, 3) -> (B, S, D)."""
        b, s = video_BSTHWC.shape[:2]
        snippet_NTHWC = video_BSTHWC.flatten(0, 1)
        if self.before_mean:
            found_ND = self.dropout(self.encoder.steps(snippet_NTHWC)).mean(dim=1)
        else:
            found_ND = self.dropout(self.encoder(snippet_NTHWC))
        out: Tensor = self.linear(found_ND)
        return out.view(b, s, out.shape[1])  # stated, since a batch may be empty


class AVCPNet(nn.Module):
    """Two encoders and their fusion; or one encoder, mean over segments, Linear.

    A modality that a row lacks contributes nothing: its place in the batch is not read, and enters no statistics.

    Args:
        config: every size.
        pretrained: whether to read the weights that ``config.video`` and ``config.audio`` name; False where a state
            dict will follow.

    Raises:
        ConfigError: an encoder that does not exist.
        WeightsError: weights missing, unreadable or of another network.
    """

    def __init__(self, config: AVCPNetConfig, pretrained: bool = True) -> None:
        super().__init__()
        self.config = config
        self.audio: nn.Module | None = None
        self.video: VideoBranch | None = None
        if "audio" in config.modalities:
            self.audio = config.audio.build(config.coefficients, config.width, pretrained)
        if "video" in config.modalities:
            self.video = VideoBranch(config, pretrained)
        if len(config.modalities) == 1:
            self.head: nn.Module = nn.Linear(config.width, config.classes)
        else:
            sizes = FusionSizes(
                config.width, config.classes, config.segments, config.levels, config.heads, config.pyramid
            )
            self.head = build_av_fusion(config.fusion, sizes)
        for module in self.modules():
            if isinstance(module, BatchNorm):
                module.statistics = config.batch_norm

    def forward(
        self,
        video_BSTHWC: Tensor | None,
        audio_BSFM: Tensor | None,
        has_video_B: Tensor | None = None,
        has_audio_B: Tensor | None = None,
    ) -> AVLogits:
        """Logits for a batch of videos.

        Args:
            video_BSTHWC: uint8 RGB, shape (B, S, T, size, size, 3); None: no row has pictures. Not looked at by a
                network of sound alone, as is ``audio_BSFM`` by one of pictures.
            audio_BSFM: float, shape (B, S, F, M); None: no row has sound.
            has_video_B, has_audio_B: bool, shape (B,), whether a row has that modality; None: all have.

        Raises:
            ConfigError: shapes other than the config's, or neither pictures nor sound.
        """
        c = self.config
        video = video_BSTHWC if self.video is not None else None
        audio = audio_BSFM if self.audio is not None else None
        batch = _batch(
            video, (c.segments, c.frames, c.size, c.size, 3), audio, (c.segments, c.audio_frames, c.coefficients)
        )
        like = next(self.head.parameters())
        has_video_B = _has(has_video_B, video, batch, like.device)
        has_audio_B = _has(has_audio_B, audio, batch, like.device)
        video_BSD = audio_BSD = like.new_zeros(batch, c.segments, c.width)
        if self.video is not None and video is not None:
            video_BSD = _encode(self.video, video, has_video_B, video_BSD, c.batch_norm == "sync")
        if self.audio is not None and audio is not None:
            audio_BSD = _encode(self.audio, audio.to(like.dtype), has_audio_B, audio_BSD, c.batch_norm == "sync")
        if len(c.modalities) == 2:
            features = (audio_BSD, video_BSD, has_audio_B, has_video_B)
            again = c.checkpoint_activations and torch.is_grad_enabled()
            out: AVLogits = checkpoint(self.head, *features, use_reentrant=False) if again else self.head(*features)
            return out
        only_BSD, has_B = (audio_BSD, has_audio_B) if self.video is None else (video_BSD, has_video_B)
        return AVLogits(nan_unless(has_B, self.head(only_BSD.mean(dim=1))), None, None)


def _encode(
    encoder: Callable[[Tensor], Tensor], x: Tensor, has_B: Tensor, nothing_BSD: Tensor, together: bool
) -> Tensor:
    """Features of the rows that have something, (B, S, D); zeros elsewhere.

    With ``together`` the encoder runs even if no row has, since other processes wait for it.
    """
    if bool(has_B.all()):
        return encoder(x)
    row_N = has_B.nonzero()[:, 0]
    if len(row_N) == 0 and not together:
        return nothing_BSD
    found_NSD = encoder(x[row_N])
    return nothing_BSD.to(found_NSD.dtype).index_copy(0, row_N, found_NSD)


def _has(has_B: Tensor | None, x: Tensor | None, batch: int, device: torch.device) -> Tensor:
    if x is None:
        return torch.zeros(batch, dtype=torch.bool, device=device)
    if has_B is None:
        return torch.ones(batch, dtype=torch.bool, device=device)
    if has_B.shape != (batch,):
        raise ConfigError(f"which rows have a modality is told by {tuple(has_B.shape)} values for a batch of {batch}")
    return has_B.to(device=device, dtype=torch.bool)


def _batch(
    video: Tensor | None, video_shape: tuple[int, ...], audio: Tensor | None, audio_shape: tuple[int, ...]
) -> int:
    sizes = set()
    for name, x, shape in (("video", video, video_shape), ("audio", audio, audio_shape)):
        if x is None:
            continue
        if x.shape[1:] != shape:
            wanted = ", ".join(map(str, shape))
            raise ConfigError(f"{name} of shape {tuple(x.shape)}; this model takes (B, {wanted})")
        sizes.add(len(x))
    if len(sizes) != 1:
        raise ConfigError("neither pictures nor sound was given" if not sizes else f"batches of {sorted(sizes)} videos")
    return sizes.pop()
