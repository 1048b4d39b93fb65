"""Metrics with bootstrap intervals: classification, calibration, regression, multi-label. In numpy."""

from emolens.metrics.interval import Interval
from emolens.metrics.summary import classification_metrics, multilabel_metrics, regression_metrics

__all__ = ["Interval", "classification_metrics", "multilabel_metrics", "regression_metrics"]
