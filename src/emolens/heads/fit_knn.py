"""A k-NN head from a data set: the pictures of its train split become the neighbours.

Legend: M pictures of the split, D embedding width, C labels, R continuous targets, V = C + R votes.
"""

import os
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from emolens.compute import ComputeConfig
from emolens.data.manifest import Manifest
from emolens.data.persons import view_boxes
from emolens.embedding.cache import EmbeddingCache
from emolens.embedding.encode import encode_files
from emolens.errors import DataError
from emolens.heads.knn import KnnConfig, KnnHead, Neighbours
from emolens.models.backbones.base import Backbone
from emolens.people.crop import View

TARGETS = ("valence", "arousal")

Floats = NDArray[np.float64]


def fit_knn(
    backbone: Backbone,
    manifest: Manifest,
    config: KnnConfig | None = None,
    *,
    split: str = "train",
    view: View = "scene",
    cache: str | os.PathLike[str] | None = None,
    batch_size: int = 32,
    compute: ComputeConfig | None = None,
) -> tuple[KnnHead, dict[str, Any]]:
    """A head whose neighbours are the pictures of one split, and of no other. Nothing is trained.

    Args:
        backbone: any frozen encoder.
        manifest: the data set; only the rows of ``split`` are embedded.
        config: K and temperature; those of DINO if not given.
        split: which rows vote.
        view: whether whole pictures vote, or the persons in the manifest's boxes.
        cache: folder of the embeddings, read from and added to; None for none.
        batch_size: pictures that go through the backbone together.
        compute: of it, only ``workers`` is used: the backbone already has its device and precision.

    Returns:
        The head, and the facts that a trained run keeps (``recipe``, and ``data`` with the splits), by which an
        evaluation knows that the neighbours themselves are no test.

    Raises:
        DataError: no such split, videos in it, no targets in it, no boxes for the view of persons, or too few of its
            pictures can be read.
    """
    config, compute = config or KnnConfig(), compute or ComputeConfig()
    part = manifest.select(split)
    name = str(manifest.metadata.get("dataset") or manifest.root.name or "data")
    if (part.frame["media"] != "image").any():
        raise DataError(f"{name} has videos; nearest neighbours are found among pictures")
    vote_MV, targets = _votes(part)
    if not np.isfinite(vote_MV).any():
        raise DataError(f'{name}, split "{split}": no row has a label, valence or arousal, so nothing can vote')
    embedding_MD, problem = _embed(backbone, part, view, cache, batch_size, compute.workers)
    keep_M = np.isfinite(embedding_MD).all(axis=1) & np.isfinite(vote_MV).any(axis=1)
    if not np.isfinite(vote_MV[keep_M]).any(axis=0).all():
        raise DataError(f'{name}, split "{split}": too few of its pictures can be read; the first: {problem}')
    space = part.space() if vote_MV.shape[1] > len(targets) else None
    module = Neighbours(
        torch.from_numpy(embedding_MD[keep_M]),
        torch.from_numpy(vote_MV[keep_M]),
        config,
        targets,
        multi_label=space is not None and not part.has("label"),
    )
    facts = {
        "recipe": f"{config.neighbours} nearest neighbours (cosine, temperature {config.temperature:g})",
        "data": {
            "dataset": manifest.metadata.get("dataset") or None,
            "splits": manifest.freeze_splits().metadata["splits"],
        },
    }
    return KnnHead(module, space), facts


def _embed(
    backbone: Backbone,
    part: Manifest,
    view: View,
    cache: str | os.PathLike[str] | None,
    batch_size: int,
    workers: int | None,
) -> tuple[NDArray[np.float32], str | None]:
    """(M, D) float32 with NaN rows for pictures that cannot be read, and why the first of those cannot."""
    paths, boxes = part.paths(), view_boxes(part, view)
    if cache is not None:
        embedded = EmbeddingCache(cache, backbone).embed(paths, batch_size, workers, boxes)
        return np.asarray(embedded.embedding_ND), next(iter(embedded.errors.values()), None)
    parts, errors = [], {}
    for batch in encode_files(backbone, paths, batch_size, workers, boxes=boxes):
        parts.append(batch.embedding_BD)
        errors.update(batch.errors)
    return np.concatenate(parts), next(iter(errors.values()), None)


def _votes(part: Manifest) -> tuple[Floats, tuple[str, ...]]:
    """(M, V): a column a label, then one a continuous target, whose names follow; NaN where a row has no value."""
    columns: list[Floats] = []
    space = part.space()
    if space is not None and part.has("label"):
        label_M = part.label_index()
        one_hot_MC = np.eye(len(space))[label_M]
        one_hot_MC[label_M < 0] = np.nan
        columns.append(one_hot_MC)
    elif space is not None and part.has("labels"):
        share_MC = part.label_matrix().astype(np.float64)
        share_MC[~share_MC.any(axis=1)] = np.nan
        columns.append(share_MC)
    targets = tuple(name for name in TARGETS if part.has(name))
    columns += [part.target(name)[:, None] for name in targets]
    return np.concatenate(columns, axis=1) if columns else np.full((len(part), 0), np.nan), targets
