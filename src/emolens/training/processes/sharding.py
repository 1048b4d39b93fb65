"""A model whose weights lie in parts on the processes (FSDP2), and those of one that lies whole on each.

Legend: W processes.
"""

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor, nn
from torch.distributed.tensor import DTensor

from emolens.errors import ConfigError

if TYPE_CHECKING:
    from lightning_fabric.strategies import ModelParallelStrategy
    from torch.distributed.device_mesh import DeviceMesh


def fsdp_strategy(world_size: int) -> "ModelParallelStrategy":
    """Every weight, gradient and moment is dealt out to all W processes; see :func:`shard`."""
    from lightning_fabric.strategies import ModelParallelStrategy

    return ModelParallelStrategy(shard, data_parallel_size=world_size, tensor_parallel_size=1)


def shard(task: nn.Module, mesh: "DeviceMesh") -> nn.Module:
    """Shard a task's model by its transformer blocks: the weights of one block are whole at a time, for its pass.

    Args:
        task: a :class:`emolens.training.tasks.task.Task`; its model names the blocks in ``sharded_blocks``.
        mesh: of the processes.

    Raises:
        ConfigError: the model names none.
    """
    from torch.distributed.fsdp import fully_shard

    model: Any = task.model
    blocks: Iterable[nn.Module] = getattr(model, "sharded_blocks", ())
    if not blocks:
        raise ConfigError(f"strategy fsdp: {type(model).__name__} has no blocks to shard by; take ddp")
    for block in blocks:
        fully_shard(block, mesh=mesh["data_parallel"])
    fully_shard(model, mesh=mesh["data_parallel"])
    return task


def is_sharded(module: nn.Module) -> bool:
    """Whether the parameters lie in parts."""
    return any(isinstance(parameter, DTensor) for parameter in module.parameters())


def local(tensor: Tensor) -> Tensor:
    """The part that this process has; the tensor itself where it is whole."""
    return tensor.to_local() if isinstance(tensor, DTensor) else tensor


def whole(tensor: Tensor) -> Tensor:
    """All of it; every process must call this for a tensor in parts."""
    return tensor.full_tensor() if isinstance(tensor, DTensor) else tensor


def on_first(tensors: Mapping[str, Tensor], rank: int) -> dict[str, Tensor]:
    """Whole copies on the CPU of the first process; nothing on the others, which must call it too.

    Tensor by tensor, so that no process holds more than one of them whole.
    """
    found = {}
    for name, tensor in tensors.items():
        complete = whole(tensor)
        if rank == 0:
            found[name] = complete.detach().cpu().clone()
    return found


def from_first(module: nn.Module, world_size: int) -> None:
    """Give every process the weights that the first one has; a sharded module has no first one, and is left alone."""
    if world_size > 1 and not is_sharded(module):
        for tensor in module.state_dict().values():
            torch.distributed.broadcast(tensor, 0)
