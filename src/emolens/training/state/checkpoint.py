"""The state of a run on disk: each checkpoint whole or not counted, loadable without running code from it.

``checkpoints/NUMBER`` holds safetensors, one file a process with its share of the tensors, and ``state.json``, which is
written last. The one before is removed only then.
"""

import json
import math
import pickle
import shutil
import warnings
from collections.abc import Callable, Mapping
from concurrent.futures import Future
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch
from safetensors import SafetensorError
from torch import Tensor
from torch.distributed.checkpoint.api import CheckpointException
from torch.distributed.checkpoint.hf_storage import HuggingFaceStorageReader, HuggingFaceStorageWriter
from torch.distributed.checkpoint.state_dict_loader import load
from torch.distributed.checkpoint.state_dict_saver import async_save

from emolens.errors import DataError, in_short
from emolens.files import write_error, write_text
from emolens.training.processes.gather import gather_json
from emolens.training.state.state_tree import put_together, take_apart

if TYPE_CHECKING:
    from lightning_fabric import Fabric

CHECKPOINTS = "checkpoints"
STATE = "state.json"  # of a checkpoint: what is no tensor; it is there once all the rest is
OLD = "checkpoint.pt"  # the single file of earlier versions
FORMAT = 1

# One process that writes for itself is what is meant here; said in a thread, so that no context could keep it quiet.
warnings.filterwarnings("ignore", message="torch.distributed is disabled, unavailable or uninitialized")

Target = Callable[[str, torch.Size, torch.dtype], Tensor | None]


class Checkpoints:
    """Writes and reads the checkpoints of one run, all processes together.

    A save copies the state to the CPU, and goes on in a thread: the training waits for the copy alone. One save is
    under way at a time.

    Args:
        run: the run folder, on a disk that all machines share.
        fabric: the processes. Each must call every method, with the same state but for its shards.
    """

    def __init__(self, run: Path, fabric: "Fabric") -> None:
        self.run, self.world = run, fabric.world_size
        # Of its own, and on the CPU: the thread must not come between the exchanges of the training.
        self.group: Any = torch.distributed.new_group(backend="gloo") if self.world > 1 else None
        numbers = [int(folder.name) for folder in finished(run)]
        self.number: int = gather_json(max(numbers, default=0), self.world, fabric.device)[0]
        if fabric.is_global_zero:
            remove_torn(run)
        self._under_way: Future[Any] | None = None

    def save(self, state: Mapping[str, Any], wait: bool = False) -> None:
        """Begin to write a checkpoint, and end it where ``wait`` is set; the last good one stays until then.

        Raises:
            DataError: the disk is full or the place cannot be written, now or for the save before.
        """
        self.wait()
        self.number += 1
        plain, tensors = take_apart(state)
        shapes = {name: list(tensor.shape) for name, tensor in tensors.items()}
        writer = _Writer(self.run, self.number, json.dumps({"format": FORMAT, "state": plain, "tensors": shapes}))
        self._under_way = async_save(
            dict(tensors), storage_writer=writer, process_group=self.group, no_dist=self.world == 1
        )  # type: ignore[assignment]
        if wait:
            self.wait()

    def wait(self) -> None:
        """End the save that is under way.

        Raises:
            DataError: the disk is full or the place cannot be written.
        """
        if self._under_way is None:
            return
        running, self._under_way = self._under_way, None
        try:
            running.result()
        except CheckpointException as error:
            folder = self.run / CHECKPOINTS / str(self.number)
            shutil.rmtree(folder, ignore_errors=True)
            causes = [failure[0] for failure in error.failures.values()]
            for cause in causes:
                if isinstance(cause, OSError):
                    raise write_error(folder, cause) from error
            raise causes[0] from error

    def close(self) -> None:
        """End the save that is under way, whether it fails or not, and use no process any more."""
        with suppress(DataError):
            self.wait()
        if self.group is not None:
            torch.distributed.destroy_process_group(self.group)


