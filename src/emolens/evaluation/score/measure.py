"""Answers against targets: every metric that the two allow, with intervals.

Legend: N rows, C classes.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from emolens.evaluation.score.answers import Answers
from emolens.evaluation.score.pairs import Pairs, pair
from emolens.evaluation.score.partial_answers import PartialAnswers
from emolens.evaluation.score.per_class import PerClass, per_class_metrics, per_label_precision
from emolens.evaluation.score.per_polarity import polarity_metrics
from emolens.evaluation.score.targets import Targets
from emolens.metrics import Interval, classification_metrics, multilabel_metrics, regression_metrics
from emolens.metrics.interval import metrics_json

Breakdown = dict[str, dict[str, dict[str, Interval]]]
HEADLINE = ("accuracy", "uar", "map", "valence/pearson_r", "arousal/pearson_r")  # what tables open with


@dataclass(frozen=True)
class MetricSet:
    """The numbers of one model on one split.

    Attributes:
        metrics: name -> value, 95% interval and n.
        per_class: label -> recall, precision, F1 (average precision in a multi-label data set).
        breakdown: column -> value -> the metrics of its rows alone, of the columns of ``targets``; values sorted.
        n_total: rows of the split.
        n_scored: rows that counted in at least one metric.
        n_failed: rows that the model gave no answer for (unreadable files, errors).
        n_without_target: rows that the data set gives no target for.
        partial: rows answered from a part of the file.
        pairs: the rows behind the numbers.
    """

    metrics: dict[str, Interval]
    per_class: PerClass
    breakdown: Breakdown
    n_total: int
    n_scored: int
    n_failed: int
    n_without_target: int
    partial: PartialAnswers
    pairs: Pairs = field(repr=False, compare=False)

    @property
    def headline(self) -> dict[str, Interval]:
        """The few that tables open with."""
        return {name: self.metrics[name] for name in HEADLINE if name in self.metrics}


def measure(answers: Answers, targets: Targets, seed: int = 0) -> MetricSet:
    """Score ``answers`` against ``targets``; rows without an answer or a target are left out and counted.

    The bootstrap resamples whole groups where the targets have groups: related rows (one theme, one actor) are not
    independent, and resampling them one by one would make the intervals too narrow. The rows of one group alone (a
    breakdown by the group itself) are resampled one by one: that interval is of this group, not of all such.

    Args:
        answers: of a model, aligned with ``targets``.
        targets: the ground truth.
        seed: of the bootstrap.
    """
    failed_N = np.zeros(len(targets), dtype=bool)
    failed_N[list(answers.errors)] = True
    pairs = pair(answers, targets)
    return MetricSet(
        metrics=_metrics(pairs, targets, seed),
        per_class=_per_class(pairs, targets, seed),
        breakdown={column: _by_value(pairs, values, targets, seed) for column, values in targets.columns.items()},
        n_total=len(targets),
        n_scored=int((targets.has_target_N & ~failed_N).sum()),
        n_failed=int(failed_N.sum()),
        n_without_target=int((~targets.has_target_N & ~failed_N).sum()),
        partial=PartialAnswers.of(answers),
        pairs=pairs,
    )


def rows_of(metrics: Mapping[str, Interval]) -> int:
    """How many rows are behind the metrics of one value of a breakdown."""
    return max((m.n for m in metrics.values()), default=0)


def by_json(breakdown: Breakdown) -> dict[str, Any]:
    """For ``metrics.json``: column -> value -> metric -> {"value", "low", "high", "n"}."""
    return {
        column: {value: metrics_json(metrics) for value, metrics in values.items()}
        for column, values in breakdown.items()
    }


def _by_value(pairs: Pairs, values: tuple[str, ...], targets: Targets, seed: int) -> dict[str, dict[str, Interval]]:
    """The metrics of the rows of each value; none where no row of it was scored."""
    value_N, found = np.asarray(values, dtype=object), {}
    for value in sorted(set(values)):
        where_N = value_N == value
        one_group = targets.group_N is not None and len(np.unique(targets.group_N[where_N])) == 1
        part = replace(targets, group_N=None) if one_group else targets
        found[value] = _metrics(pairs.within(where_N), part, seed)
    return found


def _metrics(pairs: Pairs, targets: Targets, seed: int) -> dict[str, Interval]:
    found: dict[str, Interval] = {}
    if (one := pairs.label) is not None and targets.space is not None:
        groups = targets.groups(one.row_M)
        found |= classification_metrics(one.score_MC, one.target_M, targets.space, groups, seed)
        found |= polarity_metrics(one.score_MC, one.target_M, targets.space, groups, seed)
    if (many := pairs.multi_label) is not None:
        found |= multilabel_metrics(many.score_MC, many.target_MC, targets.groups(many.row_M), seed)
    for name, (row_M, value_M, target_M) in pairs.affect.items():
        found |= regression_metrics(value_M, target_M, name, targets.groups(row_M), seed)
    return found


def _per_class(pairs: Pairs, targets: Targets, seed: int) -> PerClass:
    labels = targets.space.labels if targets.space is not None else ()
    if (one := pairs.label) is not None:
        return per_class_metrics(one.score_MC, one.target_M, labels, targets.groups(one.row_M), seed)
    if (many := pairs.multi_label) is not None:
        return per_label_precision(many.score_MC, many.target_MC, labels, targets.groups(many.row_M), seed)
    return {}
