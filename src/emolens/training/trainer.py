"""The one training loop of the house, on lightning-fabric.

CPU or GPU, one process or several: a step takes the same samples, so its loss is the same.

Legend: P loss parts, A micro-batches of a step, W processes, F = P + 2 figures of a micro-batch.
"""

import math
import time
from collections.abc import Callable, Iterator
from contextlib import nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor
from torch.utils.data import Dataset

from emolens.data.loaders.batch_loader import BatchLoader
from emolens.errors import DataError, EmolensError
from emolens.progress import progress
from emolens.signals import Interrupted
from emolens.training.fit import Fit
from emolens.training.interrupt import deferred_interrupt
from emolens.training.log import RunLog
from emolens.training.optim import OptimizerConfig, build_optimizer, learning_rate, set_learning_rate
from emolens.training.processes.agreement import agree
from emolens.training.processes.gather import gather
from emolens.training.processes.sharding import from_first, on_first, whole
from emolens.training.processes.tally import Tally, Told
from emolens.training.processes.validation import SharedValidation
from emolens.training.sampler import EpochSampler
from emolens.training.state.checkpoint import Checkpoints, load_checkpoint
from emolens.training.state.ema import WeightAverage
from emolens.training.state.run_state import RunState
from emolens.training.tasks.task import Step, Task
from emolens.training.tensor_table import Batch
from emolens.training.trainer_config import TrainerConfig, check_plan
from emolens.training.watch import Watch

if TYPE_CHECKING:
    from lightning_fabric import Fabric

NORM = ("gradient norm",)
ROWS_NAMED = 16  # of a batch with a broken loss: enough to look at, few enough to read


