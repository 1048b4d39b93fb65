"""A model of short videos: pictures in motion and their sound, judged together.

Legend: N clips, C labels, S segments, T frames of one, K different frames, H, W their height and width.
"""

import os
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from emolens.embedding.encode import default_workers
from emolens.embedding.prefetch import Item, prefetch, reason
from emolens.errors import ConfigError
from emolens.inference.inputs import media_of
from emolens.inference.perturbation import Perturbation
from emolens.inference.predictor import Answer, Predictor
from emolens.inference.timeline import Span
from emolens.inference.windows import WindowSource
from emolens.media.video_sample import VideoSample, finish_video, read_raw
from emolens.media.video_source import VideoSource, open_source
from emolens.models.verdict import Verdict, mapping_of
from emolens.runs.models import AVModel
from emolens.runs.registry import save_model
from emolens.taxonomy import LabelSpace, get_label_space

Floats = NDArray[np.float64]
PICTURES = 8  # of a batch's pictures that one clip counts as: it holds 128 small frames
TAKES = {"video": "pictures", "audio": "sound"}


class AVPredictor(Predictor):
    """A trained audio-visual network.

    A still picture is a clip of one frame without sound, a sound file one without pictures; what was missing is in the
    status of the row (``no_audio``, ``no_video``) and what could not be decoded too (``partial``).

    Args:
        name: for tables and the ``model`` column.
        model: the network, its preprocessing and its labels.
        space: of the answers; the model's own if not given.
        condition: see :meth:`under`.
    """

    def __init__(
        self, name: str, model: AVModel, space: LabelSpace | None = None, perturbation: Perturbation | None = None
    ) -> None:
        self.name, self.model = name, model
        self.space, self.perturbation = space or model.space, perturbation or Perturbation()
        self.config = model.config

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

    def retarget(self, label_space: LabelSpace | str) -> "AVPredictor":
        return AVPredictor(self.name, self.model, get_label_space(label_space), self.perturbation)

    def perturbed(self, perturbation: Perturbation) -> "AVPredictor":
        """The same network with something taken from its clips, or asked for one modality's own answer.

        Raises:
            ConfigError: the condition takes away, adds noise to, or asks about what the network does not take.
        """
        takes = self.model.modalities
        touched = {
            "audio": not perturbation.sound or perturbation.noise_db is not None or perturbation.modality == "audio",
            "video": not perturbation.pictures or perturbation.keep_frames < 1 or perturbation.modality == "video",
        }
        for name in ("audio", "video"):
            if touched[name] and name not in takes:
                raise ConfigError(f"{self.name} takes no {TAKES[name]}: this condition means nothing to it")
        if not any({"audio": perturbation.sound, "video": perturbation.pictures}[name] for name in takes):
            raise ConfigError(f"{self.name} takes {self.backbone_spec} alone: without, there is nothing to judge")
        return AVPredictor(self.name, self.model, self.space, perturbation)

    def predict_batches(
        self, paths: Sequence[Path], batch_size: int = 32, workers: int | None = None
    ) -> Iterator[tuple[int, Answer]]:
        def read(path: Path) -> VideoSample:
            return self._clip(open_source(path), path)

        items = prefetch(read, paths, workers or default_workers(), ahead=self._size(batch_size))
        yield from self._answers_of(items, [(path, None) for path in paths], batch_size)

    def predict_windows(self, path: Path, spans: Sequence[Span], batch_size: int = 32) -> Iterator[Answer]:
        sees = "video" in self.model.modalities and self.perturbation.pictures
        source = WindowSource(path, spans, self.model.video, sees)

        def read(span: Span) -> VideoSample:
            return self._clip(source, path, span)

        # One thread: the windows come from one pass over the file.
        items = prefetch(read, spans, workers=1, ahead=self._size(batch_size))
        for _, answer in self._answers_of(items, [(path, span) for span in spans], batch_size):
            yield answer

    def save_pretrained(self, directory: str | os.PathLike[str]) -> None:
        save_model(self.model, Path(directory), self.name)

    def _size(self, batch_size: int) -> int:
        return max(1, batch_size // PICTURES)

    def _clip(self, source: VideoSource, path: Path, span: Span | None = None) -> VideoSample:
        """What the network is given of a file or a window of it, under the condition."""
        made, takes, perturbation = self.model.video, self.model.modalities, self.perturbation
        start_s, end_s = span or (None, None)
        sees, hears = "video" in takes and perturbation.pictures, "audio" in takes and perturbation.sound
        raw = read_raw(source, made, start_s, end_s, video=sees, audio=hears)
        if raw.image_KHWC is not None and perturbation.keep_frames < 1:
            raw = replace(raw, place_ST=perturbation.held_frames(len(raw.image_KHWC), path)[raw.place_ST])
        if raw.wave_T is not None:
            raw = replace(raw, wave_T=perturbation.noisy(raw.wave_T, path))
        return finish_video(raw, made)

    def _answers_of(
        self, items: Iterable[Item[VideoSample]], asked: Sequence[tuple[Path, Span | None]], batch_size: int
    ) -> Iterator[tuple[int, Answer]]:
        """Clips in batches through the network; what became of each, in order."""
        batch: list[Item[VideoSample]] = []
        clips = 0
        for item in items:
            batch.append(item)
            clips += item.result is not None
            if clips == self._size(batch_size):
                yield from self._predict_batch(batch, asked)
                batch, clips = [], 0
        yield from self._predict_batch(batch, asked)

    def _predict_batch(
        self, batch: Sequence[Item[VideoSample]], asked: Sequence[tuple[Path, Span | None]]
    ) -> Iterator[tuple[int, Answer]]:
        clips = [item.result for item in batch if item.result is not None]
        score_NC = iter(self._scores(clips) if clips else ())
        for item in batch:
            path, span = asked[item.place]
            if item.result is None:
                assert item.error is not None
                yield item.place, Answer.failed(reason(path, item.error), span)
            else:
                yield item.place, self._answer(item.result, next(score_NC), path, span)

    def _scores(self, clips: Sequence[VideoSample]) -> Floats:
        """The answer that is asked for, in the network's own labels."""
        scores = self.model.scores(clips)
        own_NC = {"audio": scores.audio_NC, "video": scores.video_NC}.get(self.perturbation.modality)
        return scores.fused_NC if own_NC is None else own_NC  # one modality's answer is the whole one's

    def _answer(self, clip: VideoSample, score_C: Floats, path: Path, span: Span | None) -> Answer:
        if span is None and media_of(path) != "image":
            span = (0.0, clip.duration_s)
        has = {"audio": clip.has_audio, "video": clip.has_video}
        missing = [name for name in ("audio", "video") if name in self.model.modalities and not has[name]]
        words = "; ".join(clip.problems or [f"its {TAKES[name]} was taken away" for name in missing])
        remark = f"{path}: {words}" if words else None
        if np.isnan(score_C).any():
            return Answer.failed(remark or f"{path}: has none of what {self.name} takes", span)
        status = f"no_{missing[0]}" if missing else "partial" if remark else "ok"
        verdict = Verdict(self.own_label_space, score_C[None]).mapped(self.space).completed()
        return Answer(verdict, status, remark, span)
