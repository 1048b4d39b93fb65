"""The one training loop of the house, on lightning-fabric.

CPU or GPU, one process or several: a step takes the same samples, so its loss is the same.
"""

import math
import time
from collections.abc import Mapping
from contextlib import nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor
from torch.utils.data import BatchSampler, DataLoader, Dataset

from emolens.errors import ConfigError, DataError
from emolens.progress import progress
from emolens.training.checkpoint import load_checkpoint, save_checkpoint
from emolens.training.interrupt import deferred_interrupt
from emolens.training.log import RunLog
from emolens.training.optim import OptimizerConfig, build_optimizer, learning_rate
from emolens.training.sampler import EpochSampler
from emolens.training.task import Task
from emolens.training.tensor_table import Batch

if TYPE_CHECKING:
    from lightning_fabric import Fabric

SECONDS_BETWEEN_CHECKPOINTS = 30.0  # a crash costs half a minute; small heads are not slowed by their disk


@dataclass(frozen=True)
class TrainerConfig:
    """How long, in what portions, and when to stop.

    Attributes:
        epochs: at most.
        batch_size: samples of one optimiser step, over all processes; 0 for the whole split.
        patience: stop after so many epochs without a lower validation loss; None never stops early.
        clip_norm: largest norm of the gradient; None leaves it.
        seed: of the order of samples and of everything random in the model.
    """

    epochs: int = 100
    batch_size: int = 256
    patience: int | None = 10
    clip_norm: float | None = None
    seed: int = 0


@dataclass(frozen=True)
class Fitted:
    """What a fit ends with: the weights of the best epoch, its figures, and how far it went."""

    weights: dict[str, Tensor]
    figures: dict[str, float]
    epoch: int
    steps: int


class Trainer:
    """Fits a :class:`Task` and keeps the weights with the lowest validation loss.

    Args:
        config: length, portions, stopping.
        optimizer: optimiser and learning-rate curve.
        run: the run folder; log and checkpoints go there. None for a fit of seconds that leaves no trace.
        fabric: devices and precision; one process on the best device if not given.
    """

    def __init__(
        self, config: TrainerConfig, optimizer: OptimizerConfig, run: Path | None, fabric: "Fabric | None" = None
    ) -> None:
        # Here, and not above: seconds to import, and a recipe's config needs none of it.
        from lightning_fabric import Fabric

        if config.epochs < 1 or config.batch_size < 0:
            raise ConfigError(f"epochs {config.epochs} and batch_size {config.batch_size}: both must be positive")
        self.config, self.optimizer_config, self.run = config, optimizer, run
        self.fabric = fabric or Fabric(accelerator="auto", devices=1)

    def fit(self, task: Task, train: Dataset[Batch], val: Dataset[Batch] | None = None, resume: bool = False) -> Fitted:
        """Train; without ``val`` the last weights are the result.

        Args:
            task: model and losses; its weights are those of the best epoch afterwards.
            train, val: datasets that turn a list of row numbers into a batch.
            resume: go on from the checkpoint in the run folder, if there is one.

        Raises:
            DataError: a loss is not finite (epoch and step are named), or the checkpoint does not fit.
            KeyboardInterrupt: after Ctrl-C, with everything saved.
        """
        config, fabric = self.config, self.fabric
        torch.manual_seed(config.seed)
        module = fabric.setup_module(task)
        optimizer = fabric.setup_optimizers(build_optimizer(task, self.optimizer_config))
        sampler = EpochSampler(
            _size(train),
            config.batch_size,
            config.seed,
            rank=fabric.global_rank,
            world_size=fabric.world_size,
        )
        train_batches = fabric.setup_dataloaders(
            DataLoader(train, sampler=sampler, batch_size=None), use_distributed_sampler=False
        )
        state = _State(task)
        if resume and self.run is not None and (saved := load_checkpoint(self.run)) is not None:
            state.restore(saved, task, optimizer, self.run)
        log = RunLog(self.run, state.step) if self.run is not None else None
        steps_per_epoch, saved_at = len(sampler), time.monotonic()
        try:
            bar = progress("train", config.epochs) if log is not None else nullcontext(lambda steps=1: None)
            with deferred_interrupt() as interrupt, bar as advance:
                advance(state.epoch)
                while state.epoch < config.epochs and not state.finished:
                    sampler.start(state.epoch, state.step - state.epoch * steps_per_epoch)
                    for batch in train_batches:
                        for group in optimizer.param_groups:
                            if self.optimizer_config.name == "adamw":
                                group["lr"] = learning_rate(
                                    state.step, steps_per_epoch, config.epochs, self.optimizer_config
                                )
                        parts = self._step(module, optimizer, batch, state)
                        state.step += 1
                        state.sums = {n: state.sums.get(n, 0.0) + float(v) for n, v in parts.items()}
                        if interrupt.is_set():
                            self._save(state, task, optimizer)
                            raise KeyboardInterrupt
                    means = {name: total / steps_per_epoch for name, total in state.sums.items()}
                    means["lr"] = optimizer.param_groups[0]["lr"]
                    figures = self._judge(task, val, state)
                    if log is not None:
                        log.write(state.step, state.epoch, "train", means)
                        log.write(state.step, state.epoch, "val", figures)
                    state.epoch += 1
                    state.sums = {}
                    advance()
                    if time.monotonic() - saved_at > SECONDS_BETWEEN_CHECKPOINTS:
                        self._save(state, task, optimizer)
                        saved_at = time.monotonic()
        finally:
            if log is not None:
                log.close()
        self._save(state, task, optimizer)
        task.model.load_state_dict(state.best)
        return Fitted(state.best, state.figures, state.best_epoch, state.step)

    def _save(self, state: "_State", task: Task, optimizer: Any) -> None:
        if self.run is not None:
            save_checkpoint(self.run, state.dump(task, optimizer))

    def _step(self, module: Any, optimizer: Any, batch: Batch, state: "_State") -> dict[str, Tensor]:
        first: dict[str, Tensor] = {}

        def closure() -> Tensor:
            optimizer.zero_grad()
            parts: dict[str, Tensor] = module(batch)
            total = torch.stack([part for part in parts.values()]).sum()
            if not torch.isfinite(total):
                named = ", ".join(f"{name} {part.item():.4g}" for name, part in parts.items())
                where = f"{self.run or 'training'}, epoch {state.epoch}, step {state.step}"
                raise DataError(
                    f"{where}: the loss is not finite ({named}). Lower the learning rate, or look for broken "
                    "values in the data"
                )
            self.fabric.backward(total)
            if self.config.clip_norm is not None:
                self.fabric.clip_gradients(module, optimizer, max_norm=self.config.clip_norm)
            first.update(first or {name: part.detach() for name, part in parts.items()})
            return total

        optimizer.step(closure)
        return first

    def _judge(self, task: Task, val: Dataset[Batch] | None, state: "_State") -> dict[str, float]:
        """Figures on the validation split; keeps the weights if they are the best, or there is no such split."""
        if val is None:
            state.keep(task, {})
            return {}
        # Validation reads the split in order, so its figures do not depend on the seed.
        rows = BatchSampler(range(_size(val)), batch_size=max(self.config.batch_size, 1024), drop_last=False)
        batches = DataLoader(val, sampler=rows, batch_size=None)
        task.eval()
        with torch.inference_mode():
            figures = task.validate({k: v.to(self.fabric.device) for k, v in batch.items()} for batch in batches)
        task.train()
        if math.isnan(figures["loss"]):
            raise DataError(f"{self.run or 'training'}: the validation loss of epoch {state.epoch} is not a number")
        if figures["loss"] < state.figures.get("loss", math.inf):
            state.keep(task, figures)
        elif self.config.patience is not None and state.epoch - state.best_epoch >= self.config.patience:
            state.finished = True
        return figures


