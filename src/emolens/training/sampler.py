"""Which samples make up which batch: a function of seed, epoch and step alone.

Nothing else decides it, so a run that was stopped, or runs on more processes, sees the same batches.
"""

from collections.abc import Iterator

import torch
from torch import Tensor
from torch.utils.data import Sampler

from emolens.errors import ConfigError


class EpochSampler(Sampler[list[int]]):
    """Batches of row numbers in a new order each epoch.

    Args:
        size: number of samples.
        batch_size: samples in one batch over all processes; 0 for all at once.
        seed: of the order.
        shuffle: False keeps the order and the short last batch (validation).
        rank, world_size: this process gets every ``world_size``-th sample of a batch.
        micro_batches: a batch comes in so many equal lists, one after another, for gradient accumulation.

    The short last batch of an epoch is dropped in training when there is a full one before it, so that each
    optimiser step weighs its samples alike.

    Raises:
        ConfigError: the batch cannot be dealt evenly to processes and micro-batches.
    """

    def __init__(
        self,
        size: int,
        batch_size: int,
        seed: int = 0,
        shuffle: bool = True,
        rank: int = 0,
        world_size: int = 1,
        micro_batches: int = 1,
    ) -> None:
        self.size, self.seed, self.shuffle = size, seed, shuffle
        self.rank, self.world_size, self.micro_batches = rank, world_size, micro_batches
        self.batch_size = min(batch_size or size, size)
        parts = world_size * micro_batches
        if shuffle and parts > 1:
            if batch_size % parts:
                raise ConfigError(
                    f"batch_size {batch_size} cannot be shared evenly by {world_size} processes x {micro_batches} "
                    f"micro-batches; take a multiple of {parts}"
                )
            self.batch_size -= self.batch_size % parts  # a split smaller than a batch
            if self.batch_size == 0:
                raise ConfigError(
                    f"{size} samples are too few for {world_size} processes x {micro_batches} micro-batches"
                )
        self.epoch = 0
        self.first_batch = 0
        self._order: tuple[int, Tensor] | None = None

    def start(self, epoch: int, first_batch: int = 0) -> None:
        """Choose the epoch, and the batch to begin with, for the next iteration."""
        self.epoch, self.first_batch = epoch, first_batch

    def rows(self, epoch: int, batch: int) -> list[int]:
        """Row numbers of a whole batch, over all processes and micro-batches."""
        rows: list[int] = self._order_of(epoch)[batch * self.batch_size : (batch + 1) * self.batch_size].tolist()
        return rows

    def __len__(self) -> int:
        """Batches in an epoch; iterating gives ``micro_batches`` times as many lists."""
        if self.shuffle:
            return self.size // self.batch_size
        return -(-self.size // self.batch_size)

    def __iter__(self) -> Iterator[list[int]]:
        epoch = self.epoch
        for batch in range(self.first_batch, len(self)):
            rows = self.rows(epoch, batch)
            for micro_batch in range(self.micro_batches):
                yield rows[micro_batch * self.world_size + self.rank :: self.world_size * self.micro_batches]

    def _order_of(self, epoch: int) -> Tensor:
        if self._order is None or self._order[0] != epoch:
            if self.shuffle:
                generator = torch.Generator().manual_seed(self.seed * 1_000_003 + epoch)
                order_N = torch.randperm(self.size, generator=generator)
            else:
                order_N = torch.arange(self.size)
            self._order = (epoch, order_N)
        return self._order[1]
