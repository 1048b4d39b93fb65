"""Metrics in numpy: predictions and targets in; numbers with 95% bootstrap intervals out."""

from typing import TYPE_CHECKING

from emolens.lazy import attach

if TYPE_CHECKING:
    from emolens.metrics.bootstrap import bootstrap_intervals as bootstrap_intervals
    from emolens.metrics.calibration import ReliabilityCurve as ReliabilityCurve
    from emolens.metrics.calibration import brier_score as brier_score
    from emolens.metrics.calibration import expected_calibration_error as expected_calibration_error
    from emolens.metrics.calibration import reliability_curve as reliability_curve
    from emolens.metrics.classification import PerClass as PerClass
    from emolens.metrics.classification import accuracy as accuracy
    from emolens.metrics.classification import confusion_matrix as confusion_matrix
    from emolens.metrics.classification import macro_f1 as macro_f1
    from emolens.metrics.classification import per_class as per_class
    from emolens.metrics.classification import polarity_accuracy as polarity_accuracy
    from emolens.metrics.classification import unweighted_average_recall as unweighted_average_recall
    from emolens.metrics.classification import weighted_f1 as weighted_f1
    from emolens.metrics.interval import Interval as Interval
    from emolens.metrics.multilabel import average_precision as average_precision
    from emolens.metrics.multilabel import mean_average_precision as mean_average_precision
    from emolens.metrics.regression import concordance as concordance
    from emolens.metrics.regression import pearson_r as pearson_r
    from emolens.metrics.regression import root_mean_squared_error as root_mean_squared_error
    from emolens.metrics.summary import classification_metrics as classification_metrics
    from emolens.metrics.summary import multilabel_metrics as multilabel_metrics
    from emolens.metrics.summary import regression_metrics as regression_metrics

__getattr__, __dir__, __all__ = attach(
    __name__,
    {
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
    },
)
