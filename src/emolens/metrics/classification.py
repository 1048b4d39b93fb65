"""Single-label metrics, all from confusion matrices.

Legend: N rows, C classes; ... any leading axes, so that a stack of matrices (one a resample) costs one call.
A matrix counts true classes in rows, predicted ones in columns.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Integers = npt.NDArray[np.int64]


def check_scores(score_NC: npt.ArrayLike, target_N: npt.ArrayLike) -> tuple[Floats, Integers]:
    """The inputs as float64 and int64 arrays, once they are found fit.

    Raises:
        ValueError: shapes that do not fit, no rows, NaN, rows that are no probabilities, targets outside
            [0, C).
    """
    score, target = np.asarray(score_NC, dtype=np.float64), np.asarray(target_N)
    if score.ndim != 2 or target.shape != score.shape[:1]:
        raise ValueError(f"scores {score.shape} and targets {target.shape} must be of shapes (N, C) and (N,)")
    if len(score) == 0:
        raise ValueError("no rows to compute metrics on")
    if not np.isfinite(score).all():
        raise ValueError("scores hold NaN or infinity; leave out the rows that have no prediction")
    if (score < -1e-6).any() or (np.abs(score.sum(axis=1) - 1) > 1e-3).any():
        raise ValueError("each row of scores must be probabilities that sum to 1")
    _check_classes(target, score.shape[1], "target")
    return score, target.astype(np.int64)


def _check_classes(index_N: npt.NDArray[np.generic], num_classes: int, what: str) -> None:
    if not np.issubdtype(index_N.dtype, np.integer):
        raise ValueError(f"{what} must be class indices, not {index_N.dtype}")
    if len(index_N) and (index_N.min() < 0 or index_N.max() >= num_classes):
        raise ValueError(
            f"{what} must lie in [0, {num_classes}), not {index_N.min()} to {index_N.max()}; "
            "leave out the rows that have no label"
        )


def confusion_matrix(predicted_N: npt.ArrayLike, target_N: npt.ArrayLike, num_classes: int) -> Integers:
    """Counts (C, C), int64: true classes in rows, predicted ones in columns.

    Args:
        predicted_N, target_N: class indices in [0, C), shape (N,).
        num_classes: C.

    Raises:
        ValueError: the shapes differ, or an index lies outside.
    """
    predicted, target = np.asarray(predicted_N), np.asarray(target_N)
    if predicted.shape != target.shape or target.ndim != 1:
        raise ValueError(f"predicted {predicted.shape} and target {target.shape} must be of one shape (N,)")
    _check_classes(predicted, num_classes, "predicted")
    _check_classes(target, num_classes, "target")
    pair_N = target.astype(np.int64) * num_classes + predicted
    return np.bincount(pair_N, minlength=num_classes**2).reshape(num_classes, num_classes)


def accuracy(confusion: npt.ArrayLike) -> Floats:
    """Part of the rows that are right, (...,), in [0, 1]. The same as WAR, the recall weighted by support."""
    counts = np.asarray(confusion, dtype=np.float64)
    return _over(np.trace(counts, axis1=-2, axis2=-1), counts.sum(axis=(-2, -1)))


def unweighted_average_recall(confusion: npt.ArrayLike) -> Floats:
    """UAR: mean recall of the classes that have targets, (...,), in [0, 1] (Schuller et al. 2009)."""
    each = per_class(confusion)
    return _mean_where(each.recall, each.support > 0)


def macro_f1(confusion: npt.ArrayLike) -> Floats:
    """Mean F1 of the classes that have targets or predictions, (...,), in [0, 1]; as scikit-learn has it."""
    counts = np.asarray(confusion, dtype=np.float64)
    each = per_class(counts)
    return _mean_where(each.f1, each.support + counts.sum(axis=-2) > 0)


def weighted_f1(confusion: npt.ArrayLike) -> Floats:
    """Mean F1 weighted by support, (...,), in [0, 1]."""
    each = per_class(confusion)
    return _over((each.f1 * each.support).sum(axis=-1), each.support.sum(axis=-1))


def polarity_accuracy(confusion: npt.ArrayLike, polarity: Sequence[int]) -> Floats:
    """Part of the rows whose predicted label has the polarity of the true one, in [0, 1].

    Args:
        confusion: (..., C, C).
        polarity: (C,) polarity of each class, as ``LabelSpace.polarity_index`` gives it. Neutral is a polarity
            like the others.
    """
    counts = np.asarray(confusion, dtype=np.float64)
    sign_C = np.asarray(polarity)
    same_CC = sign_C[:, None] == sign_C[None, :]
    return _over((counts * same_CC).sum(axis=(-2, -1)), counts.sum(axis=(-2, -1)))


@dataclass(frozen=True)
class PerClass:
    """Figures of each class, each (..., C), float64.

    A recall without targets, a precision without predictions and an F1 without either are 0.
    """

    recall: Floats
    precision: Floats
    f1: Floats
    support: Floats


def per_class(confusion: npt.ArrayLike) -> PerClass:
    """Recall, precision, F1 and support of each class from a confusion matrix (..., C, C)."""
    counts = np.asarray(confusion, dtype=np.float64)
    hits = np.diagonal(counts, axis1=-2, axis2=-1)
    support, predicted = counts.sum(axis=-1), counts.sum(axis=-2)
    recall, precision = _over(hits, support, 0), _over(hits, predicted, 0)
    return PerClass(recall, precision, _over(2 * hits, support + predicted, 0), support)


def hits_at(score_NC: npt.ArrayLike, target_N: npt.ArrayLike, k: int) -> npt.NDArray[np.bool_]:
    """Whether each target is among the ``k`` highest scores, (N,); of equal scores the lower index comes first."""
    score, target = check_scores(score_NC, target_N)
    own_N1 = score[np.arange(len(target)), target][:, None]
    before_NC = (score > own_N1) | ((score == own_N1) & (np.arange(score.shape[1]) < target[:, None]))
    result: npt.NDArray[np.bool_] = before_NC.sum(axis=1) < k
    return result


def _over(part: Floats, whole: Floats, otherwise: float = np.nan) -> Floats:
    part, whole = np.asarray(part, dtype=np.float64), np.asarray(whole, dtype=np.float64)
    return np.divide(part, whole, out=np.full(part.shape, otherwise, dtype=np.float64), where=whole > 0)


def _mean_where(values: Floats, where: npt.NDArray[np.bool_]) -> Floats:
    return _over((values * where).sum(axis=-1), where.sum(axis=-1))
