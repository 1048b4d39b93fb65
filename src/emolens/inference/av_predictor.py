"""A model of short videos: pictures in motion and their sound, predicted together.

Legend: B videos of a batch, C labels, S segments, T frames of one, K different frames, H, W their height and width.
"""

import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import get_args

import numpy as np
from numpy.typing import NDArray

from emolens.embedding.encode import default_workers
from emolens.errors import ConfigError
from emolens.heads.answers import Answers, mapping_of
from emolens.inference.inputs import Input
from emolens.inference.perturbation import Modality, Perturbation
from emolens.inference.predictor import Batch, Places, Predictor
from emolens.inference.results import Predictions
from emolens.inference.timeline import Span
from emolens.inference.windows import WindowSource
from emolens.media.video_sample import VideoSample, finish_video, read_raw
from emolens.media.video_source import VideoSource, open_source
from emolens.prefetch import Item, prefetch, reason
from emolens.runs.config import RunConfig
from emolens.runs.fingerprint import model_fingerprint
from emolens.runs.models import AVModel
from emolens.runs.registry import save_model
from emolens.taxonomy import LabelSpace, get_label_space

Floats = NDArray[np.float64]
PICTURES = 8  # of a batch's pictures that one video counts as: it holds 128 small frames
TAKES = {"video": "pictures", "audio": "sound"}


