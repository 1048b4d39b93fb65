"""Models and data sets in; metrics with intervals, and a report that shows how each number came about, out.

:func:`emolens.evaluate` (one model on one data set) and :func:`emolens.compare` (models x data sets) are the two doors.
"""

from typing import TYPE_CHECKING

from emolens.lazy import attach

if TYPE_CHECKING:
    from emolens.evaluation.baselines.registry import list_baselines as list_baselines
    from emolens.evaluation.baselines.registry import register_baseline as register_baseline
    from emolens.evaluation.candidate import Candidate as Candidate
    from emolens.evaluation.candidate import Setting as Setting
    from emolens.evaluation.comparison import Comparison as Comparison
    from emolens.evaluation.evaluation import Evaluation as Evaluation
    from emolens.evaluation.report.write import write_comparison as write_comparison
    from emolens.evaluation.report.write import write_evaluation as write_evaluation
    from emolens.evaluation.score.answers import Answers as Answers
    from emolens.evaluation.score.measure import MetricSet as MetricSet
    from emolens.evaluation.score.measure import measure as measure
    from emolens.evaluation.score.targets import Targets as Targets
    from emolens.evaluation.score.targets import read_targets as read_targets

__getattr__, __dir__, __all__ = attach(
    __name__,
    {
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
    },
)
