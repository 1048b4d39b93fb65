"""Answers beside targets, on the rows that have both.

Legend: N rows of the split, M rows with both, C classes.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from emolens.evaluation.score.answers import Answers
from emolens.evaluation.score.targets import Targets

AFFECT = ("valence", "arousal")

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]


class LabelPairs(NamedTuple):
    """One label a row: ``row_M`` places in the split, ``score_MC`` probabilities, ``target_M`` class indices."""

    row_M: Ints
    score_MC: Floats
    target_M: Ints


class MultiLabelPairs(NamedTuple):
    """A set of labels a row: ``row_M`` places in the split, ``target_MC`` whether each label applies."""

    row_M: Ints
    score_MC: Floats
    target_MC: Bools


class AffectPairs(NamedTuple):
    """Valence or arousal: ``row_M`` places in the split, ``value_M`` answered, ``target_M`` rated, in [-1, 1]."""

    row_M: Ints
    value_M: Floats
    target_M: Floats


@dataclass(frozen=True)
class Pairs:
    """Everything of one model on one split that can be scored.

    Attributes:
        label: rows with scores and one label; None where there is no such row.
        multi_label: rows with scores and a list of labels; None where there is no such row.
        affect: "valence", "arousal" -> rows with both an answer and a rating; only those that have such a row.
    """

    label: LabelPairs | None
    multi_label: MultiLabelPairs | None
    affect: Mapping[str, AffectPairs]

    def within(self, where_N: Bools) -> "Pairs":
        """Only the rows where ``where_N``, bool (N,), is true."""
        label, multi_label, affect = self.label, self.multi_label, {}
        if label is not None:
            kept_M = where_N[label.row_M]
            label = LabelPairs(label.row_M[kept_M], label.score_MC[kept_M], label.target_M[kept_M])
        if multi_label is not None:
            row_M, score_MC, target_MC = multi_label
            kept_M = where_N[row_M]
            multi_label = MultiLabelPairs(row_M[kept_M], score_MC[kept_M], target_MC[kept_M])
        for name, (row_M, value_M, target_M) in self.affect.items():
            kept_M = where_N[row_M]
            affect[name] = AffectPairs(row_M[kept_M], value_M[kept_M], target_M[kept_M])
        return _with_rows(label, multi_label, affect)


def pair(answers: Answers, targets: Targets) -> Pairs:
    """Put the answers beside the targets; rows without the one or the other are left out."""
    label = multi_label = None
    if answers.score_NC is not None:
        scored_N = np.isfinite(answers.score_NC).all(axis=1)
        if targets.label_N is not None:
            row_M = np.flatnonzero(scored_N & (targets.label_N >= 0))
            label = LabelPairs(row_M, answers.score_NC[row_M], targets.label_N[row_M])
        if targets.label_NC is not None:
            row_M = np.flatnonzero(scored_N & targets.label_NC.any(axis=1))
            multi_label = MultiLabelPairs(row_M, answers.score_NC[row_M], targets.label_NC[row_M])
    affect = {}
    for name in AFFECT:
        value_N, target_N = answers.affect(name), targets.affect(name)
        if value_N is not None and target_N is not None:
            row_M = np.flatnonzero(np.isfinite(value_N + target_N))
            affect[name] = AffectPairs(row_M, value_N[row_M], target_N[row_M])
    return _with_rows(label, multi_label, affect)


def _with_rows(label: LabelPairs | None, multi_label: MultiLabelPairs | None, affect: dict[str, AffectPairs]) -> Pairs:
    return Pairs(
        label if label is not None and len(label.row_M) else None,
        multi_label if multi_label is not None and len(multi_label.row_M) else None,
        {name: pairs for name, pairs in affect.items() if len(pairs.row_M)},
    )
