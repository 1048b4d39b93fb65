"""Is the best model better? Paired bootstrap on the rows that both answered.

Legend: N rows, C classes, R resamples.
"""

import math
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

import numpy as np
import numpy.typing as npt

from emolens.evaluation.comparison import Difference, Entry
from emolens.evaluation.score.measure import HEADLINE
from emolens.evaluation.score.pairs import AffectPairs, LabelPairs, MultiLabelPairs, Pairs
from emolens.evaluation.score.targets import Targets
from emolens.metrics import Interval
from emolens.metrics.bootstrap import bootstrap_intervals
from emolens.metrics.multilabel import weighted_average_precision
from emolens.metrics.regression import regression_statistics

Floats = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]
Statistic = Callable[[Floats], Floats]  # weights (R, N) -> metric (R,)
ROUNDING = 5e-4  # what three decimals hide is no difference

Scored = LabelPairs | MultiLabelPairs | AffectPairs


def differences_to_best(entries: Sequence[Entry], targets: dict[str, Targets], seed: int) -> list[Difference]:
    """For each data set and headline metric: the best entry minus each other one that has the metric.

    Left out: a model without a defined value (the correlation of a constant), and one that knew the rows from training.
    """
    found = []
    for data, part in targets.items():
        for metric in HEADLINE:
            scored: list[tuple[float, str, Pairs]] = []
            for entry in entries:
                cell = entry.cells[data]
                if cell.warning is not None or cell.measured is None or metric not in cell.measured.metrics:
                    continue
                value = cell.measured.metrics[metric].value
                if math.isfinite(value):
                    scored.append((value, entry.name, cell.measured.pairs))
            if not scored:
                continue
            best = max(scored, key=lambda one: one[0])
            for other in scored:
                if other is not best:
                    interval = paired_difference(metric, best[2], other[2], part, seed)
                    if interval is not None:
                        found.append(Difference(data, metric, best[1], other[1], interval))
    return found


def paired_difference(metric: str, a: Pairs, b: Pairs, targets: Targets, seed: int = 0) -> Interval | None:
    """A metric of ``a`` minus that of ``b``, both recomputed on the same resampled rows (or groups).

    Args:
        metric: one of ``HEADLINE``.
        a, b: the answers of two models beside the same targets.
        targets: the ground truth.
        seed: of the bootstrap.

    Returns:
        The difference with its 95% interval, n = rows that both answered; None where there is no such row.
    """
    where_N = _answered(metric, a, targets) & _answered(metric, b, targets)
    if not where_N.any():
        return None
    first, second = STATISTICS[metric](a.within(where_N)), STATISTICS[metric](b.within(where_N))

    def statistics(weight_RN: Floats) -> dict[str, Floats]:
        return {"difference": first(weight_RN) - second(weight_RN)}

    groups = targets.groups(np.flatnonzero(where_N))
    return bootstrap_intervals(statistics, int(where_N.sum()), groups, seed)["difference"]


def _answered(metric: str, pairs: Pairs, targets: Targets) -> Bools:
    """Rows that count in the metric, bool (N,)."""
    kinds: dict[str, Scored | None] = {"accuracy": pairs.label, "uar": pairs.label, "map": pairs.multi_label}
    scored = kinds[metric] if metric in kinds else pairs.affect.get(metric.partition("/")[0])
    found_N = np.zeros(len(targets), dtype=bool)
    if scored is not None:
        found_N[scored.row_M] = True
    return found_N


def _accuracy(pairs: Pairs) -> Statistic:
    assert pairs.label is not None
    hit_M = (pairs.label.score_MC.argmax(axis=1) == pairs.label.target_M).astype(np.float64)
    return lambda weight_RN: weight_RN @ hit_M / weight_RN.sum(axis=1)


def _uar(pairs: Pairs) -> Statistic:
    assert pairs.label is not None
    _, score_MC, target_M = pairs.label
    hit_M = (score_MC.argmax(axis=1) == target_M).astype(np.float64)
    true_MC = np.eye(score_MC.shape[1])[target_M]
    return lambda weight_RN: _mean_recall(hit_M, true_MC, weight_RN)


def _map(pairs: Pairs) -> Statistic:
    assert pairs.multi_label is not None
    _, score_MC, target_MC = pairs.multi_label
    return lambda weight_RN: _mean_precision(score_MC, target_MC.astype(np.float64), weight_RN)


def _correlation(name: str, pairs: Pairs) -> Statistic:
    _, value_M, target_M = pairs.affect[name]
    return lambda weight_RN: regression_statistics(value_M, target_M, weight_RN)["pearson_r"]


STATISTICS: dict[str, Callable[[Pairs], Statistic]] = {
    "accuracy": _accuracy,
    "uar": _uar,
    "map": _map,
    "valence/pearson_r": partial(_correlation, "valence"),
    "arousal/pearson_r": partial(_correlation, "arousal"),
}


def _mean_recall(hit_N: Floats, true_NC: Floats, weight_RN: Floats) -> Any:
    support_RC = weight_RN @ true_NC
    hits_RC = weight_RN @ (true_NC * hit_N[:, None])
    recall_RC = np.divide(hits_RC, support_RC, out=np.zeros_like(hits_RC), where=support_RC > 0)
    return recall_RC.sum(axis=1) / (support_RC > 0).sum(axis=1)


def _mean_precision(score_NC: Floats, target_NC: Floats, weight_RN: Floats) -> Any:
    """Mean over the labels that some weighted row has; their set is that of the resample."""
    weight_NR = np.ascontiguousarray(weight_RN.T)
    columns = range(score_NC.shape[1])
    each_CR = np.stack([weighted_average_precision(score_NC[:, c], target_NC[:, c], weight_NR) for c in columns])
    defined_CR = np.isfinite(each_CR)
    count_R = defined_CR.sum(axis=0)
    sum_R = np.where(defined_CR, each_CR, 0).sum(axis=0)
    return np.divide(sum_R, count_R, out=np.full(len(sum_R), np.nan), where=count_R > 0)
