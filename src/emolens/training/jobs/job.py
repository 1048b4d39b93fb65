"""One training: what was asked for, its data, its run folder, and how it ends."""

from collections.abc import Mapping
from dataclasses import asdict, replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from torch.utils.data import Dataset

from emolens.compute import ComputeConfig
from emolens.data.manifest import Manifest
from emolens.data.relabelling import KEY as RELABELLED
from emolens.data.shards import ShardCacheConfig, is_remote, read_index
from emolens.data.shards.cache import fill_in_background
from emolens.data.train_share import take_train_share
from emolens.errors import ConfigError, EmolensError
from emolens.files import write_json
from emolens.progress import notice
from emolens.runs.config import DataFacts, RunConfig, TrainingFacts
from emolens.runs.folder import write_run
from emolens.training.devices import (
    Strategy,
    build_fabric,
    launched_processes,
    loader_processes,
    shut_down_process_group,
)
from emolens.training.jobs.config import JobConfig
from emolens.training.jobs.plan import Plan, is_first_process
from emolens.training.jobs.relabelled import relabelled
from emolens.training.jobs.run_folder import REQUEST, check_run, seen_in_time, select_split
from emolens.training.processes.agreement import agree, fingerprint
from emolens.training.state.checkpoint import remove_checkpoints
from emolens.training.tasks.task import Task
from emolens.training.tensor_table import Batch
from emolens.training.trainer import FitResult, Trainer
from emolens.training.trainer_config import check_plan

if TYPE_CHECKING:
    from lightning_fabric import Fabric

TRAIN, VAL = "train", "val"
SNAPSHOTS = "snapshots"  # in the run folder; each is a run folder itself, named by the epochs it was trained for


