"""What is trained: a model, its losses, what a batch must hold, and how it is validated."""

import math
from abc import ABC, abstractmethod
from collections.abc import Iterable, Mapping, Sequence

import torch
from torch import Tensor, nn

from emolens.training.seeds import seed_of
from emolens.training.tensor_table import Batch


class Step:
    """Which optimiser step a forward pass belongs to, and which part of it this is.

    A plain class: lightning-fabric takes dataclasses among the inputs of a module apart, to look for tensors.

    Args:
        seed: of the run.
        number: of the step, from 0.
        rows: row numbers of the whole step, over all processes and micro-batches, in order.
        part: this pass has ``rows[part::parts]``.
        parts: processes x micro-batches.
    """

    __slots__ = ("number", "part", "parts", "rows", "seed")

    def __init__(self, seed: int, number: int, rows: Sequence[int], part: int = 0, parts: int = 1) -> None:
        self.seed, self.number, self.rows, self.part, self.parts = seed, number, rows, part, parts

    def share(self, part: int, parts: int) -> "Step":
        """The same step, seen from one of its parts."""
        return Step(self.seed, self.number, self.rows, part, parts)

    @property
    def part_rows(self) -> Sequence[int]:
        """Row numbers of this part."""
        return self.rows[self.part :: self.parts]

    @property
    def part_seed(self) -> int:
        """Seed for what this part draws by itself, such as drop path."""
        return seed_of(self.seed, self.number, self.part)


class Task(nn.Module, ABC):
    """Model and losses behind one ``forward``, so that one trainer, and DDP, serve every method.

    Attributes:
        keys: what a batch must hold; the trainer checks the first one. ``row`` stays on the CPU.
        model: the part that is saved.
        judged_by: validation metrics, the higher the better, whose mean says which of two epochs is more accurate;
            none where a task has no such metric.
    """

    keys: tuple[str, ...]
    judged_by: tuple[str, ...] = ()
    model: nn.Module

    @abstractmethod
    def forward(self, batch: Batch, step: Step) -> dict[str, Tensor]:
        """Return the named parts of the loss, scalars; training minimises their sum.

        Each is a mean over samples, so that the mean over the parts of a step is that of the whole step.
        """

    def merit(self, metrics: Mapping[str, float], by: str = "loss") -> tuple[float, float]:
        """What two epochs are compared by, the better one having the higher; minus infinity stands for what is missing.

        Args:
            metrics: of :meth:`validate`; empty before the first epoch.
            by: "loss", or "accuracy": the mean of what the task is judged by, and the loss where that is equal.
        """
        known = [metrics[name] for name in self.judged_by if name in metrics]
        accuracy = sum(known) / len(known) if known else -math.inf
        return accuracy if by == "accuracy" else 0.0, -metrics.get("loss", math.inf)

    @abstractmethod
    def judge(self, batch: Batch) -> dict[str, Tensor]:
        """What :meth:`metrics` must know of one validation batch.

        Tensors of one dimension or more; those of one name are joined along the first, over the batches in the order of
        the split, whichever process has judged them. Every batch gives the same names.
        """

    @abstractmethod
    def metrics(self, judged: Mapping[str, Tensor]) -> dict[str, float]:
        """Metrics over the whole validation split, from what its batches gave; ``loss`` must be among them, lower is
        better."""

    def validate(self, batches: Iterable[Batch]) -> dict[str, float]:
        """Judge all batches here and return the metrics."""
        return self.metrics(joined([self.judge(batch) for batch in batches]))


def joined(judged: Sequence[Mapping[str, Tensor]]) -> dict[str, Tensor]:
    """What one batch or more have given, as one."""
    return {name: torch.cat([one[name] for one in judged]) for name in judged[0]}
