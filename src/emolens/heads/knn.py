"""k nearest neighbours: how well a frozen encoder places pictures, with nothing trained.

Legend: N pictures asked about, M pictures of the train split, D embedding width, K neighbours, C labels,
R continuous targets, V = C + R votes.
"""

from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn.functional import normalize

from emolens.errors import ConfigError
from emolens.heads.answers import Answers
from emolens.heads.base import MappedHead
from emolens.taxonomy import LabelSpace

CHUNK = 1024  # pictures asked about at once: with a million neighbours their similarities take 4 GB


@dataclass(frozen=True)
class KnnConfig:
    """How neighbours vote; the values of DINO (Caron et al. 2021, arXiv 2104.14294, section 4.1).

    Attributes:
        neighbours: K, the nearest by cosine; all of them where the train split has fewer.
        temperature: a neighbour's vote weighs exp(cosine / temperature).

    Raises:
        ConfigError: ``neighbours`` is below 1, or ``temperature`` is not positive.
    """

    neighbours: int = 20
    temperature: float = 0.07

    def __post_init__(self) -> None:
        if self.neighbours < 1 or self.temperature <= 0:
            raise ConfigError(
                f"k-NN: neighbours ({self.neighbours}) must be at least 1, temperature ({self.temperature}) positive"
            )


class Neighbours(nn.Module):
    """The pictures that vote; nothing in it is trained.

    Args:
        embedding_MD: float32, shape (M, D), finite.
        vote_MV: what each neighbour says, float64, shape (M, V): a share for each label, or a value in [-1, 1]; NaN
            where it says nothing.
        config: how they vote.
        targets: names of the last columns, R of "valence", "arousal"; those before are labels.
        multi_label: whether a neighbour may have several labels.
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
        """The weighted mean vote of the K nearest, float64, shape (N, V), for float32 embeddings, shape (N, D).

        Of each column only the neighbours with a value vote, so its K nearest may differ from the next column's.
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


class KnnHead(MappedHead):
    """Labels by the weighted vote of the neighbours; valence and arousal by their weighted mean.

    In a multi-label data set the score of each label is the weighted share of the neighbours that have it.
    """

    kind = "knn"

    def __init__(self, module: nn.Module, own_label_space: LabelSpace | None, space: LabelSpace | None = None) -> None:
        super().__init__(module, own_label_space, space)
        assert isinstance(module, Neighbours)
        self.gives_point = {"valence", "arousal"} <= set(module.targets)
        self.multi_label = module.multi_label

    def own_answers(self, embedding_ND: Tensor) -> Answers:
        assert isinstance(self.module, Neighbours)
        vote_NV = self.module(embedding_ND).numpy()
        labels = len(self.own_label_space) if self.own_label_space else 0
        score_NC = vote_NV[:, :labels] if self.own_label_space is not None else None
        values = zip(self.module.targets, vote_NV[:, labels:].T, strict=True)
        return Answers(self.own_label_space, score_NC, **{f"{name}_N": value_N for name, value_N in values})