def load_checkpoint(run: Path, target: Target | None = None) -> dict[str, Any] | None:
    """Read the last state of a run; None where there is none yet. Each process reads for itself.

    Args:
        run: the run folder.
        target: what is read into a tensor of this name, shape and type: one of the process's shard, or None for a
            tensor that this process has no use for. Everything is read whole, on the CPU, if not given.

    Raises:
        DataError: it is damaged, or of a newer version.
    """
    found = finished(run)
    if not found:
        return _load_old(run / OLD)
    folder = found[-1]
    try:
        kept = json.loads((folder / STATE).read_text(encoding="utf-8"))
        if kept["format"] != FORMAT:
            raise DataError(f"{folder}: is a checkpoint of another version of emolens; go on with that version")
        reader = HuggingFaceStorageReader(str(folder))
        there: Any = reader.read_metadata().state_dict_metadata
        tensors: dict[str, Any] = {}
        for name, shape in kept["tensors"].items():
            if math.prod(shape) != sum(math.prod(chunk.sizes) for chunk in there[name].chunks):
                raise ValueError(f"a part of {name} is missing")
            into = (target or _whole)(name, torch.Size(shape), there[name].properties.dtype)
            if into is not None:
                tensors[name] = into
        load(tensors, storage_reader=reader, no_dist=True)
        state: dict[str, Any] = put_together(kept["state"], tensors)
    except (OSError, ValueError, KeyError, TypeError, RuntimeError, SafetensorError, CheckpointException) as error:
        raise DataError(f"{folder}: is damaged ({in_short(error)}); remove it to train from the start") from error
    return state


def finished(run: Path) -> list[Path]:
    """The whole checkpoints of a run, oldest first."""
    folders = [state.parent for state in run.glob(f"{CHECKPOINTS}/*/{STATE}") if state.parent.name.isdecimal()]
    return sorted(folders, key=lambda folder: int(folder.name))


def remove_torn(run: Path) -> None:
    """Remove what a process killed while saving has left behind."""
    whole = finished(run)
    for folder in (run / CHECKPOINTS).glob("*"):
        if folder not in whole[-1:]:
            shutil.rmtree(folder, ignore_errors=True)
    for torn in run.glob(f".{Path(OLD).stem}.*.part{Path(OLD).suffix}"):
        torn.unlink(missing_ok=True)


def remove_checkpoints(run: Path) -> None:
    """Remove all of them: a finished run needs no way back."""
    shutil.rmtree(run / CHECKPOINTS, ignore_errors=True)
    (run / OLD).unlink(missing_ok=True)


class _Writer(HuggingFaceStorageWriter):
    """Safetensors by each process; then, by the first, what makes them count."""

    def __init__(self, run: Path, number: int, state: str) -> None:
        super().__init__(str(run / CHECKPOINTS / str(number)), save_distributed=True)
        self.run, self.state = run, state

    def finish(self, metadata: Any, results: Any) -> None:
        """Called by the first process, once all have written and synchronised their files."""
        folder = Path(self.path)
        write_text(folder / STATE, self.state)
        for other in (self.run / CHECKPOINTS).glob("*"):
            if other != folder:
                shutil.rmtree(other, ignore_errors=True)
        (self.run / OLD).unlink(missing_ok=True)


def _whole(name: str, shape: torch.Size, dtype: torch.dtype) -> Tensor:
    return torch.empty(shape, dtype=dtype)


def _load_old(path: Path) -> dict[str, Any] | None:
    """The checkpoint of an earlier version."""
    if not path.exists():
        return None
    try:
        state: dict[str, Any] = torch.load(path, map_location="cpu", weights_only=True)
    except (OSError, RuntimeError, EOFError, ValueError, pickle.UnpicklingError) as error:
        raise DataError(f"{path}: is damaged ({in_short(error)}); remove it to train from the start") from error
    return state
