"""What must survive a stop of a training."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from emolens.errors import DataError
from emolens.training.ema import WeightAverage
from emolens.training.tasks.task import Task


class RunState:
    """Where the run is, the best so far, and what the next step depends on.

    Args:
        task: its model's weights are the best until others are.
        average: of the weights, where there is one.
    """

    PLAIN = ("epoch", "step", "best_epoch", "finished", "metrics", "sums", "best")

    def __init__(self, task: Task, average: WeightAverage | None = None) -> None:
        self.task, self.average = task, average
        self.epoch = self.step = self.best_epoch = 0
        self.finished = False
        self.metrics: dict[str, float] = {}
        self.sums: dict[str, float] = {}
        self.best = on_cpu(task.model.state_dict())

    def keep(self, metrics: dict[str, float]) -> None:
        """The weights of now are the best."""
        self.best, self.metrics, self.best_epoch = on_cpu(self.task.model.state_dict()), metrics, self.epoch

    def dump(self, optimizer: Any) -> dict[str, Any]:
        generators = {"cpu": torch.get_rng_state()}
        if torch.cuda.is_available():
            generators["cuda"] = torch.cuda.get_rng_state()
        state = {
            "task": on_cpu(self.task.state_dict()),
            "optimizer": optimizer.state_dict(),
            "generators": generators,
            **{name: getattr(self, name) for name in self.PLAIN},
        }
        if self.average is not None:
            state["average"] = {"weights": on_cpu(self.average.average), "updates": self.average.updates}
        return state

    def restore(self, saved: Mapping[str, Any], optimizer: Any, run: Path) -> None:
        """Take over what :meth:`dump` gave.

        Raises:
            DataError: it is of another model.
        """
        try:
            self.task.load_state_dict(saved["task"])
            optimizer.load_state_dict(saved["optimizer"])
            if self.average is not None:
                self.average.restore(saved["average"]["weights"], saved["average"]["updates"])
            for name in self.PLAIN:
                setattr(self, name, saved[name])
        except (KeyError, RuntimeError, ValueError) as error:
            raise DataError(f"{run}: its checkpoint is of another model; train into another folder") from error
        torch.set_rng_state(saved["generators"]["cpu"])
        if "cuda" in saved["generators"] and torch.cuda.is_available():
            torch.cuda.set_rng_state(saved["generators"]["cuda"])


def on_cpu(tensors: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Copies that no later step changes."""
    return {name: tensor.detach().cpu().clone() for name, tensor in tensors.items()}
