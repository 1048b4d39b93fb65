"""Where a training runs: one device, or the processes that torchrun has started."""

import atexit
import os
from typing import TYPE_CHECKING, Literal

from emolens.compute import usable_cores
from emolens.errors import ConfigError
from emolens.models.precision import choose_device, has_native_bf16
from emolens.names import did_you_mean

if TYPE_CHECKING:
    from lightning_fabric import Fabric

MOST_LOADERS = 32  # processes that load for one training process: some thousand pictures a second
Strategy = Literal["auto", "ddp", "fsdp"]
PRECISIONS = {"fp32": "32-true", "bf16": "bf16-mixed"}


def build_fabric(device: str = "auto", precision: str = "auto", strategy: Strategy = "auto") -> "Fabric":
    """The launched :class:`lightning_fabric.Fabric` of this process.

    Under ``torchrun`` (which sets WORLD_SIZE, LOCAL_WORLD_SIZE and the like) all its processes, on all nodes, train
    one model together: NCCL on GPUs, gloo on CPUs. Otherwise there is one process on one device.

    Args:
        device: see :func:`emolens.models.precision.choose_device`.
        precision: "fp32"; "bf16" for autocast with weights kept in fp32; "auto" for bf16 on a GPU that has it, else
            fp32: on CPUs autocast gains little and costs accuracy.
        strategy: "ddp" for a whole model on each process; "fsdp" for a part of it on each, where it is too large for
            one; "auto" for ddp under ``torchrun``.

    Raises:
        ConfigError: unknown, or impossible here.
    """
    from lightning_fabric import Fabric

    from emolens.training.processes.sharding import fsdp_strategy

    place = choose_device(device)
    if precision not in ("auto", *PRECISIONS):
        raise ConfigError(f'precision "{precision}" of a training: {did_you_mean(precision, ["auto", *PRECISIONS])}')
    if precision == "auto":
        precision = "bf16" if place.type == "cuda" and has_native_bf16(place) else "fp32"
    world = launched_processes()
    if world == 1 and strategy != "auto":
        raise ConfigError(
            f"strategy {strategy} needs several processes: torchrun --nproc-per-node N -m emolens train ..."
        )
    local = int(os.environ.get("LOCAL_WORLD_SIZE", world))
    if world == 1:
        index = [place.index or 0] if place.type == "cuda" else 1
        fabric = Fabric(accelerator=place.type, devices=index, precision=PRECISIONS[precision])
    else:
        fabric = Fabric(
            accelerator=place.type,
            devices=local,
            num_nodes=world // local,
            strategy=fsdp_strategy(world) if strategy == "fsdp" else "ddp",
            precision=PRECISIONS[precision],
        )
        # Threads of the exchange that outlive the interpreter would turn the exit code of a stopped run into an abort.
        atexit.register(shut_down_process_group)
    fabric.launch()
    return fabric


def launched_processes() -> int:
    """How many processes torchrun has started for this training, on all nodes; 1 without it."""
    return int(os.environ.get("WORLD_SIZE", "1"))


def loader_processes(workers: int | None, on_cpu: bool) -> int:
    """Processes that load samples ahead of this training process: its share of the cores, none where it has one.

    A network that is trained on the CPU has half of them, and no more threads than the loaders leave it: torch's
    threads wait for each other, and two of them beside two loaders train videos at half the speed of one beside one
    (2.2 and 4.5 a second on two cores).

    Args:
        workers: as asked for; None chooses.
        on_cpu: whether the network is trained on the CPU; torch's threads are then set for this process.
    """
    import torch

    share = max(1, usable_cores() // int(os.environ.get("LOCAL_WORLD_SIZE", "1")))
    wanted = share // 2 if on_cpu else share if share > 1 else 0
    loaders = min(MOST_LOADERS, wanted) if workers is None else workers
    if on_cpu:
        torch.set_num_threads(max(1, min(torch.get_num_threads(), share - loaders)))
    return loaders


def shut_down_process_group() -> None:
    """Leave the group of processes, where there is one."""
    import torch.distributed as dist

    if dist.is_available() and dist.is_initialized():
        dist.destroy_process_group()
