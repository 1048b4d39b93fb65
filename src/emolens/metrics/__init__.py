"""Metrics in numpy: predictions and targets in; numbers with 95% bootstrap intervals out."""

from typing import TYPE_CHECKING, Any

_HOMES = {
    "Interval": "emolens.metrics.interval",
    "PerClass": "emolens.metrics.classification",
    "ReliabilityCurve": "emolens.metrics.calibration",
    "accuracy": "emolens.metrics.classification",
    "average_precision": "emolens.metrics.multilabel",
    "bootstrap_intervals": "emolens.metrics.bootstrap",
    "brier_score": "emolens.metrics.calibration",
    "classification_metrics": "emolens.metrics.summary",
    "concordance": "emolens.metrics.regression",
    "confusion_matrix": "emolens.metrics.classification",
    "expected_calibration_error": "emolens.metrics.calibration",
    "macro_f1": "emolens.metrics.classification",
    "mean_average_precision": "emolens.metrics.multilabel",
    "multilabel_metrics": "emolens.metrics.summary",
    "pearson_r": "emolens.metrics.regression",
    "per_class": "emolens.metrics.classification",
    "polarity_accuracy": "emolens.metrics.classification",
    "regression_metrics": "emolens.metrics.summary",
    "reliability_curve": "emolens.metrics.calibration",
    "root_mean_squared_error": "emolens.metrics.regression",
    "unweighted_average_recall": "emolens.metrics.classification",
    "weighted_f1": "emolens.metrics.classification",
}
__all__ = [
    "Interval",
    "PerClass",
    "ReliabilityCurve",
    "accuracy",
    "average_precision",
    "bootstrap_intervals",
    "brier_score",
    "classification_metrics",
    "concordance",
    "confusion_matrix",
    "expected_calibration_error",
    "macro_f1",
    "mean_average_precision",
    "multilabel_metrics",
    "pearson_r",
    "per_class",
    "polarity_accuracy",
    "regression_metrics",
    "reliability_curve",
    "root_mean_squared_error",
    "unweighted_average_recall",
    "weighted_f1",
]

if TYPE_CHECKING:
    from emolens.metrics.bootstrap import bootstrap_intervals
    from emolens.metrics.calibration import ReliabilityCurve, brier_score, expected_calibration_error, reliability_curve
    from emolens.metrics.classification import (
        PerClass,
        accuracy,
        confusion_matrix,
        macro_f1,
        per_class,
        polarity_accuracy,
        unweighted_average_recall,
        weighted_f1,
    )
    from emolens.metrics.interval import Interval
    from emolens.metrics.multilabel import average_precision, mean_average_precision
    from emolens.metrics.regression import concordance, pearson_r, root_mean_squared_error
    from emolens.metrics.summary import classification_metrics, multilabel_metrics, regression_metrics


def __getattr__(name: str) -> Any:
    if name in _HOMES:
        from importlib import import_module

        return getattr(import_module(_HOMES[name]), name)
    raise AttributeError(f"module '{__name__}' has no attribute '{name}'")


def __dir__() -> list[str]:
    return list(__all__)
