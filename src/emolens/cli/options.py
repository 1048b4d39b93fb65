"""Options that several verbs share."""

from dataclasses import dataclass
from typing import Annotated

import tyro

from emolens.compute import Precision


@dataclass(frozen=True)
class ComputeOptions:
    """How pictures go through a model."""

    batch_size: int = 32
    """Pictures that go through the model together."""
    workers: int | None = None
    """Threads that decode (default: one a core, at most 16)."""
    device: str = "auto"
    """auto, cpu, cuda, cuda:N or mps."""
    precision: Precision = "auto"
    """auto, fp32, bf16 or fp16."""


Compute = Annotated[ComputeOptions, tyro.conf.arg(name="")]
"""For a field of a verb's options: shown as a group of its own, without a prefix."""
