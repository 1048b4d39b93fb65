"""What every recipe returns: a config that knows how it is trained."""

from abc import ABC, abstractmethod
from typing import TYPE_CHECKING, ClassVar

from emolens.training.optim import OptimizerConfig
from emolens.training.trainer_config import TrainerConfig

if TYPE_CHECKING:
    from emolens.training.jobs.job import Job
    from emolens.training.trainer import FitResult


class JobConfig(ABC):
    """Base of the configs, which are frozen dataclasses with a field for each thing that can be overridden.

    Attributes:
        optimizer: how the weights move.
        trainer: for how long, and in what batches.
        samples: what a sample is called where speed is reported.
        embeds: whether it trains on embeddings of a frozen backbone.
        learns_labels: whether labels are what it learns from.
        caches: whether embeddings are kept, and read, in a cache.
    """

    optimizer: OptimizerConfig
    trainer: TrainerConfig
    samples: ClassVar[str] = "images"
    embeds: ClassVar[bool] = False
    learns_labels: ClassVar[bool] = True
    caches: ClassVar[bool] = False

    @abstractmethod
    def train(self, job: "Job") -> "FitResult":
        """Train, and leave a finished run in the folder of the job.

        Raises:
            ConfigError: the config does not fit the data, or the run folder holds another run.
            DataError: a split or a column is missing, no row is usable, or a loss is not finite.
            WeightsError: weights to start from are missing or do not fit.
        """

    def follow_up(self, job: "Job") -> str:
        """The command that comes next, for people."""
        return f"emolens evaluate run:{job.out} --data {job.data} --split test --out {job.out}/test"
