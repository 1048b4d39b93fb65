"""The one training loop of the house, on lightning-fabric.

CPU or GPU, one process or several: a step takes the same samples, so its loss is the same.

Legend: P loss parts, A micro-batches of a step, W processes.
"""

import math
import time
from collections.abc import Iterator
from contextlib import nullcontext
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor
from torch.utils.data import BatchSampler, DataLoader, Dataset

from emolens.errors import ConfigError, DataError, EmolensError
from emolens.progress import progress
from emolens.training.checkpoint import load_checkpoint, remove_torn, save_checkpoint
from emolens.training.devices import gather
from emolens.training.ema import WeightAverage
from emolens.training.interrupt import deferred_interrupt
from emolens.training.log import RunLog
from emolens.training.optim import OptimizerConfig, build_optimizer, learning_rate, set_learning_rate
from emolens.training.run_state import RunState
from emolens.training.sampler import EpochSampler
from emolens.training.tasks.task import Step, Task
from emolens.training.tensor_table import Batch

if TYPE_CHECKING:
    from lightning_fabric import Fabric

ROWS_NAMED = 16  # of a batch with a broken loss: enough to look at, few enough to read


@dataclass(frozen=True)
class TrainerConfig:
    """How long, in what micro-batches, and when to stop.

    Attributes:
        epochs: at most.
        batch_size: samples of one optimiser step, over all processes and micro-batches; 0 for the whole split.
        accumulate: micro-batches per optimiser step (gradient accumulation), where a step does not fit in memory.
        val_batch_size: samples judged together; None for at least 1024, right for embeddings but not for pictures.
        patience: stop after so many epochs without a lower validation loss; None never stops early.
        max_grad_norm: largest norm of the gradient; None leaves it.
        ema_decay: judge and keep an exponential moving average of the weights; None keeps the weights themselves.
        checkpoint_seconds: a crash costs at most so much; small heads are not slowed by their disk.
        checkpoint_epochs: write a checkpoint at the end of each epoch, too.
        log_steps: log every so many steps, with images per second; None logs epochs only.
        seed: of the order of samples and of everything random in the model.
    """

    epochs: int = 100
    batch_size: int = 256
    accumulate: int = 1
    val_batch_size: int | None = None
    patience: int | None = 10
    max_grad_norm: float | None = None
    ema_decay: float | None = None
    checkpoint_seconds: float = 30.0
    checkpoint_epochs: bool = False
    log_steps: int | None = None
    seed: int = 0

    def __post_init__(self) -> None:
        for name in ("epochs", "accumulate", "val_batch_size", "log_steps"):
            if (value := getattr(self, name)) is not None and value < 1:
                raise ConfigError(f"{name} {value}: must be positive")
        if self.batch_size < 0:
            raise ConfigError(f"batch_size {self.batch_size}: must be positive, or 0 for the whole split")
        if self.ema_decay is not None and not 0 < self.ema_decay < 1:
            raise ConfigError(f"ema_decay {self.ema_decay}: must lie between 0 and 1, for instance 0.9999")


@dataclass(frozen=True)
class FitResult:
    """What a fit ends with.

    Attributes:
        weights: of the best epoch; figures: its, on the validation split; epoch: which it was, from 0.
        steps: optimiser steps in all.
        samples_per_s: samples trained on per second by all processes, loading included, validation and saving not; 0 if
            nothing was left to train.
    """

    weights: dict[str, Tensor]
    metrics: dict[str, float]
    epoch: int
    steps: int
    samples_per_s: float = 0.0


