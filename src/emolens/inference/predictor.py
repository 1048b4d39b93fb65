"""A model that is ready to say what pictures evoke.

Legend: N inputs, D embedding.
"""

import os
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import torch

from emolens.inference.encode import encode_files
from emolens.inference.heads import Head
from emolens.inference.inputs import expand_inputs
from emolens.inference.results import Prediction, Predictions
from emolens.models.backbone import Backbone
from emolens.models.verdict import Verdict
from emolens.progress import progress
from emolens.taxonomy import LabelSpace, get_label_space

VIDEO_SUFFIXES = frozenset((".mp4", ".mov", ".mkv", ".webm", ".avi", ".m4v"))


class Predictor:
    """A frozen backbone and a head on it.

    Args:
        name: for tables and the ``model`` column.
        backbone, head: what encodes, and what judges.
        config: what :func:`emolens.inference.pretrained.save_pretrained` writes beside the weights.
        cache: folder of the embedding cache; None embeds anew.
    """

    def __init__(
        self, name: str, backbone: Backbone, head: Head, config: dict[str, Any], cache: Path | None = None
    ) -> None:
        self.name, self.backbone, self.head, self.config, self.cache = name, backbone, head, config, cache

    @property
    def label_space(self) -> LabelSpace | None:
        """The space the scores are in; None for a model of valence and arousal that was given none."""
        return self.head.space

    @property
    def mapping(self) -> str:
        """How scores reach ``label_space``: native, exact, text or valence_arousal."""
        return self.head.mapping

    @property
    def gives_point(self) -> bool:
        """Whether valence and arousal are the model's own, not expected from its scores."""
        return self.head.gives_point

    @property
    def backbone_spec(self) -> str:
        return self.backbone.spec

    def retarget(self, label_space: LabelSpace | str) -> "Predictor":
        """The same model answering in another label space."""
        head = self.head.retarget(get_label_space(label_space))
        return Predictor(self.name, self.backbone, head, self.config, self.cache)

    def predict(
        self,
        inputs: str | os.PathLike[str] | Sequence[str | os.PathLike[str]],
        batch_size: int = 32,
        workers: int | None = None,
    ) -> Predictions:
        """Predict files, folders, patterns and lists of files; a progress bar shows on a terminal.

        Args:
            inputs: see :func:`emolens.inference.inputs.expand_inputs`; a list of files gives a row each, in order.
            batch_size: pictures that go through the model together.
            workers: threads that decode; None chooses.

        Returns:
            One row a file; one that cannot be read has status ``error`` and says why.

        Raises:
            DataError: a folder without pictures or a pattern without matches.
        """
        given = [inputs] if isinstance(inputs, (str, os.PathLike)) else inputs
        paths = expand_inputs(os.fspath(one) for one in given)
        rows: list[Prediction | None] = [None] * len(paths)
        with progress(f"predict ({self.name})", len(paths)) as advance:
            for index, row in self.iterate(paths, batch_size, workers):
                rows[index] = row
                advance()
        return Predictions([row for row in rows if row is not None])

    def iterate(
        self, paths: Sequence[Path], batch_size: int = 32, workers: int | None = None
    ) -> Iterator[tuple[int, Prediction]]:
        """Yield (number of the path, row) as they are done; each path once."""
        pictures = [i for i, path in enumerate(paths) if path.suffix.lower() not in VIDEO_SUFFIXES]
        for i in sorted(set(range(len(paths))) - set(pictures)):
            error = f"{paths[i]}: is a video; this version reads pictures. Extract frames and predict those"
            yield i, self._failed(paths[i], error, media="video")
        for rows, embedding_BD, errors in self._embed([paths[i] for i in pictures], batch_size, workers):
            good = [k for k, row in enumerate(rows) if row not in errors]
            verdict = self.head.verdict(torch.from_numpy(embedding_BD[good])) if good else None
            for row in rows:
                if row in errors:
                    yield pictures[row], self._failed(paths[pictures[row]], errors[row])
            for place, k in enumerate(good):
                assert verdict is not None
                yield pictures[rows[k]], self._row(paths[pictures[rows[k]]], verdict, place)

    def _embed(
        self, paths: list[Path], batch_size: int, workers: int | None
    ) -> Iterator[tuple[list[int], np.ndarray[Any, Any], dict[int, str]]]:
        if self.cache is None:
            for batch in encode_files(self.backbone, paths, batch_size=batch_size, workers=workers):
                yield batch.index, batch.embedding_BD, batch.errors
            return
        from emolens.inference.cache import EmbeddingCache

        embedded = EmbeddingCache(self.cache, self.backbone).embed(paths, batch_size=batch_size, workers=workers)
        yield list(range(len(paths))), embedded.embedding_ND, embedded.errors

    def _failed(self, path: Path, error: str, media: str = "image") -> Prediction:
        return replace(self._empty(path), status="error", error=error, media=media)

    @staticmethod
    def source_of(path: Path) -> str:
        """The ``source`` of the row of a path: a file name may hold bytes that are no text, a row may not."""
        return os.fsencode(path).decode("utf-8", "backslashreplace")

    def _empty(self, path: Path) -> Prediction:
        return Prediction(
            self.source_of(path),
            model=self.name,
            label_space=self.label_space.name if self.label_space else None,
        )

    def _row(self, path: Path, verdict: Verdict, place: int) -> Prediction:
        row = self._empty(path)
        space, score_NC = verdict.label_space, verdict.score_NC
        if space is not None and score_NC is not None:
            best = int(score_NC[place].argmax())
            row = replace(
                row,
                label=space.labels[best],
                score=float(score_NC[place, best]),
                scores=dict(zip(space.labels, score_NC[place].tolist(), strict=True)),
                polarity=space.polarity[best],
            )
        valence = None if verdict.valence_N is None else float(verdict.valence_N[place])
        arousal = None if verdict.arousal_N is None else float(verdict.arousal_N[place])
        return replace(row, valence=valence, arousal=arousal)

    def save_pretrained(self, directory: str | os.PathLike[str]) -> None:
        """Write ``config.json``, ``model.safetensors`` and a model card; :func:`emolens.load` reads them."""
        from emolens.inference.pretrained import save_pretrained

        save_pretrained(self, Path(directory))

    @classmethod
    def from_pretrained(cls, name: str, **options: Any) -> "Predictor":
        """Load a folder, or a repository of the Hugging Face hub; ``options`` as of :func:`emolens.load`."""
        from emolens.inference.load import load

        return load(f"run:{name}" if Path(name).is_dir() else f"hub:{name}", **options)

    def push_to_hub(self, repository: str, private: bool = False, token: str | None = None) -> str:
        """Upload to the Hugging Face hub as USER/REPO; returns its address."""
        from emolens.inference.pretrained import push_to_hub

        return push_to_hub(self, repository, private=private, token=token)
