"""Where and how the work is done: device, number format, threads. Stated once, nested wherever something runs."""

import os
from dataclasses import dataclass
from typing import Literal

from emolens.errors import ConfigError

Precision = Literal["auto", "fp32", "bf16", "fp16"]

MOST_THREADS = 16  # beyond so many, reading files is the limit and not decoding


@dataclass(frozen=True)
class ComputeConfig:
    """Where a model runs, in which numbers, and how many read ahead of it.

    Only ``workers`` is checked here; device and precision are, once torch is loaded, by
    :mod:`emolens.models.precision`.

    Raises:
        ConfigError: ``workers`` is negative.
    """

    device: str = "auto"
    """auto, cpu, cuda, cuda:N or mps."""
    precision: Precision = "auto"
    """Number format of weights and activations; auto takes bf16 where the hardware multiplies it, else fp32."""
    workers: int | None = None
    """Threads that read and decode, or processes that load samples in training (default: by the number of cores)."""

    def __post_init__(self) -> None:
        if self.workers is not None and self.workers < 0:
            raise ConfigError(f"workers {self.workers}: must not be negative; leave it out to choose by the cores")


def usable_cores() -> int:
    """CPU cores that this process may use, at least 1: those of its affinity mask, where the system has one."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def loader_threads(workers: int | None) -> int:
    """Threads that read and decode files ahead of a model.

    Args:
        workers: as asked for; None chooses one a core, at most 16.

    Returns:
        At least 1.

    Raises:
        ConfigError: fewer than 1 were asked for.
    """
    if workers is None:
        return min(usable_cores(), MOST_THREADS)
    if workers < 1:
        raise ConfigError(f"workers {workers}: must be at least 1; leave it out to choose by the cores")
    return workers
