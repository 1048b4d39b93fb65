"""The two shapes of a trained model, ready to predict: of pictures by way of a backbone, and of videos as a whole.

Legend: N videos, S segments, T frames of one, H, W height and width, C channels (of pictures), F audio frames of a
segment, M coefficients; in scores C labels.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from emolens.compute import ComputeConfig
from emolens.heads.base import Head
from emolens.media.video_sample import VideoConfig, VideoSample
from emolens.models.av_cpnet import AVCPNet
from emolens.models.backbones.base import Backbone
from emolens.models.precision import DTYPES, choose_device, choose_precision
from emolens.runs.config import BackboneFacts, RunConfig
from emolens.taxonomy import LabelSpace

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class ImageModel:
    """A frozen backbone and the head on its embeddings.

    Attributes:
        backbone: what encodes, on its device.
        head: on the CPU.
        config: what it is.
        weights: gives the tensors to save; those of ``head.module`` if not given.
    """

    backbone: Backbone
    head: Head
    config: RunConfig
    weights: Callable[[], Mapping[str, Tensor]] | None = None

    def to_save(self) -> tuple[RunConfig, Mapping[str, Tensor]]:
        """What a run folder of this model holds.

        A model of no training knows its backbone's fingerprint only now, since that takes a second to compute; and
        zero-shot CLIP has the labels that it was last asked for.

        Raises:
            WeightsError: the file that the weights came from is gone.
        """
        config, module = self.config, self.head.module
        if self.weights is not None:
            return config, self.weights()
        if config.backbone is None:
            config = replace(config, backbone=BackboneFacts.of(self.backbone))
        if module is None:
            return replace(config, label_space=self.head.space), {}
        return config, module.state_dict()


class AVScores(NamedTuple):
    """Probabilities of the labels, float64, shape (N, C); NaN in the rows of a video that lacks this modality.

    Attributes:
        fused_NC: from whatever the video has of what the network takes.
        audio_NC: from the sound by itself; None for a network of one modality.
        video_NC: from the pictures by themselves; None for a network of one modality.
    """

    fused_NC: Floats
    audio_NC: Floats | None
    video_NC: Floats | None


class AVModel:
    """A network in evaluation mode, with the preprocessing and the labels that belong to its weights.

    Args:
        net: the network; moved to the device. Its weights stay in fp32, whatever it computes in.
        config: what it is; with ``video`` and ``label_space``.
        compute: where it runs, and in which numbers.

    Raises:
        ConfigError: an impossible device or precision.
    """

    def __init__(self, net: AVCPNet, config: RunConfig, compute: ComputeConfig) -> None:
        assert config.video is not None
        assert config.label_space is not None
        self.device = choose_device(compute.device)
        self.precision = choose_precision(compute.precision, self.device)
        self.net = net.to(self.device).eval()
        self.config = config
        self.video: VideoConfig = config.video
        self.space: LabelSpace = config.label_space

    @property
    def modalities(self) -> tuple[str, ...]:
        """What it takes: of ``audio`` and ``video``."""
        return tuple(self.net.config.modalities)

    @property
    def fusion(self) -> str:
        """How two modalities become one answer."""
        return str(self.net.config.fusion)

    @torch.inference_mode()
    def scores(self, samples: Sequence[VideoSample]) -> AVScores:
        """Judge videos in one pass; as many as memory has room for.

        Args:
            samples: read with :attr:`video`.
        """
        made = self.video
        video = (made.segments, made.frames, made.size, made.size, 3)
        audio = (made.segments, made.audio_frames, made.bands)
        video_NSTHWC = _stacked([sample.video_STHWC for sample in samples], video, torch.uint8)
        audio_NSFM = _stacked([sample.audio_SFM for sample in samples], audio, torch.float32)
        has = {
            "video": torch.tensor([sample.has_video for sample in samples]),
            "audio": torch.tensor([sample.has_audio for sample in samples]),
        }
        dtype = DTYPES[self.precision]
        with torch.autocast(self.device.type, dtype, enabled=dtype != torch.float32):
            logits = self.net(
                video_NSTHWC.to(self.device),
                audio_NSFM.to(self.device),
                has["video"].to(self.device),
                has["audio"].to(self.device),
            )
        some_N = torch.stack([has[name] for name in self.modalities]).any(dim=0)
        if len(self.modalities) == 1:
            return AVScores(_probability(logits.fused_BC, some_N), None, None)
        return AVScores(
            _probability(logits.fused_BC, some_N),
            _probability(logits.audio_BC, has["audio"]),
            _probability(logits.video_BC, has["video"]),
        )

    def to_save(self) -> tuple[RunConfig, Mapping[str, Tensor]]:
        """What a run folder of this model holds."""
        return self.config, self.net.state_dict()


def _stacked(parts: list[Tensor | None], shape: tuple[int, ...], dtype: torch.dtype) -> Tensor:
    """One tensor of all videos, zero where one has none."""
    whole = torch.zeros((len(parts), *shape), dtype=dtype)
    for row, part in enumerate(parts):
        if part is not None:
            whole[row] = part
    return whole


def _probability(logit_NC: Tensor, has_N: Tensor) -> Floats:
    score_NC: Floats = logit_NC.double().softmax(dim=1).cpu().numpy()
    score_NC[~has_N.numpy()] = np.nan
    return score_NC
