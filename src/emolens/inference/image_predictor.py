"""A model of pictures, on pictures and on the frames of videos.

Legend: N frames, K frames asked for, B pictures of a batch, D embedding, H, W height and width.
"""

import os
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from emolens.embedding.encode import default_workers, encode_files
from emolens.errors import ConfigError
from emolens.heads.answers import Answers
from emolens.heads.base import Head
from emolens.inference.inputs import Input
from emolens.inference.perturbation import Perturbation
from emolens.inference.predictor import Batch, Predictor, smoothed
from emolens.inference.results import Predictions
from emolens.inference.timeline import Span, Timeline
from emolens.inference.video_frames import SampledFrames, SteadyFrames, sampled_frames
from emolens.inference.video_persons import PersonInVideo, persons_in_video
from emolens.models.backbones.base import Backbone
from emolens.people.finder import PersonFinder
from emolens.prefetch import prefetch, reason
from emolens.runs.config import RunConfig
from emolens.runs.fingerprint import model_fingerprint
from emolens.runs.models import ImageModel
from emolens.runs.registry import save_model
from emolens.taxonomy import LabelSpace, get_label_space

VIDEOS_AHEAD = 2  # decoded while the model works, 16 frames each


class ImagePredictor(Predictor):
    """A frozen backbone and a head on it.

    A video is predicted from frames: of the whole, 16 at equal distances; of a window, two a second. Each is embedded
    and predicted as a picture is, and the scores are averaged (:meth:`emolens.heads.answers.Answers.mean` says why).

    Args:
        name: for tables and the ``model`` column.
        model: backbone, head, and what is known of them.
        cache: folder of the embedding cache, for pictures; None embeds anew. Frames are always embedded anew.
        perturbation: see :meth:`perturbed`.
    """

    sees_persons = True

    def __init__(
        self,
        name: str,
        model: ImageModel,
        cache: Path | None = None,
        perturbation: Perturbation | None = None,
    ) -> None:
        self.name, self.model, self.cache = name, model, cache
        self.perturbation = perturbation or Perturbation()

    @property
    def config(self) -> RunConfig:
        return self.model.config

    @property
    def backbone(self) -> Backbone:
        return self.model.backbone

    @property
    def head(self) -> Head:
        return self.model.head

    @property
    def kind(self) -> str:
        return self.head.kind

    @property
    def label_space(self) -> LabelSpace | None:
        return self.head.space

    @property
    def own_label_space(self) -> LabelSpace | None:
        return self.head.own_label_space

    @property
    def mapping(self) -> str:
        return self.head.mapping

    @property
    def gives_point(self) -> bool:
        return self.head.gives_point

    @property
    def backbone_spec(self) -> str:
        return self.backbone.spec

    @property
    def fingerprint(self) -> str:
        return model_fingerprint(self.model)

    def retarget(self, label_space: LabelSpace | str) -> "ImagePredictor":
        head = self.head.retarget(get_label_space(label_space))
        return ImagePredictor(self.name, replace(self.model, head=head), self.cache, self.perturbation)

    def perturbed(self, perturbation: Perturbation) -> "ImagePredictor":
        """The same model, looking at a part of the frames of videos.

        Raises:
            ConfigError: if the perturbation is one of sound, or takes the pictures away.
        """
        if replace(perturbation, keep_frames=1.0, seed=0) != Perturbation():
            raise ConfigError(
                f"{self.name} looks at pictures and hears nothing: only keep_frames applies to it; perturbations "
                "of sound need an audio-visual run (emolens train av_cpnet)"
            )
        return ImagePredictor(self.name, self.model, self.cache, perturbation)

    def predict_batches(
        self, inputs: Sequence[Input], batch_size: int = 32, workers: int | None = None
    ) -> Iterator[Batch]:
        places = {
            media: np.array([place for place, one in enumerate(inputs) if one.media == media], dtype=np.int64)
            for media in ("image", "video", "audio")
        }
        for place in places["audio"]:
            yield (
                np.array([place]),
                self.failed(
                    inputs[place],
                    f"{inputs[place].path}: is a sound file, and {self.name} looks at pictures; an audio-visual run "
                    "hears it (emolens train av_cpnet)",
                ),
            )
        yield from self._predict_pictures(inputs, places["image"], batch_size, workers)
        yield from self._predict_videos(inputs, places["video"], batch_size, workers)

    def predict_windows(self, given: Input, spans: Sequence[Span], batch_size: int = 32) -> Iterator[Predictions]:
        """See :class:`Predictor`; each frame is read and predicted once, however many windows share it."""
        frames = SteadyFrames(given.path, self.backbone.min_side)
        wanted = [frames.within(*span).tolist() for span in spans]
        seen: dict[float, Answers] = {}
        done = 0
        for batch in frames.batches(batch_size):
            answers = self._answers([image_HWC for _, image_HWC in batch], batch_size)
            seen |= {time_s: answers[[row]] for row, (time_s, _) in enumerate(batch)}
            while done < len(spans) and wanted[done][-1] <= batch[-1][0]:
                yield self._window(given, spans[done], wanted[done], seen, frames.problem)
                done += 1
            if done < len(spans):
                seen = {time_s: answer for time_s, answer in seen.items() if time_s >= wanted[done][0]}
        for span, times in zip(spans[done:], wanted[done:], strict=True):
            yield self._window(given, span, times, seen, frames.problem)

    def predict_persons(
        self, given: Input, finder: PersonFinder, timeline: Timeline, batch_size: int = 32
    ) -> Predictions:
        """See :class:`Predictor`; the whole of a person is the mean over the frames with this person."""
        if given.media == "audio":
            return Predictions.concatenate([])
        found = persons_in_video(given.path, finder, lambda images: self._answers(images, batch_size), batch_size)
        parts = []
        for number, person in enumerate(found.persons, start=1):
            parts.append(self._person(given, number, person, person.span, found.problem))
            if timeline.follows(np.array([found.duration_s]))[0]:
                spans = [span for span in timeline.windows(found.duration_s) if len(person.within(span))]
                windows = [self._person(given, number, person, span) for span in spans]
                parts.append(smoothed(Predictions.concatenate(windows), timeline))
        return Predictions.concatenate(parts)

    def save_pretrained(self, directory: str | os.PathLike[str]) -> None:
        save_model(self.model, Path(directory), self.name)

    def _predict_pictures(
        self, inputs: Sequence[Input], place_N: NDArray[np.int64], batch_size: int, workers: int | None
    ) -> Iterator[Batch]:
        given = [inputs[place] for place in place_N]
        for row_B, embedding_BD, errors in self._embed(given, batch_size, workers):
            good = [k for k, row in enumerate(row_B) if row not in errors]
            answers = None
            if good:
                answers = self.head.answers(torch.from_numpy(embedding_BD[good])).spread(good, len(row_B))
            yield (
                place_N[row_B],
                self.table(
                    [inputs[place_N[row]] for row in row_B],
                    answers,
                    status=["error" if row in errors else "ok" for row in row_B],
                    error=[errors.get(row) for row in row_B],
                ),
            )

    def _embed(
        self, given: list[Input], batch_size: int, workers: int | None
    ) -> Iterator[tuple[list[int], NDArray[Any], dict[int, str]]]:
        paths, boxes = [one.path for one in given], [one.box for one in given]
        if self.cache is None:
            for batch in encode_files(self.backbone, paths, batch_size, workers, boxes=boxes):
                yield batch.index, batch.embedding_BD, batch.errors
            return
        if not paths:
            return
        from emolens.embedding.cache import EmbeddingCache

        embedded = EmbeddingCache(self.cache, self.backbone).embed(paths, batch_size, workers, boxes)
        yield list(range(len(paths))), embedded.embedding_ND, embedded.errors

    def _predict_videos(
        self, inputs: Sequence[Input], place_N: NDArray[np.int64], batch_size: int, workers: int | None
    ) -> Iterator[Batch]:
        def load(path: Path) -> SampledFrames:
            return sampled_frames(path, self.backbone.min_side)

        threads = min(VIDEOS_AHEAD, workers or default_workers())
        for item in prefetch(load, [inputs[place].path for place in place_N], threads, ahead=0):
            place = place_N[item.place]
            given = inputs[place]
            if item.result is None:
                assert item.error is not None
                rows = self.failed(given, reason(given.path, item.error))
            else:
                rows = self._whole(given, item.result, batch_size)
            yield np.array([place]), rows

    def _whole(self, given: Input, frames: SampledFrames, batch_size: int) -> Predictions:
        """The row of a video: the mean of its frames."""
        shown_K = self.perturbation.held_frames(len(frames.image_KHWC), given.path)
        kept, back_K = np.unique(shown_K, return_inverse=True)
        answers = self._answers([frames.image_KHWC[k] for k in kept], batch_size)
        problems = "; ".join(frames.problems)
        return self.table(
            [given],
            answers[back_K].mean(),
            status=["partial" if problems else "ok"],
            error=[f"{given.path}: {problems}" if problems else None],
            spans=[(0.0, frames.duration_s)],
        )

    def _window(
        self, given: Input, span: Span, wanted: list[float], seen: dict[float, Answers], problem: str
    ) -> Predictions:
        """The row of a window: the mean of those of its frames that were seen."""
        found = [seen[time_s] for time_s in wanted if time_s in seen]
        lost = len(wanted) - len(found)
        why = f"{given.path}: {lost} of {len(wanted)} frames from {span[0]:g} to {span[1]:g} s {problem}"
        if not found:
            return self.failed(given, why, span)
        answers = Answers.concatenate(found).mean()
        status, error = ("partial", why) if lost else ("ok", None)
        return self.table([given], answers, status=[status], error=[error], spans=[span])

    def _person(self, given: Input, number: int, person: PersonInVideo, span: Span, problem: str = "") -> Predictions:
        """One row of a person: the mean over the frames in ``span``, and the box in the middle of it."""
        middle = person.place_at(span)
        box_score = round(float(person.score_N[middle]), 4)
        return self.table(
            [replace(given, box=person.box_at(middle), person=number, box_score=box_score)],
            person.answers[person.within(span)].mean(),
            status=["partial" if problem else "ok"],
            error=[f"{given.path}: {problem}" if problem else None],
            spans=[span],
        )

    def _answers(self, images: Sequence[NDArray[np.uint8]], batch_size: int) -> Answers:
        """Answers for frames, uint8 RGB, each (H, W, 3), as for photographs."""
        with ThreadPoolExecutor(default_workers()) as pool:
            inputs = list(pool.map(self.backbone.transform, images))
        batches = [
            self.backbone.encode_image(torch.stack(inputs[k : k + batch_size]))
            for k in range(0, len(inputs), batch_size)
        ]
        return self.head.answers(torch.cat(batches))
