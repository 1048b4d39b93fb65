"""What the trainings of whole networks share: machine, data, run folder, and how they end."""

import os
import sys
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Protocol

from emolens.data.manifest import Manifest
from emolens.data.shards import is_remote, read_index
from emolens.files import write_json
from emolens.training.checkpoint import CHECKPOINT
from emolens.training.devices import build_fabric
from emolens.training.jobs.run_folder import REQUEST, check_run, select_split
from emolens.training.trainer import FitResult, TrainerConfig

if TYPE_CHECKING:
    from lightning_fabric import Fabric

MOST_WORKERS = 8  # loader processes of one training process; more only take memory

VALIDATED = "val"


@dataclass(frozen=True)
class Machine:
    """Where to run.

    Attributes:
        device: auto, cpu, cuda, cuda:N or mps.
        precision: auto, fp32 or bf16.
        workers: processes that load samples ahead, for each training process; None chooses.
    """

    device: str = "auto"
    precision: str = "auto"
    workers: int | None = None

    def fabric(self) -> "Fabric":
        return build_fabric(self.device, self.precision)

    def loaders(self, on_cpu: bool) -> int:
        """Loader processes of this training process: its share of the cores, none where it has one.

        A network that is trained on the CPU has half of them, and no more threads than the loaders leave it: torch's
        threads wait for each other, and two of them beside two loaders train clips at half the speed of one beside one
        (2.2 and 4.5 a second on two cores).
        """
        import torch

        cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
        share = max(1, cores // int(os.environ.get("LOCAL_WORLD_SIZE", "1")))
        wanted = share // 2 if on_cpu else share if share > 1 else 0
        workers = min(MOST_WORKERS, wanted) if self.workers is None else self.workers
        if on_cpu:
            torch.set_num_threads(max(1, min(torch.get_num_threads(), share - workers)))
        return workers


class RunConfig(Protocol):
    """What a run needs to know of a recipe's config: it is a dataclass, and says how long to train."""

    __dataclass_fields__: ClassVar[dict[str, Any]]

    @property
    def trainer(self) -> TrainerConfig: ...


@dataclass(frozen=True)
class RunRequest:
    """One training as it was asked for.

    Attributes:
        config, recipe: what, and the recipe's name.
        data: a manifest, or a folder or address of shards.
        run: the run folder.
        resume: go on with what is there.
        samples: what a sample is called where speed is told: "images" or "clips".
    """

    config: RunConfig
    recipe: str
    data: str
    run: Path
    resume: bool = False
    samples: str = "images"

    def facts(self) -> dict[str, Any]:
        place = self.data if is_remote(self.data) else str(Path(self.data).resolve())
        return {"recipe": self.recipe, "config": asdict(self.config), "data": place}

    def splits(self) -> tuple[Manifest, Manifest, Manifest]:
        """The whole manifest, its training and its validation rows.

        Raises:
            DataError: unreadable, or without one of these splits.
        """
        shards = is_remote(self.data) or Path(self.data).is_dir()
        manifest = read_index(self.data) if shards else Manifest.read(self.data)
        return manifest, select_split(manifest, self.data, "train"), select_split(manifest, self.data, VALIDATED)

    def check(self) -> None:
        """Before the work, and not after it: is the run folder free, or this run's own?

        Raises:
            ConfigError: it holds another run, or a finished one.
        """
        check_run(self.run, self.facts(), self.resume)

    def claim(self, fabric: "Fabric") -> None:
        """Write down what was asked for, by one process, once all have checked and everything is loaded."""
        fabric.barrier()
        if fabric.is_global_zero:
            write_json(self.run / REQUEST, self.facts())

    def close(
        self, fitted: FitResult, manifest: Manifest, n: dict[str, int], counts: Mapping[str, int] | None = None
    ) -> dict[str, Any]:
        """Write ``metrics.json`` and return the facts for ``config.json``.

        Args:
            n: rows of each split.
            counts: rows that a figure is of, where they are not all of the validation split.
        """
        rows = dict.fromkeys(fitted.metrics, n[VALIDATED]) | dict(counts or {})
        metrics = {name: {"value": value, "n": rows[name]} for name, value in fitted.metrics.items()}
        write_json(self.run / "metrics.json", {"split": VALIDATED, "metrics": metrics})
        facts = self.facts()
        return {
            **facts,
            "seed": self.config.trainer.seed,
            "data": {
                "path": facts["data"],
                "dataset": manifest.metadata.get("dataset"),
                "splits": manifest.metadata.get("splits"),
                "n": n,
            },
            "epoch": fitted.epoch,
            "steps": fitted.steps,
            "samples_per_s": fitted.samples_per_s,
            "validation": fitted.metrics,
        }

    def finish(self, fitted: FitResult, processes: int) -> None:
        """A finished run needs no way back; samples a second, of all processes together, go to standard error."""
        (self.run / CHECKPOINT).unlink(missing_ok=True)
        on = f" on {processes} processes" if processes > 1 else ""
        print(f"trained at {fitted.samples_per_s:.1f} {self.samples}/s{on}", file=sys.stderr, flush=True)


def shut_down_process_group() -> None:
    """Leave the group of processes, where there is one."""
    import torch.distributed as dist

    if dist.is_available() and dist.is_initialized():
        dist.destroy_process_group()