class _State:
    """What must survive a stop: where the run is, the best so far, and what the next step depends on."""

    def __init__(self, task: Task) -> None:
        self.epoch = self.step = self.best_epoch = 0
        self.finished = False
        self.figures: dict[str, float] = {}
        self.sums: dict[str, float] = {}
        self.best = _copy(task.model.state_dict())

    def keep(self, task: Task, figures: dict[str, float]) -> None:
        self.best, self.figures, self.best_epoch = _copy(task.model.state_dict()), figures, self.epoch

    def dump(self, task: Task, optimizer: Any) -> dict[str, Any]:
        generators = {"cpu": torch.get_rng_state()}
        if torch.cuda.is_available():
            generators["cuda"] = torch.cuda.get_rng_state()
        return {
            "task": _copy(task.state_dict()),
            "optimizer": optimizer.state_dict(),
            "generators": generators,
            **{name: getattr(self, name) for name in self.PLAIN},
        }

    PLAIN = ("epoch", "step", "best_epoch", "finished", "figures", "sums", "best")

    def restore(self, saved: Mapping[str, Any], task: Task, optimizer: Any, run: Path) -> None:
        try:
            task.load_state_dict(saved["task"])
            optimizer.load_state_dict(saved["optimizer"])
            for name in self.PLAIN:
                setattr(self, name, saved[name])
        except (KeyError, RuntimeError, ValueError) as error:
            raise DataError(f"{run}: its checkpoint is of another model; train into another folder") from error
        torch.set_rng_state(saved["generators"]["cpu"])
        if "cuda" in saved["generators"] and torch.cuda.is_available():
            torch.cuda.set_rng_state(saved["generators"]["cuda"])


def _copy(tensors: Mapping[str, Tensor]) -> dict[str, Tensor]:
    return {name: tensor.detach().cpu().clone() for name, tensor in tensors.items()}


def _size(dataset: Dataset[Batch]) -> int:
    size: int = len(dataset)  # type: ignore[arg-type]
    if size == 0:
        raise DataError("a split to train on is empty")
    return size
