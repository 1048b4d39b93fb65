"""Batches on the device, read ahead by processes that live as long as the training.

Each batch is read by all processes at once, a piece by each: the first batch of an epoch comes as early as it can, and
what waits in shared memory is a few batches, however many processes there are.

Legend: B rows of a batch, W processes.
"""

import signal
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

import torch
from torch import Tensor
from torch.utils.data import DataLoader, Dataset, get_worker_info

from emolens.errors import ConfigError
from emolens.signals import STOPPING

Batch = Mapping[str, Tensor]
Piece = tuple[list[int], list[int]]  # rows, and those that the same process is asked for next

BATCHES_AHEAD = 4  # that wait in shared memory: enough to bridge a slow disk for some steps
ON_HOST = ("row", "erase")  # numbers that are looked up on the host, which would wait for them
MOST_ROWS = 32  # of a piece, so that large batches of a validation take no more memory


class BatchLoader:
    """Iterating it gives the batches of ``rows``, in order; it can be iterated again and again, by one at a time.

    Args:
        dataset: ``dataset[rows]`` gives tensors of B rows. Where it has them, ``dataset.expect(rows)`` is told in the
            loading process what it will be asked for next, and ``dataset.finish(batch)`` is called here, once the whole
            batch is on the device (:class:`emolens.data.loaders.seeded.SeededDataset`).
        rows: lists of row numbers, asked anew for each pass.
        workers: W processes that load; 0 loads in this one.
        device: where the batches go.

    Raises:
        ConfigError: while iterating, if the processes cannot hand over what they have read, for want of shared memory.
    """

    def __init__(
        self, dataset: Dataset[Any], rows: Iterable[list[int]], workers: int = 0, device: torch.device | str = "cpu"
    ) -> None:
        self.device = torch.device(device)
        self._finish: Callable[[Batch], Batch] = getattr(dataset, "finish", lambda batch: batch)
        self._pieces = _Pieces(rows, workers)
        parallel: dict[str, Any] = {}
        if workers:
            parallel = {"persistent_workers": True, "prefetch_factor": BATCHES_AHEAD, "worker_init_fn": _deaf}
        self._loader: DataLoader[Batch] = DataLoader(
            _Reader(dataset),
            sampler=self._pieces,
            batch_size=None,
            num_workers=workers,
            pin_memory=self.device.type == "cuda",
            **parallel,
        )

    def __iter__(self) -> Iterator[Batch]:
        parts: list[Batch] = []
        for part in self._loader:
            parts.append({name: self._moved(name, tensor) for name, tensor in part.items()})
            if len(parts) == self._pieces.counts[0]:
                self._pieces.counts.popleft()
                yield self._finish(_joined(parts))
                parts = []

    def _moved(self, name: str, tensor: Tensor) -> Tensor:
        return tensor if name in ON_HOST else tensor.to(self.device, non_blocking=True)


class _Pieces:
    """Each list of rows in W nearly equal pieces, with what the process that gets a piece is given after it."""

    def __init__(self, rows: Iterable[list[int]], workers: int) -> None:
        self.rows, self.workers = rows, workers
        self.counts: deque[int] = deque()  # pieces of each batch that is on its way

    def __iter__(self) -> Iterator[Piece]:
        self.counts.clear()
        waiting: deque[list[int]] = deque()  # the loader deals to its processes in turn, so W pieces apart
        for rows in self.rows:
            pieces = _cut(rows, self.workers)
            self.counts.append(len(pieces))
            for piece in pieces:
                waiting.append(piece)
                if len(waiting) > self.workers:
                    yield waiting.popleft(), waiting[-1] if self.workers else []
        while waiting:
            yield waiting.popleft(), []


class _Reader(Dataset[Batch]):
    """What runs in the loading processes."""

    def __init__(self, dataset: Dataset[Any]) -> None:
        self.dataset = dataset
        self._expect: Callable[[list[int]], None] | None = getattr(dataset, "expect", None)

    def __getitem__(self, piece: Piece) -> Batch:
        rows, next_rows = piece
        batch: Batch = self.dataset[rows]
        if self._expect is not None and next_rows:
            self._expect(next_rows)
        # Here, since an error in the thread that sends would be lost, and the training would wait for ever.
        return batch if get_worker_info() is None else {name: _shared(tensor) for name, tensor in batch.items()}


def _cut(rows: list[int], workers: int) -> list[list[int]]:
    size = min(MOST_ROWS, -(-len(rows) // workers)) if workers else len(rows)
    return [rows[first : first + size] for first in range(0, len(rows), size)]


def _joined(parts: list[Batch]) -> Batch:
    if len(parts) == 1:
        return parts[0]
    return {name: torch.cat([part[name] for part in parts]) for name in parts[0]}


def _shared(tensor: Tensor) -> Tensor:
    try:
        tensor.share_memory_()  # type: ignore[no-untyped-call]
        return tensor
    except RuntimeError as error:
        size = tensor.numel() * tensor.element_size() / 1e6
        raise ConfigError(
            f"no shared memory for {size:.1f} MB of a batch (is /dev/shm there, and large enough?): give a container "
            "more of it (docker run --shm-size=8g, or --ipc=host), or load with fewer processes (--workers 0 for none)"
        ) from error


def _deaf(_: int) -> None:
    """A signal to all processes of a job is for the one that trains: it still wants batches for its last step."""
    for number in STOPPING:
        signal.signal(number, signal.SIG_IGN)
