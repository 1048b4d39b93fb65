"""What each process has, known to all.

Legend: W processes.
"""

import json
from typing import Any

import torch
from torch import Tensor


def gather(tensor: Tensor, world_size: int) -> Tensor:
    """The tensors of all processes, (W, ...), in the order of their ranks; with W = 1 where there is one."""
    if world_size == 1:
        return tensor[None]
    parts = [torch.empty_like(tensor) for _ in range(world_size)]
    torch.distributed.all_gather(parts, tensor.contiguous())
    return torch.stack(parts)


def gather_uneven(tensor: Tensor, world_size: int) -> list[Tensor]:
    """The tensors of all processes, which may differ in their first length alone, in the order of their ranks."""
    if world_size == 1:
        return [tensor]
    length_W = gather(torch.tensor(len(tensor), device=tensor.device), world_size).tolist()
    padded = tensor.new_zeros(max(length_W), *tensor.shape[1:])
    padded[: len(tensor)] = tensor
    return [part[:length] for part, length in zip(gather(padded, world_size), length_W, strict=True)]


def gather_json(value: Any, world_size: int, device: torch.device) -> list[Any]:
    """What JSON can hold of each process, in the order of their ranks.

    Args:
        value: of this process.
        world_size: W.
        device: one that the processes exchange tensors of.
    """
    if world_size == 1:
        return [value]
    text = torch.frombuffer(bytearray(json.dumps(value).encode()), dtype=torch.uint8).to(device)
    return [json.loads(bytes(part.cpu().numpy())) for part in gather_uneven(text, world_size)]
