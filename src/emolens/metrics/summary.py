"""Every metric of a kind at once, each with its bootstrap interval; what ``metrics.json`` holds.

Legend: N rows, C classes, B bins, R resamples.

Rows without a prediction or a target are the caller's to leave out, and to count: metrics refuse NaN.
"""

import numpy as np
import numpy.typing as npt

from emolens.metrics.bootstrap import bootstrap_intervals
from emolens.metrics.calibration import BINS, confidence_bins, squared_errors
from emolens.metrics.classification import (
    accuracy,
    check_scores,
    hits_at,
    macro_f1,
    polarity_accuracy,
    unweighted_average_recall,
    weighted_f1,
)
from emolens.metrics.interval import Interval
from emolens.metrics.multilabel import check_multilabel, weighted_average_precision
from emolens.metrics.regression import check_pairs, regression_statistics
from emolens.taxonomy import LabelSpace

Floats = npt.NDArray[np.float64]


def classification_metrics(
    score_NC: npt.ArrayLike,
    target_N: npt.ArrayLike,
    space: LabelSpace,
    groups: npt.ArrayLike | None = None,
    seed: int = 0,
    resamples: int = 1000,
) -> dict[str, Interval]:
    """Single-label metrics with 95% intervals.

    Args:
        score_NC: probabilities over ``space``, (N, C), rows summing to 1.
        target_N: true class indices, (N,), in [0, C).
        space: the label space, C labels.
        groups, seed, resamples: as :func:`~emolens.metrics.bootstrap.bootstrap_intervals`.

    Returns:
        ``accuracy``, ``war`` (the same), ``uar``, ``weighted_f1``, ``macro_f1``, ``accuracy_at_3`` (where
        C > 3), ``polarity_accuracy`` (where the space has several polarities), ``ece`` (15 bins), ``brier``.

    Raises:
        ValueError: inputs that do not fit each other, or hold NaN.
    """
    score, target = check_scores(score_NC, target_N)
    count, classes = score.shape
    if classes != len(space):
        raise ValueError(f"scores have {classes} columns, but {space.name} has {len(space)} labels")
    pair_N = target * classes + score.argmax(axis=1)
    bin_N, confidence_N, hit_N = confidence_bins(score, target)
    gap_NB = np.zeros((count, BINS))
    gap_NB[np.arange(count), bin_N] = confidence_N - hit_N
    error_N = squared_errors(score, target)
    among_N = hits_at(score, target, 3).astype(np.float64)

    def statistics(weight_RN: Floats) -> dict[str, Floats]:
        rows, total_R = len(weight_RN), weight_RN.sum(axis=1)
        place_RN = classes**2 * np.arange(rows)[:, None] + pair_N
        counted = np.bincount(place_RN.ravel(), weights=weight_RN.ravel(), minlength=rows * classes**2)
        confusion = counted.reshape(rows, classes, classes)
        found = {
            "accuracy": accuracy(confusion),
            "war": accuracy(confusion),
            "uar": unweighted_average_recall(confusion),
            "weighted_f1": weighted_f1(confusion),
            "macro_f1": macro_f1(confusion),
        }
        if classes > 3:
            found["accuracy_at_3"] = weight_RN @ among_N / total_R
        if len(set(space.polarity)) > 1:
            found["polarity_accuracy"] = polarity_accuracy(confusion, space.polarity_index)
        found["ece"] = np.abs(weight_RN @ gap_NB).sum(axis=1) / total_R
        found["brier"] = weight_RN @ error_N / total_R
        return found

    return bootstrap_intervals(statistics, count, groups, seed, resamples)


def regression_metrics(
    predicted_N: npt.ArrayLike,
    target_N: npt.ArrayLike,
    prefix: str = "valence",
    groups: npt.ArrayLike | None = None,
    seed: int = 0,
    resamples: int = 1000,
) -> dict[str, Interval]:
    """``PREFIX/pearson_r``, ``PREFIX/ccc`` and ``PREFIX/rmse`` with 95% intervals.

    Args:
        predicted_N, target_N: (N,), finite, on one scale.
        prefix: what is predicted.
        groups, seed, resamples: as :func:`~emolens.metrics.bootstrap.bootstrap_intervals`.

    Raises:
        ValueError: shapes that differ, no rows, NaN.
    """
    predicted, target = check_pairs(predicted_N, target_N)

    def statistics(weight_RN: Floats) -> dict[str, Floats]:
        found = regression_statistics(predicted, target, weight_RN)
        return {f"{prefix}/{name}": value for name, value in found.items()}

    return bootstrap_intervals(statistics, len(target), groups, seed, resamples)


def multilabel_metrics(
    score_NC: npt.ArrayLike,
    target_NC: npt.ArrayLike,
    groups: npt.ArrayLike | None = None,
    seed: int = 0,
    resamples: int = 1000,
) -> dict[str, Interval]:
    """``map``, the mean average precision of the labels that have positives, with its 95% interval.

    Args:
        score_NC: (N, C), the higher the likelier.
        target_NC: (N, C), 0 or 1.
        groups, seed, resamples: as :func:`~emolens.metrics.bootstrap.bootstrap_intervals`.

    Raises:
        ValueError: shapes that differ, no rows, NaN, targets other than 0 and 1.
    """
    score, target = check_multilabel(score_NC, target_NC)

    def statistics(weight_RN: Floats) -> dict[str, Floats]:
        weight_NR = np.ascontiguousarray(weight_RN.T)
        every_CR = np.stack(
            [weighted_average_precision(score[:, c], target[:, c], weight_NR) for c in range(score.shape[1])]
        )
        defined_CR = ~np.isnan(every_CR)
        labels_R = defined_CR.sum(axis=0)
        sum_R = np.where(defined_CR, every_CR, 0).sum(axis=0)
        return {"map": np.divide(sum_R, labels_R, out=np.full(len(sum_R), np.nan), where=labels_R > 0)}

    return bootstrap_intervals(statistics, len(score), groups, seed, resamples)
