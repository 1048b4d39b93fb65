"""What is trained: a model, its losses, what a batch must hold, and how it is judged while training."""

from abc import ABC, abstractmethod
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from torch import Tensor, nn

from emolens.training.seeds import seed_of
from emolens.training.tensor_table import Batch


@dataclass(frozen=True)
class Step:
    """Which optimiser step a forward pass belongs to, and which part of it this is.

    Attributes:
        seed: of the run.
        number: of the step, from 0.
        rows: row numbers of the whole step, over all processes and micro-batches, in order.
        part, parts: this pass has ``rows[part::parts]``; parts = processes x micro-batches.
    """

    seed: int
    number: int
    rows: Sequence[int]
    part: int = 0
    parts: int = 1

    @property
    def part_seed(self) -> int:
        """Seed for what this part draws by itself, such as drop path."""
        return seed_of(self.seed, self.number, self.part)


class Task(nn.Module, ABC):
    """Model and losses behind one ``forward``, so that one trainer, and DDP, serve every method.

    Attributes:
        keys: what a batch must hold.
        model: the part that is saved.
    """

    keys: tuple[str, ...]
    model: nn.Module

    def begin(self, step: Step) -> None:
        """Called before each forward pass in training; for tasks whose loss needs to know the step."""

    @abstractmethod
    def forward(self, batch: Batch) -> dict[str, Tensor]:
        """Return the named parts of the loss, scalars; training minimises their sum.

        Each is a mean over samples, so that the mean over the parts of a step is that of the whole step.
        """

    @abstractmethod
    def validate(self, batches: Iterable[Batch]) -> dict[str, float]:
        """Return figures over the whole validation split; ``loss`` must be among them, lower is better."""
