"""What must survive a stop of a training."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from torch import Tensor
from torch.distributed.tensor import DTensor

from emolens.errors import DataError
from emolens.training.processes.sharding import is_sharded
from emolens.training.state.checkpoint import Target
from emolens.training.state.ema import WeightAverage
from emolens.training.tasks.task import Task


class RunState:
    """Where the run is, the best so far, and what the next step depends on.

    Args:
        task: its model's weights are the best until others are.
        average: of the weights, where there is one.
        rank: of this process. The best weights are kept by the first alone; of a sharded model each keeps its part.
    """

    PLAIN = ("epoch", "step", "best_epoch", "finished", "metrics", "sums")

    def __init__(self, task: Task, average: WeightAverage | None = None, rank: int = 0) -> None:
        self.task, self.average = task, average
        self.keeps_best = rank == 0 or is_sharded(task)
        self.epoch = self.step = self.best_epoch = 0
        self.finished = False
        self.metrics: dict[str, float] = {}
        self.sums: dict[str, float] = {}
        self.best: dict[str, Tensor] = {}
        self.keep({})

    def keep(self, metrics: dict[str, float]) -> None:
        """The weights of now are the best."""
        self.metrics, self.best_epoch = metrics, self.epoch
        if self.keeps_best:
            self.best = on_cpu(self.task.model.state_dict())

    def dump(self, optimizer: Any) -> dict[str, Any]:
        """Everything, by reference: it must be copied before the next step."""
        generators = {"cpu": torch.get_rng_state()}
        if torch.cuda.is_available():
            generators["cuda"] = torch.cuda.get_rng_state()
        state = {
            "task": self.task.state_dict(),
            "optimizer": optimizer.state_dict(),
            "generators": generators,
            "best": self.best,
            **{name: getattr(self, name) for name in self.PLAIN},
        }
        if self.average is not None:
            state["average"] = {"weights": self.average.average, "updates": self.average.updates}
        return state

    def target(self, optimizer: Any) -> Target:
        """What saved tensors are to be read into: this process's part, nothing, or all of it."""
        parts = {f"task/{name}": tensor for name, tensor in self.task.state_dict().items()}
        for prefix in ("best", "average/weights"):
            parts |= {f"{prefix}/{name}": tensor for name, tensor in self.task.model.state_dict().items()}
        parameters = [parameter for group in optimizer.param_groups for parameter in group["params"]]
        parts |= {f"optimizer/state/{number}": parameter for number, parameter in enumerate(parameters)}
        parts = {name: part for name, part in parts.items() if isinstance(part, DTensor)}

        def target(name: str, shape: torch.Size, dtype: torch.dtype) -> Tensor | None:
            if name.startswith("best/") and not self.keeps_best:
                return None
            part = parts.get(name, parts.get(name.rpartition("/")[0]))  # a moment lies as its weight does
            if part is not None and part.shape == shape:
                return torch.empty_like(part, dtype=dtype)
            return torch.empty(shape, dtype=dtype)

        return target

    def restore(self, saved: Mapping[str, Any], optimizer: Any, run: Path) -> None:
        """Take over what :meth:`dump` gave.

        Raises:
            DataError: it is of another model, or whole where this one is in parts.
        """
        if is_sharded(self.task) and not any(isinstance(tensor, DTensor) for tensor in saved["task"].values()):
            raise DataError(
                f"{run}: its checkpoint is one of an earlier version, which fsdp cannot take apart; go on with "
                "--strategy ddp until it has been saved again"
            )
        try:
            self.task.load_state_dict(saved["task"])
            optimizer.load_state_dict(saved["optimizer"])
            if self.average is not None:
                self.average.restore(saved["average"]["weights"], saved["average"]["updates"])
            for name in self.PLAIN:
                setattr(self, name, saved[name])
            self.best = on_cpu(saved["best"]) if self.keeps_best else {}
        except (KeyError, RuntimeError, ValueError) as error:
            raise DataError(f"{run}: its checkpoint is of another model; train into another folder") from error
        torch.set_rng_state(saved["generators"]["cpu"])
        if "cuda" in saved["generators"] and torch.cuda.is_available():
            torch.cuda.set_rng_state(saved["generators"]["cuda"])


def on_cpu(tensors: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Copies that no later step changes."""
    return {name: tensor.detach().cpu().clone() for name, tensor in tensors.items()}
