"""What a training is going to do, in numbers, before it does it."""

import os
from dataclasses import dataclass

from emolens.training.optim import OptimizerConfig
from emolens.training.sampler import EpochSampler
from emolens.training.trainer_config import TrainerConfig

FEW_STEPS = 2  # steps an epoch, at or below which a batch is too large for its split: an epoch hardly moves the weights
ENOUGH_STEPS = 10  # what the proposal aims at


@dataclass(frozen=True)
class Plan:
    """Batches, steps and rates of a training.

    Attributes:
        samples: what a sample is called.
        rows: of the training split.
        batch: samples of a step.
        processes, micro_batches: what a step is shared by.
        epochs: passes over the split.
        optimizer: with its peak rate, scaled to the batch.
        whole: whether the whole split was asked for as one batch.
    """

    samples: str
    rows: int
    batch: int
    processes: int
    micro_batches: int
    epochs: int
    optimizer: OptimizerConfig
    whole: bool

    @staticmethod
    def of(trainer: TrainerConfig, optimizer: OptimizerConfig, rows: int, samples: str, processes: int = 1) -> "Plan":
        """The plan of a config on so many rows.

        Raises:
            ConfigError: the batch cannot be dealt evenly to processes and micro-batches.
        """
        sampler = EpochSampler(
            rows, trainer.batch_size, world_size=processes, micro_batches=trainer.accumulate, shuffle=True
        )
        batch = sampler.batch_size
        curve = optimizer.for_batch(batch)
        whole = trainer.batch_size == 0
        return Plan(samples, rows, batch, processes, trainer.accumulate, trainer.epochs, curve, whole)

    @property
    def steps_per_epoch(self) -> int:
        return self.rows // self.batch

    def __str__(self) -> str:
        """One line."""
        parts = self.processes * self.micro_batches
        names = [f"{n} {what}" for n, what in ((self.processes, "processes"), (self.micro_batches, "micro-batches"))]
        split = " x ".join(name for name in names if not name.startswith("1 "))
        shared = f" ({split} of {self.batch // parts})" if split else ""
        steps = f"{self.steps_per_epoch:,} {'step' if self.steps_per_epoch == 1 else 'steps'} an epoch"
        total = f"{self.steps_per_epoch * self.epochs:,} in all"
        line = f"plan: {self.rows:,} {self.samples} to train on, batch {self.batch:,}{shared}, {steps}, {total}"
        if self.optimizer.algorithm != "adamw":
            return f"{line} (L-BFGS)"
        warmup = round(self.optimizer.warmup_epochs * self.steps_per_epoch)
        return f"{line}; peak rate {self.optimizer.lr:.3g}" + (f" after {warmup:,} steps of warm-up" if warmup else "")

    @property
    def warning(self) -> str | None:
        """A line on a batch that leaves next to no steps, with one that leaves more; None where there are enough."""
        few = self.steps_per_epoch <= FEW_STEPS and self.optimizer.algorithm == "adamw" and not self.whole
        parts = self.processes * self.micro_batches
        better = parts
        while better * 2 * ENOUGH_STEPS <= self.rows:
            better *= 2
        if not few or better >= self.batch:
            return None
        used = self.steps_per_epoch * self.batch
        unused = f", of {used:,} of the {self.rows:,} {self.samples}" if used < self.rows else ""
        steps = f"{self.steps_per_epoch} {'step' if self.steps_per_epoch == 1 else 'steps'} an epoch{unused}"
        return (
            f"warning: a batch of {self.batch:,} leaves {steps}; "
            f"--batch-size {better} gives {self.rows // better} steps"
        )


def is_first_process() -> bool:
    """Whether this one is to speak for all."""
    return os.environ.get("RANK", "0") == "0"
