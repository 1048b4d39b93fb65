"""Samples that fit in memory, as columns of tensors.

Legend: N samples, B batch.
"""

from collections.abc import Mapping, Sequence

import torch
from torch import Tensor
from torch.utils.data import Dataset

Batch = Mapping[str, Tensor]

ROW = "row"  # which samples a batch holds: int64 (B,)


def on_device(batch: Batch, device: torch.device) -> Batch:
    """The batch on a device, but for its row numbers: those are looked up on the host, which would wait for them."""
    return {name: tensor if name == ROW else tensor.to(device, non_blocking=True) for name, tensor in batch.items()}


class TensorTable(Dataset[Batch]):
    """Named tensors with N rows each; a list of B row numbers gives a batch at once.

    Args:
        columns: tensors that share their first length N.

    Raises:
        ValueError: the lengths differ.
    """

    def __init__(self, columns: Batch) -> None:
        lengths = {name: len(column) for name, column in columns.items()}
        if len(set(lengths.values())) != 1:
            raise ValueError(f"columns differ in length: {lengths}")
        self.columns = dict(columns)

    def __len__(self) -> int:
        return len(next(iter(self.columns.values())))

    def __getitem__(self, rows: Sequence[int]) -> Batch:
        index_B = torch.as_tensor(rows)
        return {name: column[index_B] for name, column in self.columns.items()}
