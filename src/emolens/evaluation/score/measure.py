"""Answers against targets: every metric that the two allow, with intervals.

Legend: N rows, C classes.
"""

from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from emolens.evaluation.score.answers import Answers
from emolens.evaluation.score.limits import PartialAnswers
from emolens.evaluation.score.pairs import pair_affect, pair_label, pair_labels
from emolens.evaluation.score.per_class import PerClass, per_class_metrics, per_label_precision
from emolens.evaluation.score.per_polarity import polarity_metrics
from emolens.evaluation.score.targets import Targets
from emolens.metrics import Interval, classification_metrics, multilabel_metrics, regression_metrics

Bools = npt.NDArray[np.bool_]

HEADLINE = ("accuracy", "uar", "map", "valence/pearson_r", "arousal/pearson_r")  # what tables open with


@dataclass(frozen=True)
class MetricSet:
    """The numbers of one model on one split.

    Attributes:
        metrics: name -> value, 95% interval and n.
        per_class: label -> recall, precision, F1 (or average precision where rows have several labels).
        domains: domain -> the same, on its rows alone; empty without a ``domain`` column.
        n_total: rows of the split.
        n_scored: rows that counted in at least one metric.
        n_failed: rows that the model gave no answer for (unreadable files, errors).
        n_without_target: rows that the data set gives no target for.
        limits: rows answered from a part of the file.
    """

    metrics: dict[str, Interval]
    per_class: PerClass
    domains: dict[str, dict[str, Interval]]
    n_total: int
    n_scored: int
    n_failed: int
    n_without_target: int
    limits: PartialAnswers = field(default_factory=PartialAnswers)

    @property
    def headline(self) -> dict[str, Interval]:
        """The few that tables open with."""
        return {name: self.metrics[name] for name in HEADLINE if name in self.metrics}


def measure(answers: Answers, targets: Targets, seed: int = 0) -> MetricSet:
    """Score ``answers`` against ``targets``; rows without an answer or a target are left out and counted.

    The bootstrap resamples whole groups where the targets have groups: related rows (one theme, one actor) are not
    independent, and resampling them one by one would make the intervals too narrow.
    """
    failed_N = np.zeros(len(targets), dtype=bool)
    failed_N[list(answers.errors)] = True
    domains: dict[str, dict[str, Interval]] = {}
    if targets.domain_N is not None:
        domain_N = np.asarray(targets.domain_N, dtype=object)
        for domain in sorted(set(targets.domain_N)):
            domains[domain] = _metrics(answers, targets, seed, domain_N == domain)
    return MetricSet(
        metrics=_metrics(answers, targets, seed),
        per_class=_per_class(answers, targets, seed),
        domains=domains,
        n_total=len(targets),
        n_scored=int((targets.has_target_N & ~failed_N).sum()),
        n_failed=int(failed_N.sum()),
        n_without_target=int((~targets.has_target_N & ~failed_N).sum()),
        limits=PartialAnswers.of(answers),
    )


def _metrics(answers: Answers, targets: Targets, seed: int, where_N: Bools | None = None) -> dict[str, Interval]:
    found: dict[str, Interval] = {}
    if (one := pair_label(answers, targets, where_N)) is not None and targets.space is not None:
        groups = targets.groups(one.row_M)
        found |= classification_metrics(one.score_MC, one.target_M, targets.space, groups, seed)
        found |= polarity_metrics(one.score_MC, one.target_M, targets.space, groups, seed)
    if (multi_label := pair_labels(answers, targets, where_N)) is not None:
        found |= multilabel_metrics(
            multi_label.score_MC, multi_label.target_MC, targets.groups(multi_label.row_M), seed
        )
    for name in ("valence", "arousal"):
        if (pairs := pair_affect(answers, targets, name, where_N)) is not None:
            found |= regression_metrics(pairs.value_M, pairs.target_M, name, targets.groups(pairs.row_M), seed)
    return found


def _per_class(answers: Answers, targets: Targets, seed: int) -> PerClass:
    labels = targets.space.labels if targets.space is not None else ()
    if (one := pair_label(answers, targets)) is not None:
        return per_class_metrics(one.score_MC, one.target_M, labels, targets.groups(one.row_M), seed)
    if (multi_label := pair_labels(answers, targets)) is not None:
        return per_label_precision(
            multi_label.score_MC, multi_label.target_MC, labels, targets.groups(multi_label.row_M), seed
        )
    return {}
