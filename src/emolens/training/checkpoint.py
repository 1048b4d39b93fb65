"""The state of a run on disk: whole or absent, loadable without running code from it."""

import os
import pickle
import re
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file, save_file
from torch import Tensor, nn

from emolens.errors import DataError, WeightsError
from emolens.files import atomic_path

CHECKPOINT = "checkpoint.pt"
WEIGHTS = "model.safetensors"


def save_checkpoint(run: Path, state: dict[str, Any]) -> None:
    """Write the state of model, optimiser, sampler and generators; the last good one stays until then.

    Raises:
        DataError: the disk is full or the place cannot be written.
    """
    with atomic_path(run / CHECKPOINT) as temporary, open(temporary, "wb") as stream:
        try:
            torch.save(state, stream)
        except RuntimeError as error:
            # The archive writer of torch hides what the disk said behind its own complaint.
            raise (error.__context__ if isinstance(error.__context__, OSError) else error) from None


def remove_torn(run: Path) -> None:
    """Remove what a process killed while saving has left behind."""
    for torn in run.glob(f".{Path(CHECKPOINT).stem}.*.part{Path(CHECKPOINT).suffix}"):
        torn.unlink(missing_ok=True)


def load_checkpoint(run: Path) -> dict[str, Any] | None:
    """Read the state of a run, on the CPU; None where there is none yet.

    Raises:
        DataError: the file is damaged.
    """
    path = run / CHECKPOINT
    if not path.exists():
        return None
    try:
        state: dict[str, Any] = torch.load(path, map_location="cpu", weights_only=True)
    except (OSError, RuntimeError, EOFError, ValueError, pickle.UnpicklingError) as error:
        raise DataError(f"{path}: is damaged ({error}); remove it to train from the start") from error
    return state


def save_weights(path: str | os.PathLike[str], tensors: dict[str, Tensor]) -> None:
    """Write tensors as safetensors, atomically.

    Raises:
        DataError: the disk is full or the place cannot be written.
    """
    with atomic_path(path) as temporary:
        try:
            save_file({name: tensor.detach().cpu().contiguous() for name, tensor in tensors.items()}, temporary)
        except SafetensorError as error:
            if (cause := re.search(r"os error (\d+)", str(error))) is None:
                raise
            raise OSError(int(cause[1]), os.strerror(int(cause[1]))) from error


def load_weights(path: str | os.PathLike[str], module: nn.Module) -> None:
    """Fill ``module`` from a safetensors file, every name and shape as expected.

    Raises:
        WeightsError: missing, damaged, or of another architecture; the message lists the keys.
    """
    try:
        tensors = load_file(path)
    except FileNotFoundError as error:
        raise WeightsError(f"{path}: no such file") from error
    except (OSError, SafetensorError) as error:
        raise WeightsError(f"{path}: is not a readable safetensors file ({error})") from error
    try:
        module.load_state_dict(tensors)
    except RuntimeError as error:
        raise WeightsError(f"{path}: is of another architecture; {' '.join(str(error).split())}") from error
