"""What is trained: a model, its losses, what a batch must hold, and how it is judged while training."""

from abc import ABC, abstractmethod
from collections.abc import Iterable

from torch import Tensor, nn

from emolens.training.tensor_table import Batch


class Task(nn.Module, ABC):
    """Model and losses behind one ``forward``, so that one trainer, and DDP, serve every method.

    Attributes:
        keys: what a batch must hold.
        model: the part that is saved.
    """

    keys: tuple[str, ...]
    model: nn.Module

    @abstractmethod
    def forward(self, batch: Batch) -> dict[str, Tensor]:
        """Return the named parts of the loss, scalars; training minimises their sum."""

    @abstractmethod
    def validate(self, batches: Iterable[Batch]) -> dict[str, float]:
        """Return figures over the whole validation split; ``loss`` must be among them, lower is better."""
