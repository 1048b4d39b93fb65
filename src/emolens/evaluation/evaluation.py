"""What an evaluation found: one model on one split.

Legend: C classes.
"""

from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from emolens.data.protocol_use import ProtocolUse
from emolens.evaluation.report.predictions_table import predictions_table
from emolens.evaluation.report.provenance import versions
from emolens.evaluation.score.answers import Answers
from emolens.evaluation.score.measure import MetricSet, by_json
from emolens.evaluation.score.targets import Targets
from emolens.metrics.classification import confusion_matrix
from emolens.metrics.interval import Interval, metrics_json


@dataclass(frozen=True)
class Evaluation:
    """What :func:`~emolens.evaluation.evaluate.evaluate` found.

    Attributes:
        targets: the ground truth.
        answers: of the model, aligned with ``targets``.
        measured: metrics with intervals, overall and by the values of columns, and how many rows counted.
        description: what the model is, one line.
        protocol: how the data set was divided; None where its manifest carries no protocol.
        seed: of the bootstrap.
        command: the command line or call that made it.
        views: "scene" and "persons" -> the metrics of the model on whole pictures and on the persons in the boxes;
            empty unless both were asked about.
        modalities: "fused", "audio" and "video" -> the metrics of that answer; empty for a model that has only one.
        robustness: perturbation -> the metrics under it; empty unless asked for.
        warnings: reasons not to trust the numbers: the model was, or may have been, trained on these rows.
    """

    targets: Targets
    answers: Answers
    measured: MetricSet
    description: str
    seed: int
    command: str
    views: dict[str, MetricSet] = field(default_factory=dict)
    modalities: dict[str, MetricSet] = field(default_factory=dict)
    robustness: dict[str, MetricSet] = field(default_factory=dict)
    warnings: tuple[str, ...] = ()
    protocol: ProtocolUse | None = None

    @property
    def metrics(self) -> dict[str, Interval]:
        """Name -> value, 95% interval and n."""
        return self.measured.metrics

    def to_json(self) -> dict[str, Any]:
        """The content of ``metrics.json``."""
        targets, measured = self.targets, self.measured
        return {
            "metrics": metrics_json(measured.metrics),
            "model": self.answers.model,
            "description": self.description,
            "data": targets.data,
            "split": targets.split,
            "protocol": None if self.protocol is None else self.protocol.to_json(),
            "label_space": targets.space.name if targets.space is not None and targets.has_labels else None,
            "coarsened_from": targets.coarsened_from,
            "mapping": self.answers.mapping,
            "view": self.answers.view,
            "n_total": measured.n_total,
            "n_scored": measured.n_scored,
            "n_failed": measured.n_failed,
            "n_without_target": measured.n_without_target,
            **measured.partial.to_json(),
            "failed": [{"id": targets.id_N[row], "error": why} for row, why in sorted(self.answers.errors.items())],
            "per_class": {label: metrics_json(metrics) for label, metrics in measured.per_class.items()},
            "by": by_json(measured.breakdown),
            "views": {name: metrics_json(part.metrics) for name, part in self.views.items()},
            "modalities": {name: metrics_json(part.metrics) for name, part in self.modalities.items()},
            "robustness": {name: metrics_json(part.metrics) for name, part in self.robustness.items()},
            "confusion": self._confusion_json(),
            "warnings": list(self.warnings),
            "bootstrap": {"seed": self.seed, "resampled": "rows" if targets.group_N is None else "groups"},
            "ids_sha256": targets.ids_sha256,
            "command": self.command,
            "versions": versions(),
        }

    def to_pandas(self) -> pd.DataFrame:
        """Answers beside targets, one row a sample."""
        return predictions_table(self.answers, self.targets)

    @property
    def confusion(self) -> NDArray[np.int64] | None:
        """Counts, int64, shape (C, C), rows rated, columns predicted; None where no row has exactly one label."""
        pairs, space = self.measured.pairs.label, self.targets.space
        if pairs is None or space is None:
            return None
        return confusion_matrix(pairs.score_MC.argmax(axis=1), pairs.target_M, len(space))

    def _confusion_json(self) -> dict[str, Any] | None:
        counts_CC, space = self.confusion, self.targets.space
        if counts_CC is None or space is None:
            return None
        return {"labels": list(space.labels), "counts": counts_CC.tolist()}