class Trainer:
    """Fits a :class:`Task` and keeps the weights with the lowest validation loss.

    Args:
        config: length, micro-batches, stopping.
        optimizer: optimiser and learning-rate curve.
        run: the run folder; log and checkpoints go there. None for a fit of seconds that leaves no trace.
        fabric: devices and precision, launched; one process on the best device if not given.
        workers: processes that load batches ahead; 0 loads in this one.
    """

    def __init__(
        self,
        config: TrainerConfig,
        optimizer: OptimizerConfig,
        run: Path | None,
        fabric: "Fabric | None" = None,
        workers: int = 0,
    ) -> None:
        # Here, and not above: seconds to import, and a recipe's config needs none of it.
        from lightning_fabric import Fabric

        if optimizer.algorithm == "lbfgs" and config.accumulate > 1:
            raise ConfigError("lbfgs looks at all samples at once; leave accumulate at 1")
        self.config, self.optimizer_config, self.run = config, optimizer, run
        self.fabric = fabric or Fabric(accelerator="auto", devices=1)
        self.workers = workers

    def fit(
        self, task: Task, train: Dataset[Batch], val: Dataset[Batch] | None = None, resume: bool = False
    ) -> FitResult:
        """Train; without ``val`` the last weights are the result.

        Args:
            task: model and losses; its weights are those of the best epoch afterwards.
            train, val: datasets that turn a list of row numbers into a batch. ``train.set_epoch(epoch)`` is called
                where there is such a method. Every process judges the whole of ``val``.
            resume: go on from the checkpoint in the run folder, if there is one.

        Raises:
            DataError: a loss is not finite (epoch, step and rows are named), the checkpoint does not fit, or cannot be
                written; the last good one is then still there.
            ConfigError: the batch cannot be dealt evenly to processes and micro-batches.
            KeyboardInterrupt: after Ctrl-C, with everything saved.
        """
        config, fabric = self.config, self.fabric
        torch.manual_seed(config.seed)
        sampler = EpochSampler(
            _size(train),
            config.batch_size,
            config.seed,
            rank=fabric.global_rank,
            world_size=fabric.world_size,
            micro_batches=config.accumulate,
        )
        module = fabric.setup_module(task)
        curve = self.optimizer_config.for_batch(sampler.batch_size)
        optimizer = fabric.setup_optimizers(build_optimizer(task, curve))
        train_batches = fabric.setup_dataloaders(
            DataLoader(
                train,
                sampler=sampler,
                batch_size=None,
                num_workers=self.workers,
                pin_memory=fabric.device.type == "cuda",
            ),
            use_distributed_sampler=False,
        )
        average = WeightAverage(task.model, config.ema_decay) if config.ema_decay is not None else None
        state = RunState(task, average)
        if resume and self.run is not None and (saved := load_checkpoint(self.run)) is not None:
            state.restore(saved, optimizer, self.run)
        leads = self.run is not None and fabric.is_global_zero
        log = None
        if self.run is not None and leads:
            remove_torn(self.run)
            log = RunLog(self.run, state.step)
        steps_per_epoch, watch = len(sampler), _Watch(sampler.batch_size)
        saved_at = time.monotonic()
        try:
            total = config.epochs * steps_per_epoch
            bar = progress("train", total) if log is not None else nullcontext(lambda steps=1: None)
            with deferred_interrupt() as interrupt, bar as advance:
                advance(state.step)
                while state.epoch < config.epochs and not state.finished:
                    if hasattr(train, "set_epoch"):
                        train.set_epoch(state.epoch)
                    first = state.step - state.epoch * steps_per_epoch
                    sampler.start(state.epoch, first)
                    watch.start()
                    batches = iter(train_batches)
                    # Of the last step, for the log; a run stopped in the last step of an epoch has none left in it.
                    lr = learning_rate(max(0, state.step - 1), steps_per_epoch, config.epochs, curve)
                    for index in range(first, steps_per_epoch):
                        lr = learning_rate(state.step, steps_per_epoch, config.epochs, curve)
                        if curve.algorithm == "adamw":
                            set_learning_rate(optimizer, lr)
                        step = Step(config.seed, state.step, sampler.rows(state.epoch, index))
                        parts, asked = self._step(task, module, optimizer, batches, step, state, interrupt.is_set())
                        if average is not None:
                            average.update()
                        state.step += 1
                        state.sums = {n: state.sums.get(n, 0.0) + v for n, v in parts.items()}
                        watch.step()
                        advance()
                        if log is not None and config.log_steps and state.step % config.log_steps == 0:
                            log.write(state.step, state.epoch, "step", {**parts, "lr": lr})
                            log.write(state.step, state.epoch, "speed", {"samples_per_s": watch.recent()})
                        if asked:
                            self._save(state, optimizer)
                            raise KeyboardInterrupt
                        if time.monotonic() - saved_at > config.checkpoint_seconds and index + 1 < steps_per_epoch:
                            self._save(state, optimizer)
                            saved_at = time.monotonic()
                            watch.start()
                    means = {name: total / steps_per_epoch for name, total in state.sums.items()}
                    means["lr"] = lr if curve.algorithm == "adamw" else optimizer.param_groups[0]["lr"]
                    metrics = self._validate(val, state)
                    if log is not None:
                        log.write(state.step, state.epoch, "train", means)
                        log.write(state.step, state.epoch, "val", metrics)
                    state.epoch += 1
                    state.sums = {}
                    if config.checkpoint_epochs or time.monotonic() - saved_at > config.checkpoint_seconds:
                        self._save(state, optimizer)
                        saved_at = time.monotonic()
        except EmolensError as error:
            raise _plain(error) from error
        finally:
            if log is not None:
                log.close()
        self._save(state, optimizer)
        task.model.load_state_dict(state.best)
        return FitResult(state.best, state.metrics, state.best_epoch, state.step, watch.samples_per_s())

    def _save(self, state: RunState, optimizer: Any) -> None:
        if self.run is not None and self.fabric.is_global_zero:
            save_checkpoint(self.run, state.dump(optimizer))

    def _step(
        self,
        task: Task,
        module: Any,
        optimizer: Any,
        batches: Iterator[Batch],
        step: Step,
        state: RunState,
        interrupted: bool,
    ) -> tuple[dict[str, float], bool]:
        """One optimiser step: the means of the loss parts, and whether any process was asked to stop."""
        world, rank, micro_batches = self.fabric.world_size, self.fabric.global_rank, self.config.accumulate
        names: list[str] = []
        part_values: list[Tensor] = []

        def run_part(micro_batch: int, batch: Batch) -> Tensor:
            mine = replace(step, part=micro_batch * world + rank, parts=world * micro_batches)
            task.begin(mine)
            torch.manual_seed(mine.part_seed)
            with self.fabric.no_backward_sync(module, enabled=micro_batch + 1 < micro_batches):
                parts: dict[str, Tensor] = module(batch)
                total = torch.stack([part for part in parts.values()]).sum()
                self.fabric.backward(total / micro_batches if micro_batches > 1 else total)
            names[:] = parts
            part_values.append(torch.stack([part.detach().float() for part in parts.values()]))
            return total

        if self.optimizer_config.algorithm == "lbfgs":
            batch = next(batches)

            def closure() -> Tensor:
                optimizer.zero_grad()
                total = run_part(0, batch)
                if not torch.isfinite(total):
                    self._stop(step, state, dict(zip(names, part_values[-1].tolist(), strict=True)), step.rows)
                self._clip(module, optimizer, step, state)
                return total

            optimizer.step(closure)
            return dict(zip(names, part_values[0].tolist(), strict=True)), interrupted

        optimizer.zero_grad()
        for micro_batch in range(micro_batches):
            run_part(micro_batch, next(batches))
        # One exchange a step: every process learns of a broken loss, or of Ctrl-C, in the same step as the others.
        value_AP = torch.stack(part_values)
        flag_A1 = torch.full_like(value_AP[:, :1], float(interrupted))
        told: list[list[list[float]]] = gather(torch.cat([value_AP, flag_A1], dim=1), world).tolist()
        for process, by_micro_batch in enumerate(told):
            for micro_batch, (*values, _) in enumerate(by_micro_batch):
                if not math.isfinite(sum(values)):
                    rows = step.rows[micro_batch * world + process :: world * micro_batches]
                    self._stop(step, state, dict(zip(names, values, strict=True)), rows)
        self._clip(module, optimizer, step, state)
        optimizer.step()
        every = [values for by_micro_batch in told for values in by_micro_batch]
        means = [sum(column) / len(every) for column in zip(*every, strict=True)]
        return dict(zip(names, means[:-1], strict=True)), means[-1] > 0

    def _clip(self, module: Any, optimizer: Any, step: Step, state: RunState) -> None:
        if self.config.max_grad_norm is not None:
            norm = self.fabric.clip_gradients(
                module, optimizer, max_norm=self.config.max_grad_norm, error_if_nonfinite=False
            )
            if norm is not None and not torch.isfinite(norm):
                self._stop(step, state, {"gradient norm": float(norm)}, step.rows)

    def _stop(self, step: Step, state: RunState, found: dict[str, float], rows: Any) -> None:
        named = ", ".join(f"{name} {value:.4g}" for name, value in found.items())
        shown = ", ".join(str(row) for row in rows[:ROWS_NAMED]) + (", ..." if len(rows) > ROWS_NAMED else "")
        where = f"{self.run or 'training'}, epoch {state.epoch}, step {step.number}"
        raise DataError(
            f"{where}: the loss is not finite ({named}) on rows {shown} of the training split (from 0). Lower the "
            "learning rate, or look for broken values in these rows; go on with --resume"
        )

    def _validate(self, val: Dataset[Batch] | None, state: RunState) -> dict[str, float]:
        """Figures on the validation split; keeps the weights if they are the best, or there is no such split."""
        with state.average.applied() if state.average is not None else nullcontext():
            if val is None:
                state.keep({})
                return {}
            # Validation reads the split in order, so its figures do not depend on the seed.
            size = self.config.val_batch_size or max(self.config.batch_size, 1024)
            rows = BatchSampler(range(_size(val)), batch_size=size, drop_last=False)
            batches = DataLoader(val, sampler=rows, batch_size=None, num_workers=self.workers)
            state.task.eval()
            with torch.inference_mode(), self.fabric.autocast():
                metrics = state.task.validate(
                    {k: v.to(self.fabric.device) for k, v in batch.items()} for batch in batches
                )
            state.task.train()
            if math.isnan(metrics["loss"]):
                raise DataError(f"{self.run or 'training'}: the validation loss of epoch {state.epoch} is not a number")
            if metrics["loss"] < state.metrics.get("loss", math.inf):
                state.keep(metrics)
            elif self.config.patience is not None and state.epoch - state.best_epoch >= self.config.patience:
                state.finished = True
            return metrics


