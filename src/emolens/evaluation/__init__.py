"""Models and data sets in; metrics with intervals, and a report that shows how each number came about, out.

:func:`emolens.evaluate` (one model on one data set) and :func:`emolens.compare` (models x data sets) are the two doors.
"""

from typing import TYPE_CHECKING, Any

_HOMES = {
    "Answers": "emolens.evaluation.score.answers",
    "Candidate": "emolens.evaluation.candidate",
    "Comparison": "emolens.evaluation.comparison",
    "Evaluation": "emolens.evaluation.evaluation",
    "MetricSet": "emolens.evaluation.score.measure",
    "Setting": "emolens.evaluation.candidate",
    "Targets": "emolens.evaluation.score.targets",
    "list_baselines": "emolens.evaluation.baselines.registry",
    "measure": "emolens.evaluation.score.measure",
    "read_targets": "emolens.evaluation.score.targets",
    "register_baseline": "emolens.evaluation.baselines.registry",
    "write_comparison": "emolens.evaluation.report.write",
    "write_evaluation": "emolens.evaluation.report.write",
}
__all__ = [
    "Answers",
    "Candidate",
    "Comparison",
    "Evaluation",
    "MetricSet",
    "Setting",
    "Targets",
    "list_baselines",
    "measure",
    "read_targets",
    "register_baseline",
    "write_comparison",
    "write_evaluation",
]

if TYPE_CHECKING:
    from emolens.evaluation.baselines.registry import list_baselines, register_baseline
    from emolens.evaluation.candidate import Candidate, Setting
    from emolens.evaluation.comparison import Comparison
    from emolens.evaluation.evaluation import Evaluation
    from emolens.evaluation.report.write import write_comparison, write_evaluation
    from emolens.evaluation.score.answers import Answers
    from emolens.evaluation.score.measure import MetricSet, measure
    from emolens.evaluation.score.targets import Targets, read_targets


def __getattr__(name: str) -> Any:
    if name in _HOMES:
        from importlib import import_module

        return getattr(import_module(_HOMES[name]), name)
    raise AttributeError(f"module '{__name__}' has no attribute '{name}'")


def __dir__() -> list[str]:
    return list(__all__)
