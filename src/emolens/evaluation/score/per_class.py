"""How well each label is answered, with intervals.

Legend: N rows, C classes, R resamples.
"""

from dataclasses import replace

import numpy as np
import numpy.typing as npt

from emolens.metrics import Interval
from emolens.metrics.bootstrap import bootstrap_intervals
from emolens.metrics.multilabel import weighted_average_precision

Floats = npt.NDArray[np.float64]
PerClass = dict[str, dict[str, Interval]]


def per_class_metrics(
    score_NC: Floats,
    target_N: npt.NDArray[np.int64],
    labels: tuple[str, ...],
    groups: npt.NDArray[np.int64] | None = None,
    seed: int = 0,
) -> PerClass:
    """Recall, precision and F1 of each label that some row is rated as; ``n`` is the number of those rows.

    Args:
        score_NC: (N, C), finite.
        target_N: class indices in [0, C).
        labels: C names.
        groups: (N,) what the bootstrap resamples together.
        seed: of the bootstrap.

    Returns:
        label -> "recall", "precision" (NaN where the label is never predicted), "f1".
    """
    eye_CC = np.eye(len(labels))
    true_NC, said_NC = eye_CC[target_N], eye_CC[score_NC.argmax(axis=1)]
    hit_NC = true_NC * said_NC

    def statistics(weight_RN: Floats) -> dict[str, Floats]:
        hits_RC, true_RC, said_RC = weight_RN @ hit_NC, weight_RN @ true_NC, weight_RN @ said_NC
        with np.errstate(invalid="ignore", divide="ignore"):
            kinds = {
                "recall": hits_RC / true_RC,
                "precision": hits_RC / said_RC,
                "f1": 2 * hits_RC / (true_RC + said_RC),
            }
        return {f"{kind}/{c}": value_RC[:, c] for kind, value_RC in kinds.items() for c in range(len(labels))}

    return _by_label(bootstrap_intervals(statistics, len(target_N), groups, seed), labels, true_NC.sum(axis=0))


def per_label_precision(
    score_NC: Floats,
    target_NC: npt.NDArray[np.bool_],
    labels: tuple[str, ...],
    groups: npt.NDArray[np.int64] | None = None,
    seed: int = 0,
) -> PerClass:
    """Average precision of each label in a multi-label data set; ``n`` is the number of rows that have it.

    Args:
        score_NC: (N, C), finite, the higher the likelier.
        target_NC: which labels apply.
        labels, groups, seed: as :func:`per_class_metrics`.

    Returns:
        label -> "average_precision", for labels that some row has.
    """
    true_NC = target_NC.astype(np.float64)

    def statistics(weight_RN: Floats) -> dict[str, Floats]:
        weight_NR = np.ascontiguousarray(weight_RN.T)
        return {
            f"average_precision/{c}": weighted_average_precision(score_NC[:, c], true_NC[:, c], weight_NR)
            for c in range(len(labels))
        }

    return _by_label(bootstrap_intervals(statistics, len(score_NC), groups, seed), labels, true_NC.sum(axis=0))


def _by_label(found: dict[str, Interval], labels: tuple[str, ...], support_C: Floats) -> PerClass:
    table: PerClass = {label: {} for c, label in enumerate(labels) if support_C[c]}
    for name, interval in found.items():
        kind, c = name.split("/")
        if support_C[int(c)]:
            table[labels[int(c)]][kind] = replace(interval, n=int(support_C[int(c)]))
    return table
