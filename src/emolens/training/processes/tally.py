"""What the steps of a training gave, told to the host where it does not hold up the device.

Legend: W processes, A micro-batches of a step, P loss parts.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from emolens.training.tasks.task import Step


@dataclass
class Told:
    """Figures of one optimiser step of all processes.

    Attributes:
        step: which one, and of which rows.
        names: of the P figures.
        value_WAP: float32, on the host once ``ready`` has happened.
        lr: learning rate of the step.
        ready: None where nothing is to be waited for.
    """

    step: Step
    names: Sequence[str]
    value_WAP: Tensor
    lr: float
    ready: Any = None

    def values(self) -> list[list[list[float]]]:
        """By process and micro-batch; waits until they are there."""
        if self.ready is not None:
            self.ready.synchronize()
        found: list[list[list[float]]] = self.value_WAP.tolist()
        return found


class Tally:
    """Keeps figures until they are asked for.

    On a GPU the host runs ahead: it reads the figures of a step when the next one is already queued, so that the GPU
    never waits for it. On a CPU nothing runs ahead, and a step's figures are read at once.

    Args:
        device: that computes the figures.
    """

    def __init__(self, device: torch.device) -> None:
        self.ahead = 1 if device.type == "cuda" else 0
        self._waiting: list[Told] = []

    def add(self, step: Step, names: Sequence[str], value_WAP: Tensor, lr: float) -> None:
        """Begin to bring figures to the host."""
        ready = None
        value_WAP = value_WAP.detach().to("cpu", non_blocking=True)
        if self.ahead:
            ready = torch.cuda.Event()  # type: ignore[no-untyped-call]
            ready.record()
        self._waiting.append(Told(step, names, value_WAP, lr, ready))

    def take(self, step: int) -> list[Told]:
        """Figures that can be read in optimiser step ``step`` without waiting for it, oldest first."""
        return self._take(step - self.ahead)

    def take_all(self) -> list[Told]:
        """All that is left, after waiting for it."""
        return self._take(None)

    def _take(self, last: int | None) -> list[Told]:
        taken = [told for told in self._waiting if last is None or told.step.number <= last]
        self._waiting = self._waiting[len(taken) :]
        return taken
