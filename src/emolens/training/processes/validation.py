"""A validation split, judged by all processes together.

Legend: W processes, R rounds.
"""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import torch
from torch import Tensor
from torch.utils.data import Dataset

from emolens.data.loaders.batch_loader import BatchLoader
from emolens.training.processes.gather import gather_json, gather_uneven
from emolens.training.tasks.task import Task, joined
from emolens.training.tensor_table import Batch

if TYPE_CHECKING:
    from lightning_fabric import Fabric


class SharedValidation:
    """Deals the batches of a split to the processes; all of them get the metrics of the whole.

    The batches are those of one process, so what they give is the same to the bit. In each of R rounds every process
    judges one batch: a sharded model needs all of them at once. Where the last round has too few batches, the first
    ones are judged again, and do not count.

    Args:
        val: the split, in its order, whatever the seed.
        rows: how many.
        batch_size: rows judged together.
        fabric: devices, precision, processes.
        workers: processes that load batches ahead.
    """

    def __init__(self, val: Dataset[Batch], rows: int, batch_size: int, fabric: "Fabric", workers: int = 0) -> None:
        self.fabric, world = fabric, fabric.world_size
        batches = [list(range(first, min(first + batch_size, rows))) for first in range(0, rows, batch_size)]
        self.count = len(batches)
        mine = range(fabric.global_rank, -(-self.count // world) * world, world)
        self.counts = [number < self.count for number in mine]
        dealt = [batches[number % self.count] for number in mine]
        self.batches = BatchLoader(val, dealt, workers, fabric.device)

    def run(self, task: Task) -> dict[str, float]:
        """The metrics of the task as it is now; every process must call it.

        Raises:
            DataError: see :meth:`Task.metrics`.
        """
        task.eval()
        # No inference mode: a sharded model would keep weights from here that the next step cannot use.
        with torch.no_grad(), self.fabric.autocast():
            judged = [task.judge(batch) for batch in self.batches]
            metrics = task.metrics(joined(self._gathered(judged)))
        task.train()
        # Those of one process for all, so that no last digit makes one of them stop early.
        first: dict[str, float] = gather_json(metrics, self.fabric.world_size, self.fabric.device)[0]
        return first

    def _gathered(self, judged: Sequence[Mapping[str, Tensor]]) -> Sequence[Mapping[str, Tensor]]:
        """What every batch of the split has given, in order."""
        world = self.fabric.world_size
        if world == 1:
            return judged
        found: list[dict[str, Tensor]] = [{} for _ in range(self.count)]
        for name in judged[0]:
            parts = [one[name] for one in judged]
            # A round without a batch gives none of its rows.
            parts = [part if counts else part[:0] for part, counts in zip(parts, self.counts, strict=True)]
            device = self.fabric.device
            lengths_WR = gather_uneven(torch.tensor([len(part) for part in parts], device=device), world)
            for rank, whole in enumerate(gather_uneven(torch.cat(parts).to(device), world)):
                for turn, part in enumerate(torch.split(whole.to(parts[0].device), lengths_WR[rank].tolist())):
                    if turn * world + rank < self.count:
                        found[turn * world + rank][name] = part
        return found
