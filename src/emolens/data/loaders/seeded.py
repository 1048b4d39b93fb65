"""Datasets whose random numbers depend on (seed, epoch, row) alone."""

from collections.abc import Mapping, Sequence

import numpy as np
import torch
from torch import Tensor
from torch.utils.data import Dataset

from emolens.data.loaders.crops import sample_rng


class SeededDataset(Dataset[dict[str, Tensor]]):
    """``dataset[rows]`` gives a batch; a row looks the same whichever worker or process loads it, in whatever order.

    What is small travels between processes: pictures as uint8. :meth:`finish` makes of it what a network is given.

    Args:
        seed: of crops and augmentation.
    """

    def __init__(self, seed: int) -> None:
        self.seed = seed
        # Shared memory, because loader processes that outlive an epoch must see the new number.
        self._epoch = torch.zeros((), dtype=torch.int64).share_memory_()  # type: ignore[no-untyped-call]

    def set_epoch(self, epoch: int) -> None:
        """Choose the epoch, from 0, whose samples are drawn next; running loader processes see it too."""
        self._epoch.fill_(epoch)

    def expect(self, rows: Sequence[int]) -> None:
        """These rows are asked for next; a dataset that reads from far away begins now."""

    def finish(self, batch: Mapping[str, Tensor]) -> Mapping[str, Tensor]:
        """The batch as a task takes it, made on the device it lies on; here it is that already."""
        return batch

    def rng(self, row: int) -> np.random.Generator:
        """The random numbers of one row in the current epoch."""
        return sample_rng(self.seed, int(self._epoch), int(row))
