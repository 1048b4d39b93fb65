"""A model of pictures, on pictures and on the frames of videos.

Legend: N frames, K frames asked for, D embedding.
"""

import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from emolens.embedding.encode import default_workers, encode_files
from emolens.embedding.prefetch import prefetch, reason
from emolens.errors import ConfigError
from emolens.heads.heads import Head
from emolens.inference.inputs import media_of
from emolens.inference.perturbation import Perturbation
from emolens.inference.predictor import Answer, Predictor
from emolens.inference.timeline import Span
from emolens.inference.verdicts import joined, mean_of, rows_of
from emolens.inference.video_frames import SampledFrames, SteadyFrames, sampled_frames
from emolens.models.backbones.base import Backbone
from emolens.models.verdict import Verdict
from emolens.runs.config import RunConfig
from emolens.runs.models import ImageModel
from emolens.runs.registry import save_model
from emolens.taxonomy import LabelSpace, get_label_space

VIDEOS_AHEAD = 2  # decoded while the model works, 16 frames each


class ImagePredictor(Predictor):
    """A frozen backbone and a head on it.

    A video is judged by frames: of the whole, 16 at equal distances; of a window, two a second. Each is embedded and
    judged as a picture is, and the scores are averaged (:func:`emolens.inference.verdicts.mean_of` says why).

    Args:
        name: for tables and the ``model`` column.
        backbone, head: what encodes, and what judges.
        config: what it is, as ``config.json`` says.
        weights: see :class:`emolens.runs.models.ImageModel`.
        cache: folder of the embedding cache, for pictures; None embeds anew. Frames are always embedded anew.
        condition: see :meth:`under`.
    """

    def __init__(
        self,
        name: str,
        backbone: Backbone,
        head: Head,
        config: RunConfig,
        cache: Path | None = None,
        perturbation: Perturbation | None = None,
        weights: Callable[[], Mapping[str, Tensor]] | None = None,
    ) -> None:
        self.name, self.backbone, self.head, self.config, self.cache = name, backbone, head, config, cache
        self.perturbation, self.weights = perturbation or Perturbation(), weights

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

    def retarget(self, label_space: LabelSpace | str) -> "ImagePredictor":
        head = self.head.retarget(get_label_space(label_space))
        return ImagePredictor(self.name, self.backbone, head, self.config, self.cache, self.perturbation, self.weights)

    def perturbed(self, perturbation: Perturbation) -> "ImagePredictor":
        """The same model, looking at a part of the frames of videos.

        Raises:
            ConfigError: the condition is one of sound, or takes the pictures away.
        """
        if replace(perturbation, keep_frames=1.0, seed=0) != Perturbation():
            raise ConfigError(
                f"{self.name} looks at pictures and hears nothing: of the conditions only keep_frames means "
                "something to it; those of sound need an audio-visual run (emolens train av_cpnet)"
            )
        return ImagePredictor(self.name, self.backbone, self.head, self.config, self.cache, perturbation, self.weights)

    def predict_batches(
        self, paths: Sequence[Path], batch_size: int = 32, workers: int | None = None
    ) -> Iterator[tuple[int, Answer]]:
        places: dict[str, list[int]] = {"image": [], "video": [], "audio": []}
        for place, path in enumerate(paths):
            places[media_of(path)].append(place)
        for place in places["audio"]:
            yield (
                place,
                Answer.failed(
                    f"{paths[place]}: is a sound file, and {self.name} looks at pictures; an audio-visual run hears it "
                    "(emolens train av_cpnet)"
                ),
            )
        yield from self._predict_pictures(paths, places["image"], batch_size, workers)
        yield from self._predict_videos(paths, places["video"], batch_size, workers)

    def predict_windows(self, path: Path, spans: Sequence[Span], batch_size: int = 32) -> Iterator[Answer]:
        """See :class:`Predictor`; the frames are read and judged once, whatever windows share them."""
        frames = SteadyFrames(path, self.backbone.min_side)
        wanted = [frames.within(*span).tolist() for span in spans]
        seen: dict[float, Verdict] = {}
        done = 0
        for batch in frames.batches(batch_size):
            verdict = self._verdict([image_HWC for _, image_HWC in batch], batch_size)
            seen |= {time_s: rows_of(verdict, [row]) for row, (time_s, _) in enumerate(batch)}
            while done < len(spans) and wanted[done][-1] <= batch[-1][0]:
                yield _window(path, spans[done], wanted[done], seen, frames.problem)
                done += 1
            if done < len(spans):
                seen = {time_s: verdict for time_s, verdict in seen.items() if time_s >= wanted[done][0]}
        for span, times in zip(spans[done:], wanted[done:], strict=True):
            yield _window(path, span, times, seen, frames.problem)

    def _predict_pictures(
        self, paths: Sequence[Path], places: list[int], batch_size: int, workers: int | None
    ) -> Iterator[tuple[int, Answer]]:
        for rows, embedding_BD, errors in self._embed([paths[place] for place in places], batch_size, workers):
            good = [k for k, row in enumerate(rows) if row not in errors]
            verdict = self.head.verdict(torch.from_numpy(embedding_BD[good])) if good else None
            for row in rows:
                if row in errors:
                    yield places[row], Answer.failed(errors[row])
            for number, k in enumerate(good):
                assert verdict is not None
                yield places[rows[k]], Answer(rows_of(verdict, [number]))

    def _embed(
        self, paths: list[Path], batch_size: int, workers: int | None
    ) -> Iterator[tuple[list[int], NDArray[Any], dict[int, str]]]:
        if self.cache is None:
            for batch in encode_files(self.backbone, paths, batch_size=batch_size, workers=workers):
                yield batch.index, batch.embedding_BD, batch.errors
            return
        from emolens.embedding.cache import EmbeddingCache

        embedded = EmbeddingCache(self.cache, self.backbone).embed(paths, batch_size=batch_size, workers=workers)
        yield list(range(len(paths))), embedded.embedding_ND, embedded.errors

    def _predict_videos(
        self, paths: Sequence[Path], places: list[int], batch_size: int, workers: int | None
    ) -> Iterator[tuple[int, Answer]]:
        def load(path: Path) -> SampledFrames:
            return sampled_frames(path, self.backbone.min_side)

        threads = min(VIDEOS_AHEAD, workers or default_workers())
        for item in prefetch(load, [paths[place] for place in places], threads, ahead=0):
            place = places[item.place]
            if item.result is None:
                assert item.error is not None
                yield place, Answer.failed(reason(paths[place], item.error))
            else:
                yield place, self._predict_frames(paths[place], item.result, batch_size)

    def _predict_frames(self, path: Path, clip: SampledFrames, batch_size: int) -> Answer:
        shown_K = self.perturbation.held_frames(len(clip.image_KHWC), path)
        kept, back_K = np.unique(shown_K, return_inverse=True)
        verdict = self._verdict([clip.image_KHWC[k] for k in kept], batch_size)
        status, remark = ("partial", f"{path}: {'; '.join(clip.problems)}") if clip.problems else ("ok", None)
        return Answer(mean_of(rows_of(verdict, back_K)), status, remark, (0.0, clip.duration_s))

    def _verdict(self, images: Sequence[NDArray[np.uint8]], batch_size: int) -> Verdict:
        """Frames, uint8 RGB, as a photograph is judged."""
        with ThreadPoolExecutor(default_workers()) as pool:
            inputs = list(pool.map(self.backbone.transform, images))
        batches = [
            self.backbone.encode_image(torch.stack(inputs[k : k + batch_size]))
            for k in range(0, len(inputs), batch_size)
        ]
        return self.head.verdict(torch.cat(batches))

    def save_pretrained(self, directory: str | os.PathLike[str]) -> None:
        save_model(ImageModel(self.backbone, self.head, self.config, self.weights), Path(directory), self.name)


def _window(path: Path, span: Span, wanted: list[float], seen: dict[float, Verdict], problem: str) -> Answer:
    """The mean of those frames of a window that were seen."""
    found = [seen[time_s] for time_s in wanted if time_s in seen]
    lost = len(wanted) - len(found)
    remark = f"{path}: {lost} of {len(wanted)} frames from {span[0]:g} to {span[1]:g} s {problem}" if lost else None
    if not found:
        return Answer(None, "error", remark, span)
    return Answer(mean_of(joined(found)), "partial" if lost else "ok", remark, span)
