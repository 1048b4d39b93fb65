"""Samples that fit in memory, as columns of tensors.

Legend: N samples, B batch.
"""

from collections.abc import Mapping, Sequence

import torch
from torch import Tensor
from torch.utils.data import Dataset

Batch = Mapping[str, Tensor]


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
