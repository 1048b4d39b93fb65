"""A hash of weights."""

from collections.abc import Mapping
from typing import Any, Protocol

import torch
from torch import Tensor


class Digest(Protocol):
    """A hash of :mod:`hashlib`."""

    def update(self, data: Any, /) -> None: ...


def hash_tensors(digest: Digest, tensors: Mapping[str, Tensor]) -> None:
    """Feed name, dtype, shape and bytes of each tensor to ``digest``, in the order of their names."""
    for name, tensor in sorted(tensors.items()):
        digest.update(f"{name} {tensor.dtype} {list(tensor.shape)}".encode())
        digest.update(tensor.detach().cpu().contiguous().reshape(-1).view(torch.uint8).numpy())
