"""A model of short videos: pictures in motion and their sound, judged together.

Legend: N clips, C labels, S segments, T frames of one, K different frames, H, W their height and width.
"""

import os
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from emolens.embedding.encode import default_workers
from emolens.embedding.prefetch import Item, load_ahead, reason
from emolens.errors import ConfigError
from emolens.inference.inputs import media_of
from emolens.inference.perturbation import Condition
from emolens.inference.predictor import BasePredictor, Judged
from emolens.inference.timeline import Span
from emolens.inference.windows import WindowSource
from emolens.media.video_sample import Clip, finish_clip, read_raw
from emolens.media.video_source import ClipSource, open_source
from emolens.models.verdict import Verdict, mapping_of
from emolens.runs.av import AVModel
from emolens.taxonomy import LabelSpace, get_label_space

Floats = NDArray[np.float64]
PICTURES = 8  # of a batch's pictures that one clip counts as: it holds 128 small frames
TAKES = {"video": "pictures", "audio": "sound"}


class ClipPredictor(BasePredictor):
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
        self, name: str, model: AVModel, space: LabelSpace | None = None, condition: Condition | None = None
    ) -> None:
        self.name, self.model = name, model
        self.space, self.condition = space or model.space, condition or Condition()
        self.config: dict[str, Any] = model.config

    @property
    def kind(self) -> str:
        return str(self.config["kind"])

    @property
    def backbone_spec(self) -> str:
        return " and ".join(TAKES[name] for name in ("video", "audio") if name in self.model.modalities)

    @property
    def label_space(self) -> LabelSpace:
        return self.space

    @property
    def native(self) -> LabelSpace:
        return self.model.space

    @property
    def mapping(self) -> str:
        return mapping_of(self.native, self.space, has_point=False)

    @property
    def gives_point(self) -> bool:
        return False

    def retarget(self, label_space: LabelSpace | str) -> "ClipPredictor":
        return ClipPredictor(self.name, self.model, get_label_space(label_space), self.condition)

    def under(self, condition: Condition) -> "ClipPredictor":
        """The same network with something taken from its clips, or asked for one modality's own answer.

        Raises:
            ConfigError: the condition takes away, adds noise to, or asks about what the network does not take.
        """
        takes = self.model.modalities
        touched = {
            "audio": not condition.sound or condition.noise_db is not None or condition.modality == "audio",
            "video": not condition.pictures or condition.keep_frames < 1 or condition.modality == "video",
        }
        for name in ("audio", "video"):
            if touched[name] and name not in takes:
                raise ConfigError(f"{self.name} takes no {TAKES[name]}: this condition means nothing to it")
        if not any({"audio": condition.sound, "video": condition.pictures}[name] for name in takes):
            raise ConfigError(f"{self.name} takes {self.backbone_spec} alone: without, there is nothing to judge")
        return ClipPredictor(self.name, self.model, self.space, condition)

    def judge(
        self, paths: Sequence[Path], batch_size: int = 32, workers: int | None = None
    ) -> Iterator[tuple[int, Judged]]:
        def read(path: Path) -> Clip:
            return self._clip(open_source(path), path)

        items = load_ahead(read, paths, workers or default_workers(), ahead=self._size(batch_size))
        yield from self._judged(items, [(path, None) for path in paths], batch_size)

    def judge_windows(self, path: Path, spans: Sequence[Span], batch_size: int = 32) -> Iterator[Judged]:
        sees = "video" in self.model.modalities and self.condition.pictures
        source = WindowSource(path, spans, self.model.clip, sees)

        def read(span: Span) -> Clip:
            return self._clip(source, path, span)

        # One thread: the windows come from one pass over the file.
        items = load_ahead(read, spans, workers=1, ahead=self._size(batch_size))
        for _, judged in self._judged(items, [(path, span) for span in spans], batch_size):
            yield judged

    def save_pretrained(self, directory: str | os.PathLike[str]) -> None:
        self.model.save(Path(directory))

    def _size(self, batch_size: int) -> int:
        return max(1, batch_size // PICTURES)

    def _clip(self, source: ClipSource, path: Path, span: Span | None = None) -> Clip:
        """What the network is given of a file or a window of it, under the condition."""
        made, takes, condition = self.model.clip, self.model.modalities, self.condition
        start_s, end_s = span or (None, None)
        sees, hears = "video" in takes and condition.pictures, "audio" in takes and condition.sound
        raw = read_raw(source, made, start_s, end_s, video=sees, audio=hears)
        if raw.image_KHWC is not None and condition.keep_frames < 1:
            raw = replace(raw, place_ST=condition.held_frames(len(raw.image_KHWC), path)[raw.place_ST])
        if raw.wave_T is not None:
            raw = replace(raw, wave_T=condition.noisy(raw.wave_T, path))
        return finish_clip(raw, made)

    def _judged(
        self, items: Iterable[Item[Clip]], asked: Sequence[tuple[Path, Span | None]], batch_size: int
    ) -> Iterator[tuple[int, Judged]]:
        """Clips in batches through the network; what became of each, in order."""
        batch: list[Item[Clip]] = []
        clips = 0
        for item in items:
            batch.append(item)
            clips += item.result is not None
            if clips == self._size(batch_size):
                yield from self._judge_batch(batch, asked)
                batch, clips = [], 0
        yield from self._judge_batch(batch, asked)

    def _judge_batch(
        self, batch: Sequence[Item[Clip]], asked: Sequence[tuple[Path, Span | None]]
    ) -> Iterator[tuple[int, Judged]]:
        clips = [item.result for item in batch if item.result is not None]
        score_NC = iter(self._scores(clips) if clips else ())
        for item in batch:
            path, span = asked[item.place]
            if item.result is None:
                assert item.error is not None
                yield item.place, Judged.failed(reason(path, item.error), span)
            else:
                yield item.place, self._answer(item.result, next(score_NC), path, span)

    def _scores(self, clips: Sequence[Clip]) -> Floats:
        """The answer that is asked for, in the network's own labels."""
        scores = self.model.scores(clips)
        own_NC = {"audio": scores.audio_NC, "video": scores.video_NC}.get(self.condition.modality)
        return scores.fused_NC if own_NC is None else own_NC  # one modality's answer is the whole one's

    def _answer(self, clip: Clip, score_C: Floats, path: Path, span: Span | None) -> Judged:
        if span is None and media_of(path) != "image":
            span = (0.0, clip.duration_s)
        has = {"audio": clip.has_audio, "video": clip.has_video}
        missing = [name for name in ("audio", "video") if name in self.model.modalities and not has[name]]
        words = "; ".join(clip.problems or [f"its {TAKES[name]} was taken away" for name in missing])
        remark = f"{path}: {words}" if words else None
        if np.isnan(score_C).any():
            return Judged.failed(remark or f"{path}: has none of what {self.name} takes", span)
        status = f"no_{missing[0]}" if missing else "partial" if remark else "ok"
        verdict = Verdict(self.native, score_C[None]).mapped(self.space).completed()
        return Judged(verdict, status, remark, span)
