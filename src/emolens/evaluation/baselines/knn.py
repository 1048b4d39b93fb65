"""k nearest neighbours: how well a frozen encoder places pictures, with nothing trained.

Legend: N pictures asked about, M pictures of the train split, D embedding width, K neighbours, C labels,
R continuous targets, V = C + R votes.
"""

import os
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn.functional import normalize

from emolens.data.manifest import Manifest
from emolens.embedding.cache import EmbeddingCache
from emolens.errors import ConfigError, DataError
from emolens.evaluation.score.targets import Targets, read_targets
from emolens.heads.heads import FixedHead
from emolens.inference.image_predictor import ImagePredictor
from emolens.models.backbones.base import Backbone
from emolens.models.verdict import Verdict
from emolens.runs.config import DataFacts, RunConfig, TrainingFacts
from emolens.taxonomy import LabelSpace

Floats = NDArray[np.float64]

CHUNK = 1024  # pictures asked about at once: with a million neighbours their similarities take 4 GB


@dataclass(frozen=True)
class KnnConfig:
    """How neighbours vote; the values of DINO (Caron et al. 2021, arXiv 2104.14294, section 4.1).

    Attributes:
        neighbours: K, the nearest by cosine; all of them where the train split has fewer.
        temperature: a neighbour's vote weighs exp(cosine / temperature).
    """

    neighbours: int = 20
    temperature: float = 0.07

    def __post_init__(self) -> None:
        if self.neighbours < 1 or self.temperature <= 0:
            raise ConfigError(
                f"k-NN: neighbours ({self.neighbours}) must be at least 1, temperature ({self.temperature}) positive"
            )


class Neighbours(nn.Module):
    """The pictures that vote.

    Args:
        embedding_MD: float32, shape (M, D), finite.
        vote_MV: what each neighbour says, float64, shape (M, V): a share for each label, or a value in [-1, 1]; NaN
            where it says nothing.
        config: how they vote.
        targets: names of the last columns, R of "valence", "arousal"; those before are labels.
        several: whether a neighbour may have several labels.
    """

    embedding_MD: Tensor
    vote_MV: Tensor

    def __init__(
        self,
        embedding_MD: Tensor,
        vote_MV: Tensor,
        config: KnnConfig,
        targets: tuple[str, ...] = (),
        multi_label: bool = False,
    ) -> None:
        super().__init__()
        self.config, self.targets, self.multi_label = config, targets, multi_label
        self.register_buffer("embedding_MD", normalize(embedding_MD, dim=1))
        self.register_buffer("vote_MV", vote_MV)

    def forward(self, embedding_ND: Tensor) -> Tensor:
        """The weighted mean vote of the K nearest, float64, shape (N, V).

        A column counts only those that say something of it, so its K nearest may be others than the next column's.
        """
        answer_NV = torch.empty(len(embedding_ND), self.vote_MV.shape[1], dtype=torch.float64)
        # Columns that the same neighbours know share one search: all the labels do.
        patterns_PM, of_V = torch.unique(torch.isfinite(self.vote_MV).T, dim=0, return_inverse=True)
        for pattern, known_M in enumerate(patterns_PM):
            column_U = torch.nonzero(of_V == pattern).flatten()
            vote_MU = self.vote_MV[known_M][:, column_U]
            near_MD = self.embedding_MD[known_M]
            count = min(self.config.neighbours, len(near_MD))
            for start in range(0, len(embedding_ND), CHUNK):
                query_BD = normalize(embedding_ND[start : start + CHUNK], dim=1)
                cosine_BK, index_BK = (query_BD @ near_MD.T).topk(count, dim=1)
                # softmax is exp(cosine / temperature) over its sum, without overflow at small temperatures
                weight_BK = (cosine_BK.double() / self.config.temperature).softmax(dim=1)
                answer_BU = torch.einsum("bk,bku->bu", weight_BK, vote_MU[index_BK])
                answer_NV[start : start + CHUNK, column_U] = answer_BU
        return answer_NV