class Job:
    """What the ``train`` of a config works with.

    Args:
        recipe: its name, for the record.
        config: what is trained, and how.
        data: a manifest with the splits ``train`` and ``val``, or a folder or s3:// address of shards of one.
        out: the run folder, for request.json, config.json, model.safetensors, metrics.json (on ``val``), log.csv and
            tensorboard.
        resume: continue the interrupted run in ``out``.
        compute: where to run; under ``torchrun`` all its processes train together.
        cache: folder of the embedding cache.
        strategy: how processes share the model, see :func:`emolens.training.devices.build_fabric`.
        label_space: to train in, where it is not that of the data; its labels must be exact groups of those.
        shard_cache: where copies of an object store's shards are kept; they are made beside the training.

    Raises:
        ConfigError: ``out`` is a file, or a cache, strategy or label space is named that this config has no use for.
    """

    def __init__(
        self,
        recipe: str,
        config: JobConfig,
        data: str | Path,
        out: str | Path,
        *,
        resume: bool = False,
        compute: ComputeConfig | None = None,
        cache: Path | None = None,
        strategy: Strategy = "auto",
        label_space: str | None = None,
        shard_cache: ShardCacheConfig | None = None,
    ) -> None:
        self.recipe, self.config, self.data, self.out = recipe, config, str(data), Path(out)
        self.resume, self.compute, self.cache = resume, compute or ComputeConfig(), cache
        self.strategy: Strategy = strategy
        self.shard_cache = shard_cache
        if self.out.is_file():
            raise ConfigError(f"{self.out}: is a file; --out names a folder")
        if cache is not None and not config.caches:
            raise ConfigError(f"{recipe} embeds nothing, so it has no use for --cache {cache}; leave it out")
        if strategy != "auto" and config.embeds:
            raise ConfigError(f"{recipe} is fitted by one process, so it has no use for --strategy {strategy}")
        self.label_space = label_space
        if label_space is not None and not config.learns_labels:
            raise ConfigError(f"{recipe} learns no labels, so it has no use for --label-space; leave it out")

    @cached_property
    def manifest(self) -> Manifest:
        """All rows of the data, or the share of them that the config asks for; in another label space only those that
        have a label there.

        Raises:
            DataError: unreadable, nothing of it has a label there, or the share is less than one row of each label.
            ConfigError: no exact table leads to the label space.
        """
        whole = read_index(self.data, self.shard_cache) if self.in_shards else Manifest.read(self.data)
        part = take_train_share(whole, self.config.trainer.train_share, self.config.trainer.seed)
        return part if self.label_space is None else relabelled(part, self.label_space, self.data)

    @property
    def in_shards(self) -> bool:
        """Whether the data lies in shards, and not in files of their own."""
        return is_remote(self.data) or Path(self.data).is_dir()

    @cached_property
    def fabric(self) -> "Fabric":
        """Devices and precision of the training, launched; a config may put another in its place before it runs."""
        return build_fabric(self.compute.device, self.compute.precision, self.strategy)

    def splits(self) -> tuple[Manifest, Manifest]:
        """The training rows, and the validation rows that alone decide which weights are kept.

        Raises:
            DataError: the data is unreadable, or without one of these splits.
        """
        return select_split(self.manifest, self.data, TRAIN), select_split(self.manifest, self.data, VAL)

    def check(self, rows: int, config: JobConfig | None = None) -> None:
        """Find what is wrong before the work, and not after it; then say what the work is: batches, steps, rates.

        Args:
            rows: of the training split.
            config: as it will be trained, where the data has completed it; that is what the record then says.

        Raises:
            ConfigError: the batches do not fit the split, the options contradict each other, or the run folder holds
                another run or a finished one. Under ``torchrun`` what one process meets stops all of them.
        """
        self.config = config or self.config
        together = 1 if self.config.embeds else launched_processes()  # a head is fitted by one
        failed = None
        try:
            check_plan(self.config.trainer, self.config.optimizer, rows)
            check_run(self.out, self._request(), self.resume)
        except EmolensError as error:
            failed = error
        if together > 1:
            agree(self.fabric, str(self.out), {}, failed)
        elif failed is not None:
            raise failed
        plan = Plan.of(self.config.trainer, self.config.optimizer, rows, self.config.samples, together)
        if is_first_process():
            for line in filter(None, (str(plan), plan.warning)):
                notice(line)

    def claim(self) -> None:
        """Write down what was asked for, by one process, once all agree on it and everything is loaded.

        Raises:
            ConfigError: the processes have another config or other rows, or do not see the same folder.
        """
        facts, place = {}, str(self.out)
        if self.fabric.world_size > 1:
            ids = "\n".join(self.manifest.frame["id"].astype(str))
            facts = {"config": fingerprint(self._request()["config"]), "rows of the manifest": fingerprint(ids)}
        agree(self.fabric, place, facts, advice="Start every process with the same command on the same data")
        if self.fabric.is_global_zero:
            write_json(self.out / REQUEST, self._request())
        self.fabric.barrier()
        seen = seen_in_time(self.out / REQUEST)
        advice = "The run folder must lie on a disk that all machines share"
        agree(self.fabric, place, {REQUEST: "there" if seen else "missing"}, advice=advice)

    def run(
        self,
        task: Task,
        train: Dataset[Batch],
        val: Dataset[Batch],
        model: RunConfig,
        n: Mapping[str, int],
        loaders: int | None = None,
    ) -> FitResult:
        """Claim the run folder and fit; snapshots that are asked for are run folders in ``snapshots`` below it.

        Args:
            task: model and losses.
            train, val: see :meth:`emolens.training.trainer.Trainer.fit`.
            model, n: see :meth:`finish`.
            loaders: processes that load samples ahead; chosen by the cores if not given.

        Raises:
            ConfigError: the best epoch is to be the most accurate one, and the task knows no accuracy.
        """
        if self.config.trainer.keep_by == "accuracy" and not task.judged_by:
            raise ConfigError(f"keep_by accuracy: {self.recipe} has none; take loss")
        if loaders is None:
            loaders = loader_processes(self.compute.workers, self.fabric.device.type == "cpu")
        trainer = Trainer(self.config.trainer, self.config.optimizer, self.out, self.fabric, loaders)
        self.claim()
        if self.shard_cache is not None and is_remote(self.data) and self.fabric.local_rank == 0:
            fill_in_background(self.manifest, self.shard_cache)

        def snapshot(fitted: FitResult) -> None:
            name = f"{SNAPSHOTS}/epoch-{fitted.epoch + 1:04d}"
            facts = self._facts(fitted, n)
            write_run(self.out / name, replace(model, training=facts), fitted.weights, f"run:{self.out.name}/{name}")

        return trainer.fit(task, train, val, self.resume, snapshot)

    def finish(
        self, fitted: FitResult, model: RunConfig, n: Mapping[str, int], counts: Mapping[str, int] | None = None
    ) -> FitResult:
        """Write metrics, weights and config; leave the other processes. Every process calls it, one writes.

        Args:
            fitted: what :meth:`run` returned; its weights are written.
            model: what was trained, but for the facts of the training, which are added here.
            n: rows that were used of each split.
            counts: rows that a metric is of, where they are not all of the validation split.

        Returns:
            ``fitted``.
        """
        if self.fabric.is_global_zero:
            rows = dict.fromkeys(fitted.metrics, n[VAL]) | dict(counts or {})
            metrics = {name: {"value": value, "n": rows[name]} for name, value in fitted.metrics.items()}
            write_json(self.out / "metrics.json", {"split": VAL, "metrics": metrics})
            write_run(self.out, replace(model, training=self._facts(fitted, n)), fitted.weights)
            remove_checkpoints(self.out)
            on = f" on {self.fabric.world_size} processes" if self.fabric.world_size > 1 else ""
            notice(f"trained at {fitted.samples_per_s:.1f} {self.config.samples}/s{on}")
        shut_down_process_group()
        return fitted

    def _facts(self, fitted: FitResult, n: Mapping[str, int]) -> TrainingFacts:
        request, metadata = self._request(), self.manifest.metadata
        return TrainingFacts(
            recipe=self.recipe,
            config=request["config"],
            data=DataFacts(
                request["data"],
                metadata.get("dataset"),
                metadata.get("splits") or {},
                dict(n),
                tuple(metadata.get(RELABELLED, ())),
            ),
            seed=self.config.trainer.seed,
            epoch=fitted.epoch,
            steps=fitted.steps,
            samples_per_s=fitted.samples_per_s,
            validation=fitted.metrics,
        )

    def _request(self) -> dict[str, Any]:
        place = self.data if is_remote(self.data) else str(Path(self.data).resolve())
        asked = {"recipe": self.recipe, "config": asdict(cast(Any, self.config)), "data": place}
        return asked if self.label_space is None else {**asked, "label_space": self.label_space}