class AVPredictor(Predictor):
    """A trained audio-visual network.

    A still picture is a video of one frame without sound, a sound file one without pictures; what was missing is in the
    status of the row (``no_audio``, ``no_video``), and so is what could not be decoded (``partial``).

    Args:
        name: for tables and the ``model`` column.
        model: the network, its preprocessing and its labels.
        space: of the answers; the model's own if not given.
        perturbation: see :meth:`perturbed`.
    """

    def __init__(
        self, name: str, model: AVModel, space: LabelSpace | None = None, perturbation: Perturbation | None = None
    ) -> None:
        self.name, self.model = name, model
        self.space, self.perturbation = space or model.space, perturbation or Perturbation()

    @property
    def config(self) -> RunConfig:
        return self.model.config

    @property
    def kind(self) -> str:
        return self.config.kind

    @property
    def backbone_spec(self) -> str:
        return " and ".join(TAKES[name] for name in ("video", "audio") if name in self.model.modalities)

    @property
    def label_space(self) -> LabelSpace:
        return self.space

    @property
    def own_label_space(self) -> LabelSpace:
        return self.model.space

    @property
    def mapping(self) -> str:
        return mapping_of(self.own_label_space, self.space, has_point=False)

    @property
    def gives_point(self) -> bool:
        return False

    @property
    def fingerprint(self) -> str:
        return model_fingerprint(self.model)

    def retarget(self, label_space: LabelSpace | str) -> "AVPredictor":
        return AVPredictor(self.name, self.model, get_label_space(label_space), self.perturbation)

    def perturbed(self, perturbation: Perturbation) -> "AVPredictor":
        """The same network with something taken from its videos, or asked for one modality's own answer.

        Raises:
            ConfigError: if the perturbation takes away, adds noise to, or asks about what the network does not take.
        """
        takes = self.model.modalities
        touched = {
            "audio": not perturbation.sound or perturbation.noise_db is not None or perturbation.modality == "audio",
            "video": not perturbation.pictures or perturbation.keep_frames < 1 or perturbation.modality == "video",
        }
        for name in ("audio", "video"):
            if touched[name] and name not in takes:
                raise ConfigError(f"{self.name} takes no {TAKES[name]}: this perturbation does not apply to it")
        if not any({"audio": perturbation.sound, "video": perturbation.pictures}[name] for name in takes):
            raise ConfigError(
                f"{self.name} takes {self.backbone_spec} alone: without, there is nothing to predict from"
            )
        return AVPredictor(self.name, self.model, self.space, perturbation)

    @property
    def modalities(self) -> tuple[Modality, ...]:
        return ("fused", "audio", "video") if len(self.model.modalities) > 1 else ("fused",)

    def predict_batches(
        self, inputs: Sequence[Input], batch_size: int = 32, workers: int | None = None
    ) -> Iterator[Batch]:
        asked = self.perturbation.modality
        for place_K, tables in self._pass(inputs, batch_size, workers, (asked,)):
            yield place_K, tables[asked]

    def predict_modalities(
        self, inputs: Sequence[Input], batch_size: int = 32, workers: int | None = None
    ) -> Iterator[tuple[Places, Mapping[Modality, Predictions]]]:
        return self._pass(inputs, batch_size, workers, self.modalities)

    def _pass(
        self, inputs: Sequence[Input], batch_size: int, workers: int | None, asked: Sequence[Modality]
    ) -> Iterator[tuple[Places, Mapping[Modality, Predictions]]]:
        """One decoding, and one pass of the network, for all answers that are asked for."""

        def read(given: Input) -> VideoSample:
            return self._sample(open_source(given.path), given)

        items = prefetch(read, inputs, workers or default_workers(), ahead=self._size(batch_size))
        for batch in self._batches(items, batch_size):
            given, scores = [inputs[item.place] for item in batch], self._scores(batch)
            tables = {name: self._rows(batch, given, [None] * len(batch), scores[name]) for name in asked}
            yield np.array([item.place for item in batch]), tables

    def predict_windows(self, given: Input, spans: Sequence[Span], batch_size: int = 32) -> Iterator[Predictions]:
        sees = "video" in self.model.modalities and self.perturbation.pictures
        source = WindowSource(given.path, spans, self.model.video, sees)

        def read(span: Span) -> VideoSample:
            return self._sample(source, given, span)

        # One thread: the windows come from one pass over the file.
        items = prefetch(read, spans, workers=1, ahead=self._size(batch_size))
        for batch in self._batches(items, batch_size):
            score_BC = self._scores(batch)[self.perturbation.modality]
            yield self._rows(batch, [given] * len(batch), [spans[item.place] for item in batch], score_BC)

    def save_pretrained(self, directory: str | os.PathLike[str]) -> None:
        save_model(self.model, Path(directory), self.name)

    def _size(self, batch_size: int) -> int:
        return max(1, batch_size // PICTURES)

    def _sample(self, source: VideoSource, given: Input, span: Span | None = None) -> VideoSample:
        """What the network is given of a file or a window of it, perturbed."""
        made, takes, perturbation = self.model.video, self.model.modalities, self.perturbation
        start_s, end_s = span or (None, None)
        sees, hears = "video" in takes and perturbation.pictures, "audio" in takes and perturbation.sound
        raw = read_raw(source, made, start_s, end_s, video=sees, audio=hears)
        if raw.image_KHWC is not None and perturbation.keep_frames < 1:
            held_K = perturbation.held_frames(len(raw.image_KHWC), given.path)
            raw = replace(raw, place_ST=held_K[raw.place_ST])
        if raw.wave_T is not None:
            raw = replace(raw, wave_T=perturbation.noisy(raw.wave_T, given.path))
        return finish_video(raw, made)

    def _batches(self, items: Iterable[Item[VideoSample]], batch_size: int) -> Iterator[list[Item[VideoSample]]]:
        """As many videos as go through the network together, and the failures between them."""
        batch: list[Item[VideoSample]] = []
        samples = 0
        for item in items:
            batch.append(item)
            samples += item.result is not None
            if samples == self._size(batch_size):
                yield batch
                batch, samples = [], 0
        if batch:
            yield batch

    def _scores(self, batch: Sequence[Item[VideoSample]]) -> dict[Modality, Floats]:
        """One pass of the network: each of its answers, in its own labels, (B, C); NaN where there is none."""
        samples = [item.result for item in batch if item.result is not None]
        read = [row for row, item in enumerate(batch) if item.result is not None]
        nothing_BC = np.full((len(batch), len(self.own_label_space)), np.nan)
        found: dict[Modality, Floats] = {name: nothing_BC.copy() for name in get_args(Modality)}
        if samples:
            scores = self.model.scores(samples)
            own: dict[Modality, Floats | None] = {"fused": None, "audio": scores.audio_NC, "video": scores.video_NC}
            for name, own_NC in own.items():  # a network of one modality has one answer
                found[name][read] = scores.fused_NC if own_NC is None else own_NC
        return found

    def _rows(
        self,
        batch: Sequence[Item[VideoSample]],
        inputs: Sequence[Input],
        spans: Sequence[Span | None],
        score_BC: Floats,
    ) -> Predictions:
        """A row each, in order, of one of the network's answers."""
        answers, status, errors, shown = None, [], [], []
        if any(item.result is not None for item in batch):
            answers = Answers(self.own_label_space, score_BC).mapped(self.space).completed()
        for item, given, span, score_C in zip(batch, inputs, spans, score_BC, strict=True):
            state: str
            why: str | None
            if item.result is None:
                assert item.error is not None
                state, why = "error", reason(given.path, item.error)
            else:
                if span is None and given.media != "image":
                    span = (0.0, item.result.duration_s)
                state, why = self._state(item.result, given, predicted=not np.isnan(score_C).any())
            status.append(state)
            errors.append(why)
            shown.append(span)
        return self.table(inputs, answers, status=status, error=errors, spans=shown)

    def _state(self, sample: VideoSample, given: Input, predicted: bool) -> tuple[str, str | None]:
        """Status and error of a row whose file could be read."""
        has = {"audio": sample.has_audio, "video": sample.has_video}
        missing = [name for name in ("audio", "video") if name in self.model.modalities and not has[name]]
        words = "; ".join(sample.problems or [f"its {TAKES[name]} was taken away" for name in missing])
        why = f"{given.path}: {words}" if words else None
        if not predicted:
            return "error", why or f"{given.path}: has none of what {self.name} takes"
        return (f"no_{missing[0]}" if missing else "partial" if why else "ok"), why
