"""Answers beside targets, on the rows that have both.

Legend: N rows of the split, M rows with both, C classes.
"""

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from emolens.evaluation.score.answers import Answers
from emolens.evaluation.score.targets import Targets

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]


class LabelPairs(NamedTuple):
    """One label a row: ``row_M`` places in the split, ``score_MC`` probabilities, ``target_M`` class indices."""

    row_M: Ints
    score_MC: Floats
    target_M: Ints


class LabelsPairs(NamedTuple):
    """Several labels a row: ``target_MC`` tells which apply."""

    row_M: Ints
    score_MC: Floats
    target_MC: Bools


class AffectPairs(NamedTuple):
    """Valence or arousal, answered and rated, in [-1, 1]."""

    row_M: Ints
    value_M: Floats
    target_M: Floats


def pair_label(answers: Answers, targets: Targets, where_N: Bools | None = None) -> LabelPairs | None:
    """Rows with scores and one label, of those in ``where_N``; None where there is none."""
    if answers.score_NC is None or targets.label_N is None:
        return None
    row_M = _rows((targets.label_N >= 0) & np.isfinite(answers.score_NC).all(axis=1), where_N)
    return LabelPairs(row_M, answers.score_NC[row_M], targets.label_N[row_M]) if len(row_M) else None


def pair_labels(answers: Answers, targets: Targets, where_N: Bools | None = None) -> LabelsPairs | None:
    """Rows with scores and a list of labels, of those in ``where_N``; None where there is none."""
    if answers.score_NC is None or targets.label_NC is None:
        return None
    row_M = _rows(targets.label_NC.any(axis=1) & np.isfinite(answers.score_NC).all(axis=1), where_N)
    return LabelsPairs(row_M, answers.score_NC[row_M], targets.label_NC[row_M]) if len(row_M) else None


def pair_affect(answers: Answers, targets: Targets, name: str, where_N: Bools | None = None) -> AffectPairs | None:
    """Rows with ``name`` ("valence" or "arousal") answered and rated, of those in ``where_N``; None where none is."""
    value_N, target_N = answers.affect(name), targets.affect(name)
    if value_N is None or target_N is None:
        return None
    row_M = _rows(np.isfinite(value_N + target_N), where_N)
    return AffectPairs(row_M, value_N[row_M], target_N[row_M]) if len(row_M) else None


def _rows(found_N: npt.ArrayLike, where_N: Bools | None) -> Ints:
    return np.flatnonzero(found_N if where_N is None else np.asarray(found_N) & where_N)