class KnnHead(FixedHead):
    """Labels by the weighted vote of the neighbours; valence and arousal by their weighted mean.

    Where rows have several labels, the score of each is the weighted share of neighbours that have it.
    """

    kind = "knn"

    def __init__(self, module: nn.Module, own_label_space: LabelSpace | None, space: LabelSpace | None = None) -> None:
        super().__init__(module, own_label_space, space)
        assert isinstance(module, Neighbours)
        self.gives_point = {"valence", "arousal"} <= set(module.targets)
        self.multi_label = module.multi_label

    def own_verdict(self, embedding_ND: Tensor) -> Verdict:
        assert isinstance(self.module, Neighbours)
        vote_NV = self.module(embedding_ND).numpy()
        labels = len(self.own_label_space) if self.own_label_space else 0
        value = dict(zip(self.module.targets, vote_NV[:, labels:].T, strict=True))
        return Verdict(
            label_space=self.own_label_space,
            score_NC=vote_NV[:, :labels] if self.own_label_space is not None else None,
            valence_N=value.get("valence"),
            arousal_N=value.get("arousal"),
        )


def knn_predictor(
    backbone: Backbone,
    manifest: Manifest,
    config: KnnConfig | None = None,
    cache: str | os.PathLike[str] | None = None,
    batch_size: int = 32,
    workers: int | None = None,
    split: str = "train",
) -> ImagePredictor:
    """A predictor whose neighbours are the pictures of one split, and of no other.

    Args:
        backbone: any frozen encoder.
        manifest: the data set; only the rows of ``split`` are embedded.
        config: K and temperature.
        cache: folder of the embeddings, from which the test split is read too; None for none.
        batch_size: pictures that go through the model together.
        workers: pictures decoded at once; None chooses.

    Raises:
        DataError: no such split, videos in it, nothing rated in it, or none of its pictures can be read.
    """
    config = config or KnnConfig()
    targets = read_targets(manifest, split)
    if targets.has_videos:
        raise DataError(f"{targets.data} has videos; nearest neighbours are found among pictures")
    folder = Path(cache) if cache is not None else None
    embedding_MD, problem = _embed(backbone, targets, folder, batch_size, workers)
    vote_MV, names = _votes(targets)
    keep_M = np.isfinite(embedding_MD).all(axis=1) & targets.has_target_N
    if not np.isfinite(vote_MV[keep_M]).any(axis=0).all():
        raise DataError(f'{targets.data}, split "{split}": too few of its pictures can be read; the first: {problem}')
    multi_label = targets.label_N is None and targets.label_NC is not None
    embedding_MD, vote_MV = embedding_MD[keep_M], vote_MV[keep_M]
    module = Neighbours(torch.from_numpy(embedding_MD), torch.from_numpy(vote_MV), config, names, multi_label)
    facts = TrainingFacts(
        recipe=f"{config.neighbours} nearest neighbours (cosine, temperature {config.temperature:g})",
        # As a trained run keeps them: so that a test on the neighbours themselves is told to be none.
        data=DataFacts(dataset=targets.dataset or None, splits=manifest.freeze_splits().metadata["splits"]),
    )
    head = KnnHead(module, targets.space if targets.has_labels else None)
    return ImagePredictor(f"knn:{backbone.spec}", backbone, head, RunConfig("knn", training=facts), folder)


def _embed(
    backbone: Backbone, targets: Targets, cache: Path | None, batch_size: int, workers: int | None
) -> tuple[NDArray[np.float32], str | None]:
    """(M, D) float32 with NaN rows for pictures that cannot be read, and why the first of those cannot."""
    if cache is not None:
        embedded = EmbeddingCache(cache, backbone).embed(list(targets.path_N), batch_size, workers)
        return np.asarray(embedded.embedding_ND), next(iter(embedded.errors.values()), None)
    from emolens.embedding.encode import encode_files

    parts, errors = [], {}
    for batch in encode_files(backbone, list(targets.path_N), batch_size, workers):
        parts.append(batch.embedding_BD)
        errors.update(batch.errors)
    return np.concatenate(parts), next(iter(errors.values()), None)


def _votes(targets: Targets) -> tuple[Floats, tuple[str, ...]]:
    """(M, V): a column a label, then one a continuous target, whose names follow; NaN where a row says nothing."""
    columns, names = [], []
    if targets.label_N is not None and targets.space is not None:
        one_hot_MC = np.eye(len(targets.space))[targets.label_N]
        one_hot_MC[targets.label_N < 0] = np.nan
        columns.append(one_hot_MC)
    elif targets.label_NC is not None:
        shares_MC = targets.label_NC.astype(np.float64)
        shares_MC[~targets.label_NC.any(axis=1)] = np.nan
        columns.append(shares_MC)
    for name in ("valence", "arousal"):
        if (value_M := targets.affect(name)) is not None:
            columns.append(value_M[:, None])
            names.append(name)
    return np.concatenate(columns, axis=1), tuple(names)
