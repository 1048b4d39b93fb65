"""Audio-visual networks on disk, ready to judge clips.

A run folder holds ``model.safetensors`` and ``config.json`` with

- ``kind``: "av_cpnet";
- ``model``: :meth:`emolens.models.av_cpnet.AVCPNetConfig.to_dict`;
- ``clip``: :meth:`emolens.media.video_sample.VideoConfig.to_dict`, how a file becomes the network's input;
- ``label_space``: :meth:`emolens.taxonomy.LabelSpace.as_dict`; ``targets``: none;

and the facts every run keeps (``recipe``, ``config``, ``data`` with dataset and splits, ``seed``, ``validation``).

Legend: N clips, S segments, T frames of one, H, W height and width, C channels (of pictures), F audio frames of a
segment, M coefficients; in scores C labels.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from emolens import __version__
from emolens.errors import ConfigError, DataError, WeightsError
from emolens.files import write_json, write_text
from emolens.media.video_sample import VideoConfig, VideoSample
from emolens.models.av_cpnet import AVCPNet, AVCPNetConfig
from emolens.models.loading.safetensors_file import WEIGHTS, load_weights, save_weights
from emolens.models.precision import DTYPES, choose_device, choose_precision
from emolens.runs.run_files import AV, CARD, CONFIG, FORMAT, card
from emolens.taxonomy import LabelSpace

Floats = NDArray[np.float64]


class AVScores(NamedTuple):
    """Probabilities of the labels, float64, shape (N, C); NaN in the rows of a clip that lacks what is judged.

    Attributes:
        fused: from whatever the clip has of what the network takes.
        audio, video: of that modality by itself; None for a network of one modality.
    """

    fused_NC: Floats
    audio_NC: Floats | None
    video_NC: Floats | None


class AVModel:
    """A network in evaluation mode, with the preprocessing and the labels that belong to its weights.

    Args:
        net: the network; moved to ``device``. Its weights stay in fp32, whatever it computes in.
        config: the content of ``config.json``.
        clip: how its clips are made.
        space: of its labels.
        device, precision: see :mod:`emolens.models.precision`.
    """

    def __init__(
        self, net: AVCPNet, config: dict[str, Any], clip: VideoConfig, space: LabelSpace, device: str, precision: str
    ) -> None:
        self.device = choose_device(device)
        self.precision = choose_precision(precision, self.device)
        self.net = net.to(self.device).eval()
        self.config, self.clip, self.space = config, clip, space

    @property
    def modalities(self) -> tuple[str, ...]:
        """What it takes: of ``audio`` and ``video``."""
        return tuple(self.net.config.modalities)

    @property
    def fusion(self) -> str:
        """How two modalities become one answer."""
        return str(self.net.config.fusion)

    @torch.inference_mode()
    def scores(self, clips: Sequence[VideoSample]) -> AVScores:
        """Judge clips in one pass; as many as memory has room for.

        Args:
            clips: read with :attr:`clip`.
        """
        made = self.clip
        video = (made.segments, made.frames, made.size, made.size, 3)
        audio = (made.segments, made.audio_frames, made.bands)
        video_NSTHWC = _stacked([clip.video_STHWC for clip in clips], video, torch.uint8)
        audio_NSFM = _stacked([clip.audio_SFM for clip in clips], audio, torch.float32)
        has = {
            "video": torch.tensor([clip.has_video for clip in clips]),
            "audio": torch.tensor([clip.has_audio for clip in clips]),
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

    def save(self, directory: Path) -> None:
        """Write the three files that :func:`read_av` reads."""
        save_av(directory, self.net.state_dict(), self.config)


def _stacked(parts: list[Tensor | None], shape: tuple[int, ...], dtype: torch.dtype) -> Tensor:
    """One tensor of all clips, zero where one has none."""
    whole = torch.zeros((len(parts), *shape), dtype=dtype)
    for row, part in enumerate(parts):
        if part is not None:
            whole[row] = part
    return whole


def _probability(logit_NC: Tensor, has_N: Tensor) -> Floats:
    score_NC: Floats = logit_NC.double().softmax(dim=1).cpu().numpy()
    score_NC[~has_N.numpy()] = np.nan
    return score_NC


def describe_av(model: AVCPNetConfig, clip: VideoConfig, space: LabelSpace, **facts: Any) -> dict[str, Any]:
    """The content of ``config.json``; ``facts`` say where the model is from."""
    return {
        "format": FORMAT,
        "emolens": __version__,
        "kind": AV,
        "model": model.to_dict(),
        "clip": clip.to_dict(),
        "label_space": space.as_dict(),
        "targets": [],
        **facts,
    }


def save_av(run: Path, state: Mapping[str, Tensor], config: dict[str, Any]) -> None:
    """Write weights, model card and, last, ``config.json``.

    Args:
        run: the folder.
        state: of an :class:`emolens.models.av_cpnet.AVCPNet`.
        config: from :func:`describe_av`.
    """
    save_weights(run / WEIGHTS, dict(state))
    write_text(run / CARD, card(f"run:{run.name}", LabelSpace.from_dict(config["label_space"]), config))
    write_json(run / CONFIG, config)


def read_av(directory: Path, config: dict[str, Any], device: str = "auto", precision: str = "auto") -> AVModel:
    """The network of a run folder.

    Args:
        directory: the folder.
        config: its ``config.json``, see :func:`emolens.runs.run_files.read_config`.
        device, precision: where it computes, and in what.

    Raises:
        DataError: a field of the config is missing or malformed.
        ConfigError: an impossible device or precision.
        WeightsError: the weights are not at hand, damaged, or do not fit the config.
    """
    try:
        space = LabelSpace.from_dict(config["label_space"])
        clip = VideoConfig.from_dict(config["clip"])
        net = AVCPNet(AVCPNetConfig.from_dict(config["model"]), pretrained=False)
    except (KeyError, TypeError, ValueError, ConfigError) as error:
        raise DataError(f"{directory / CONFIG}: field {error} is missing or malformed; train again") from error
    if net.config.classes != len(space):
        raise WeightsError(f"{directory}: {net.config.classes} classes, but {space.name} has {len(space)} labels")
    load_weights(directory / WEIGHTS, net)
    return AVModel(net, config, clip, space, device, precision)
