"""Which samples make up which batch: a function of seed, epoch and step alone.

Nothing else decides it, so a run that was stopped, or runs on more processes, sees the same batches.
"""

from collections.abc import Iterator

import torch
from torch.utils.data import Sampler


class EpochSampler(Sampler[list[int]]):
    """Batches of row numbers in a new order each epoch.

    Args:
        size: number of samples.
        batch_size: samples in one batch over all processes; 0 for all at once.
        seed: of the order.
        shuffle: False keeps the order and the short last batch (validation).
        rank, world_size: this process gets every ``world_size``-th sample of a batch.

    The short last batch of an epoch is dropped in training when there is a full one before it, so that each
    optimiser step weighs its samples alike.
    """

    def __init__(
        self,
        size: int,
        batch_size: int,
        seed: int = 0,
        shuffle: bool = True,
        rank: int = 0,
        world_size: int = 1,
    ) -> None:
        self.size, self.seed, self.shuffle = size, seed, shuffle
        self.batch_size = min(batch_size or size, size)
        self.rank, self.world_size = rank, world_size
        self.epoch = 0
        self.first_batch = 0

    def start(self, epoch: int, first_batch: int = 0) -> None:
        """Choose the epoch, and the batch to begin with, for the next iteration."""
        self.epoch, self.first_batch = epoch, first_batch

    def __len__(self) -> int:
        if self.shuffle:
            return self.size // self.batch_size
        return -(-self.size // self.batch_size)

    def __iter__(self) -> Iterator[list[int]]:
        if self.shuffle:
            generator = torch.Generator().manual_seed(self.seed * 1_000_003 + self.epoch)
            order_N = torch.randperm(self.size, generator=generator)
        else:
            order_N = torch.arange(self.size)
        for batch in range(self.first_batch, len(self)):
            rows = order_N[batch * self.batch_size : (batch + 1) * self.batch_size]
            yield rows[self.rank :: self.world_size].tolist()
