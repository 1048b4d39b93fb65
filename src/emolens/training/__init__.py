"""How a model is trained: a config and a manifest in; a run folder out."""

from typing import TYPE_CHECKING

from emolens.lazy import attach

if TYPE_CHECKING:
    from emolens.training.fit_probe import fit_probe as fit_probe
    from emolens.training.jobs.config import JobConfig as JobConfig
    from emolens.training.jobs.job import Job as Job
    from emolens.training.optim import OptimizerConfig as OptimizerConfig
    from emolens.training.tasks.task import Task as Task
    from emolens.training.trainer import FitResult as FitResult
    from emolens.training.trainer import Trainer as Trainer
    from emolens.training.trainer_config import TrainerConfig as TrainerConfig

__getattr__, __dir__, __all__ = attach(
    __name__,
    {
        "FitResult": "emolens.training.trainer",
        "Job": "emolens.training.jobs.job",
        "JobConfig": "emolens.training.jobs.config",
        "OptimizerConfig": "emolens.training.optim",
        "Task": "emolens.training.tasks.task",
        "Trainer": "emolens.training.trainer",
        "TrainerConfig": "emolens.training.trainer_config",
        "fit_probe": "emolens.training.fit_probe",
    },
)