@dataclass(frozen=True)
class FitResult:
    """What a fit ends with.

    Attributes:
        weights: of the best epoch, on the CPU of the first process; empty on the others.
        metrics: its, on the validation split; empty without one.
        epoch: which it was, from 0.
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
    """Fits a :class:`Task` and keeps the weights of the best epoch, by default that of the lowest validation loss.

    Args:
        config: length, batches, stopping.
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

        self.config, self.optimizer_config, self.run = config, optimizer, run
        self.fabric = fabric or Fabric(accelerator="auto", devices=1)
        self.workers = workers

    def fit(
        self,
        task: Task,
        train: Dataset[Batch],
        val: Dataset[Batch] | None = None,
        resume: bool = False,
        snapshot: Callable[[FitResult], None] | None = None,
    ) -> FitResult:
        """Train; without ``val`` the last weights are the result.

        Args:
            task: model and losses; its weights are those of the best epoch afterwards.
            train, val: datasets that turn a list of row numbers into a batch. ``train.set_epoch(epoch)`` is called
                where there is such a method. Processes share out the batches of ``val``, each judged by one of them.
            resume: continue from the checkpoint in the run folder, if there is one.
            snapshot: is given what training would end with after each ``snapshot_every`` epochs, by one process.

        Raises:
            DataError: a loss is not finite (epoch, step and rows are named), a batch lacks what the task needs, or the
                checkpoint does not fit or cannot be written; the last good one is then still there.
            ConfigError: the batches do not fit the split, the processes or the micro-batches; the warm-up is longer
                than the run; the processes would not start from the same step.
            Interrupted: after Ctrl-C, SIGTERM, SIGHUP or SIGUSR1 to any process, with everything saved.
        """
        fit = self._prepare(task, train, val, resume)
        fit.snapshot = snapshot
        try:
            total = self.config.epochs * fit.steps_per_epoch
            bar = progress("train", total) if fit.log is not None else nullcontext(lambda steps=1: None)
            with deferred_interrupt(patient=self.fabric.world_size > 1) as fit.asked, bar as fit.advance:
                fit.advance(fit.state.step)
                while fit.state.epoch < self.config.epochs and not fit.state.finished:
                    self._epoch(fit)
                self._save(fit, wait=True)
        except EmolensError as error:
            raise _plain(error) from error
        finally:
            if fit.log is not None:
                fit.log.close()
            if fit.checkpoints is not None:
                fit.checkpoints.close()
        state = fit.state
        if state.keeps_best:
            task.model.load_state_dict(state.best)
        from_first(task.model, self.fabric.world_size)
        weights = on_first(state.best, self.fabric.global_rank)
        return FitResult(weights, state.metrics, state.best_epoch, state.step, fit.watch.samples_per_s())

    def _prepare(self, task: Task, train: Dataset[Batch], val: Dataset[Batch] | None, resume: bool) -> Fit:
        config, fabric = self.config, self.fabric
        check_plan(config, self.optimizer_config, _size(train))
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
        batches = BatchLoader(train, sampler, self.workers, fabric.device)
        validation = None
        if val is not None:
            rows_at_once = config.val_batch_size or max(config.batch_size, 1024)
            validation = SharedValidation(val, _size(val), rows_at_once, fabric, self.workers)
        average = WeightAverage(task.model, config.ema_decay) if config.ema_decay is not None else None
        state, log, checkpoints = RunState(task, average, fabric.global_rank), None, None
        if self.run is not None:
            self._resume(state, optimizer, self.run, resume)
            checkpoints = Checkpoints(self.run, fabric)
            log = RunLog(self.run, state.step) if fabric.is_global_zero else None
        tally, watch = Tally(fabric.device), Watch(sampler.batch_size)
        return Fit(
            task, module, optimizer, curve, train, batches, validation, sampler, state, checkpoints, log, tally, watch
        )

    def _resume(self, state: RunState, optimizer: Any, run: Path, resume: bool) -> None:
        """Take over the checkpoint, if it is asked for; whatever stops one process here stops all of them."""
        failed = None
        try:
            if resume and (saved := load_checkpoint(run, state.target(optimizer))) is not None:
                state.restore(saved, optimizer, run)
        except EmolensError as error:
            failed = error
        advice = "All machines must see the same run folder, on a disk that they share"
        agree(self.fabric, str(run), {"step": state.step, "epoch": state.epoch}, failed, advice)

    def _epoch(self, fit: Fit) -> None:
        """The steps that are left of an epoch, validation, and what is written at its end."""
        state, curve = fit.state, fit.curve
        if hasattr(fit.train, "set_epoch"):
            fit.train.set_epoch(state.epoch)
        first = state.step - state.epoch * fit.steps_per_epoch
        fit.sampler.start(state.epoch, first)
        fit.watch.start()
        batches = iter(fit.batches)
        # Of the last step, for the log; a run stopped in the last step of an epoch has none left in it.
        lr = self._rate(fit, max(0, state.step - 1))
        for index in range(first, fit.steps_per_epoch):
            lr = self._rate(fit, state.step)
            if curve.algorithm == "adamw":
                set_learning_rate(fit.optimizer, lr)
            step = Step(self.config.seed, state.step, fit.sampler.rows(state.epoch, index))
            (self._lbfgs if curve.algorithm == "lbfgs" else self._step)(fit, step, batches, lr)
            if state.average is not None:
                state.average.update()
            state.step += 1
            fit.watch.step()
            fit.advance()
            self._stop_if_asked(fit)
            if index + 1 < fit.steps_per_epoch and fit.due:
                self._save(fit)
                fit.watch.start()
        self._read(fit, fit.tally.take_all())
        self._stop_if_asked(fit)
        means = {name: total / fit.steps_per_epoch for name, total in state.sums.items()}
        means["lr"] = lr if curve.algorithm == "adamw" else fit.optimizer.param_groups[0]["lr"]
        metrics = self._validate(fit)
        self._snapshot(fit, metrics)
        if fit.log is not None:
            fit.log.write(state.step, state.epoch, "train", means)
            fit.log.write(state.step, state.epoch, "val", metrics)
        state.epoch += 1
        state.sums = {}
        if self.config.checkpoint_epochs or fit.due:
            self._save(fit)

    def _rate(self, fit: Fit, step: int) -> float:
        return learning_rate(step, fit.steps_per_epoch, self.config.epochs, fit.curve)

    def _save(self, fit: Fit, wait: bool = False) -> None:
        self._read(fit, fit.tally.take_all())  # nothing is saved after a broken loss
        if fit.checkpoints is not None:
            fit.checkpoints.save(fit.state.dump(fit.optimizer), wait)
        fit.saved_at, fit.due = time.monotonic(), False

    def _stop_if_asked(self, fit: Fit) -> None:
        if fit.stop:
            self._save(fit, wait=True)
            raise Interrupted(fit.stop)

    def _step(self, fit: Fit, step: Step, batches: Iterator[Batch], lr: float) -> None:
        """One optimiser step."""
        fit.optimizer.zero_grad()
        found = [self._part(fit, step, k, next(batches)) for k in range(self.config.accumulate)]
        self._tell(fit, step, list(found[0]), torch.stack([_stacked(parts) for parts in found]), lr)
        self._limit_gradient(fit, step, lr)
        fit.optimizer.step()

    def _lbfgs(self, fit: Fit, step: Step, batches: Iterator[Batch], lr: float) -> None:
        """One line-searched step over all samples; the loss parts are those before it."""
        batch = next(batches)
        found: list[dict[str, Tensor]] = []

        def closure() -> Tensor:
            fit.optimizer.zero_grad()
            parts = self._part(fit, step, 0, batch)
            found.append(parts)
            total = _total(parts)
            if not torch.isfinite(total):
                self._stop(fit, step, dict(zip(parts, _stacked(parts).tolist(), strict=True)))
            self._limit_gradient(fit, step, lr)
            return total

        fit.optimizer.step(closure)
        self._tell(fit, step, list(found[0]), _stacked(found[0])[None], lr)

    def _tell(self, fit: Fit, step: Step, names: list[str], value_AP: Tensor, lr: float) -> None:
        """One exchange a step: losses, a signal that asks for a stop, and whether a checkpoint is due.

        So every process learns of them in the same step as the others.
        """
        due = time.monotonic() - fit.saved_at > self.config.checkpoint_seconds
        flag_A2 = value_AP.new_tensor([[float(fit.asked.number), float(due)]]).expand(len(value_AP), -1)
        value_WAF = gather(torch.cat([value_AP, flag_A2], dim=1), self.fabric.world_size)
        fit.tally.add(step, names, value_WAF, lr)
        self._read(fit, fit.tally.take(step.number))

    def _read(self, fit: Fit, told: list[Told]) -> None:
        """What steps have given: stop at a loss that is not finite, else add and log it."""
        for one in told:
            state, step, names = fit.state, one.step, one.names
            processes = one.values()
            for process, by_micro_batch in enumerate(processes):
                for k, figures in enumerate(by_micro_batch):
                    values = dict(zip(names, figures, strict=False))
                    if not math.isfinite(sum(values.values())):
                        world = len(processes)
                        self._stop(fit, step.share(k * world + process, world * len(by_micro_batch)), values)
            if names == NORM:
                continue
            every = [figures for by_micro_batch in processes for figures in by_micro_batch]
            # The first process says when to save; a stop that was asked of any is one of all.
            fit.due, fit.stop = every[0][-1] > 0, max(fit.stop, *(int(figures[-2]) for figures in every))
            means = [sum(column) / len(every) for column in zip(*every, strict=True)]
            parts = dict(zip(names, means, strict=False))
            state.sums = {n: state.sums.get(n, 0.0) + v for n, v in parts.items()}
            number = step.number + 1
            if fit.log is not None and self.config.log_steps and number % self.config.log_steps == 0:
                fit.log.write(number, state.epoch, "step", {**parts, "lr": one.lr})
                fit.log.write(number, state.epoch, "speed", {"samples_per_s": fit.watch.recent()})

    def _part(self, fit: Fit, step: Step, micro_batch: int, batch: Batch) -> dict[str, Tensor]:
        """Forward and backward of one micro-batch of this process: its loss parts."""
        world, micro_batches = self.fabric.world_size, self.config.accumulate
        fit.check_keys(batch)
        mine = step.share(micro_batch * world + self.fabric.global_rank, world * micro_batches)
        torch.manual_seed(mine.part_seed)
        with self.fabric.no_backward_sync(fit.module, enabled=micro_batch + 1 < micro_batches):
            parts: dict[str, Tensor] = fit.module(batch, mine)
            total = _total(parts)
            self.fabric.backward(total / micro_batches if micro_batches > 1 else total)
        return {name: part.detach() for name, part in parts.items()}

    def _limit_gradient(self, fit: Fit, step: Step, lr: float) -> None:
        if self.config.max_grad_norm is not None:
            norm = self.fabric.clip_gradients(
                fit.module, fit.optimizer, max_norm=self.config.max_grad_norm, error_if_nonfinite=False
            )
            if norm is not None:
                fit.tally.add(step, NORM, whole(norm).reshape(1, 1, 1), lr)
                self._read(fit, fit.tally.take(step.number))

    def _stop(self, fit: Fit, step: Step, found: dict[str, float]) -> None:
        rows = step.part_rows
        named = ", ".join(f"{name} {value:.4g}" for name, value in found.items())
        shown = ", ".join(str(row) for row in rows[:ROWS_NAMED]) + (", ..." if len(rows) > ROWS_NAMED else "")
        where = f"{self.run or 'training'}, epoch {fit.state.epoch}, step {step.number}"
        raise DataError(
            f"{where}: the loss is not finite ({named}) on rows {shown} of the training split (from 0). Lower the "
            "learning rate, or look for broken values in these rows; go on with --resume"
        )

    def _snapshot(self, fit: Fit, metrics: dict[str, float]) -> None:
        """Hand on the weights of now, if this epoch's are to be kept for themselves."""
        every, state = self.config.snapshot_every, fit.state
        if fit.snapshot is None or every is None or (state.epoch + 1) % every:
            return
        weights = state.average.average if state.average is not None else fit.task.model.state_dict()
        weights = on_first(weights, self.fabric.global_rank)
        if self.fabric.is_global_zero:
            fit.snapshot(FitResult(weights, metrics, state.epoch, state.step, fit.watch.samples_per_s()))

    def _validate(self, fit: Fit) -> dict[str, float]:
        """Metrics on the validation split; keeps the weights if they are the best, or there is no such split."""
        state = fit.state
        with state.average.applied() if state.average is not None else nullcontext():
            if fit.validation is None:
                state.keep({})
                return {}
            metrics = fit.validation.run(fit.task)
            if math.isnan(metrics["loss"]):
                raise DataError(f"{self.run or 'training'}: the validation loss of epoch {state.epoch} is not a number")
            if fit.task.merit(metrics, self.config.keep_by) > fit.task.merit(state.metrics, self.config.keep_by):
                state.keep(metrics)
            elif self.config.patience is not None and state.epoch - state.best_epoch >= self.config.patience:
                state.finished = True
            return metrics


def _plain(error: EmolensError) -> EmolensError:
    """An error from a loader process, without the traceback that torch puts into its message."""
    _, found, text = str(error).rpartition(f"{type(error).__module__}.{type(error).__name__}: ")
    return type(error)(text.strip()) if found and "Original Traceback" in str(error) else error


def _size(dataset: Dataset[Batch]) -> int:
    size: int = len(dataset)  # type: ignore[arg-type]
    if size == 0:
        raise DataError("a split to train on is empty")
    return size


def _stacked(parts: dict[str, Tensor]) -> Tensor:
    return torch.stack([part.float() for part in parts.values()])


def _total(parts: dict[str, Tensor]) -> Tensor:
    return torch.stack(list(parts.values())).sum()
