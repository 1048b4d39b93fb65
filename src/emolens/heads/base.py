"""From embeddings to answers.

Legend: N samples, D embedding, C labels.
"""

from abc import ABC, abstractmethod
from dataclasses import replace

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from emolens.errors import ConfigError
from emolens.heads.answers import Answers, mapping_of
from emolens.taxonomy import LabelSpace

Floats = NDArray[np.float64]


class Head(ABC):
    """Says what embeddings evoke, in one label space, and knows how it gets there.

    Attributes:
        kind: name in ``config.json``.
        own_label_space: the space the head was made for; None for regression alone, and for heads that ask by words.
        space: the space it answers in.
        module: what is saved; None where there is nothing to save.
        gives_point: whether valence and arousal are the head's own, not expected from its scores.
        multi_label: whether a picture may have several labels: scores in the head's own space are then independent
            degrees, of 0 to 1 or about that, and do not sum to 1. Other spaces are reached by their shares.
    """

    kind: str
    own_label_space: LabelSpace | None
    space: LabelSpace | None
    module: nn.Module | None = None
    gives_point: bool = False
    multi_label: bool = False

    @property
    @abstractmethod
    def mapping(self) -> str:
        """How scores reach ``space``: native, exact, text or valence_arousal."""

    @abstractmethod
    def answers(self, embedding_ND: Tensor) -> Answers:
        """What float32 embeddings, shape (N, D), evoke."""

    @abstractmethod
    def retarget(self, space: LabelSpace) -> "Head":
        """The same head answering in another label space.

        Raises:
            ConfigError: if nothing leads from what the head gives to these labels.
        """


class MappedHead(Head):
    """Answers in the label space it was trained on, or as a point; other spaces are mapped to.

    A subclass gives :meth:`own_answers`.

    Args:
        module: trained.
        own_label_space: of the module's labels; None for regression alone.
        space: of the answers; the own space if not given.
    """

    def __init__(self, module: nn.Module, own_label_space: LabelSpace | None, space: LabelSpace | None = None) -> None:
        self.module, self.own_label_space, self.space = module.eval(), own_label_space, space or own_label_space

    @property
    def mapping(self) -> str:
        return "native" if self.space is None else mapping_of(self.own_label_space, self.space, self.gives_point)

    @abstractmethod
    def own_answers(self, embedding_ND: Tensor) -> Answers:
        """The answers in the head's own space."""

    @torch.inference_mode()
    def answers(self, embedding_ND: Tensor) -> Answers:
        answers = self.own_answers(embedding_ND)
        own_NC = answers.score_NC
        if self.multi_label and own_NC is not None:
            answers = replace(answers, score_NC=_shares(own_NC))
        if self.space is not None:
            answers = answers.mapped(self.space)
        answers = answers.completed()
        return replace(answers, score_NC=own_NC) if self.multi_label and self.mapping == "native" else answers

    def retarget(self, space: LabelSpace) -> "MappedHead":
        assert self.module is not None
        if self.own_label_space is None and not self.gives_point:
            raise ConfigError(
                f"this {self.kind} predicts valence alone or arousal alone; labels ({space.name}) need labels or both"
            )
        return type(self)(self.module, self.own_label_space, space)


def _shares(degree_NC: Floats) -> Floats:
    """Independent degrees as parts of 1; equal parts where no label applies at all."""
    degree_NC = degree_NC.clip(0)
    mass_N1 = degree_NC.sum(axis=1, keepdims=True)
    return np.where(mass_N1 > 0, degree_NC / np.where(mass_N1 > 0, mass_N1, 1), 1 / degree_NC.shape[1])


def to_scores(score_NC: Tensor) -> Floats:
    """Probabilities in float64 whose rows sum to 1 to its precision."""
    score = score_NC.double().numpy()
    normalised: Floats = score / score.sum(axis=1, keepdims=True)
    return normalised


def clipped_targets(value_NR: Tensor, names: tuple[str, ...]) -> dict[str, Floats]:
    """Regressed columns as keyword arguments of :class:`Answers`, clipped to [-1, 1].

    A linear model knows no borders; the plane has them.

    Args:
        value_NR: float, shape (N, R).
        names: of the R columns, out of valence, arousal, dominance.
    """
    column_RN = value_NR.double().clamp(-1, 1).numpy().T
    return {f"{name}_N": column_N for name, column_N in zip(names, column_RN, strict=True)}
