"""The state of a run on disk: whole or absent, loadable without running code from it."""

import pickle
from pathlib import Path
from typing import Any

import torch

from emolens.errors import DataError
from emolens.files import atomic_path

CHECKPOINT = "checkpoint.pt"


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