class _Watch:
    """Counts samples and the seconds spent on them."""

    def __init__(self, batch_size: int) -> None:
        self.batch_size = batch_size
        self.steps, self.seconds = 0, 0.0
        self._told = (0, 0.0)
        self._since = time.monotonic()

    def start(self) -> None:
        """What went before was something else."""
        self._since = time.monotonic()

    def step(self) -> None:
        now = time.monotonic()
        self.seconds += now - self._since
        self.steps += 1
        self._since = now

    def samples_per_s(self) -> float:
        return self.steps * self.batch_size / self.seconds if self.seconds else 0.0

    def recent(self) -> float:
        """Since the last call."""
        steps, seconds = self.steps - self._told[0], self.seconds - self._told[1]
        self._told = (self.steps, self.seconds)
        return steps * self.batch_size / max(seconds, 1e-9)


def _plain(error: EmolensError) -> EmolensError:
    """An error from a loader process, without the traceback that torch puts into its message."""
    _, found, text = str(error).rpartition(f"{type(error).__module__}.{type(error).__name__}: ")
    return type(error)(text.strip()) if found and "Original Traceback" in str(error) else error


def _size(dataset: Dataset[Batch]) -> int:
    size: int = len(dataset)  # type: ignore[arg-type]
    if size == 0:
        raise DataError("a split to train on is empty")
    return size
