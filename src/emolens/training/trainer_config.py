"""How long a training takes, in what batches, and whether that can be done."""

from dataclasses import dataclass
from typing import Literal

from emolens.errors import ConfigError
from emolens.training.optim import OptimizerConfig


@dataclass(frozen=True)
class TrainerConfig:
    """How long, in what batches, and when to stop."""

    epochs: int = 100
    """Passes over the training split, at most."""
    batch_size: int = 256
    """Samples of one optimiser step, over all processes and micro-batches; 0 takes the whole split."""
    accumulate: int = 1
    """Micro-batches per optimiser step (gradient accumulation), where a step does not fit in memory."""
    val_batch_size: int | None = None
    """Samples validated together; None for at least 1024, which is right for embeddings but not for pictures."""
    patience: int | None = 10
    """Stop after so many epochs without a better one on the validation split; None never stops early."""
    keep_by: Literal["loss", "accuracy"] = "loss"
    """Which epoch's weights are kept: that of the lowest validation loss, or of the highest accuracy (mAP where samples
    have several labels, CCC where there are values alone; of equal ones the lower loss)."""
    snapshot_every: int | None = None
    """Keep the weights of every so many epochs, too, in run folders RUN/snapshots/epoch-0100; None keeps none."""
    max_grad_norm: float | None = None
    """Largest norm of the gradient; a larger one is scaled down to it. None leaves it."""
    ema_decay: float | None = None
    """Decay of an exponential moving average of the weights, which is then validated and kept; None keeps none."""
    checkpoint_seconds: float = 30.0
    """Time between two checkpoints, so that a crash costs at most so much."""
    checkpoint_epochs: bool = False
    """Write a checkpoint at the end of each epoch, too."""
    log_steps: int | None = None
    """Log every so many steps, with samples per second; None logs epochs only."""
    train_share: float = 1.0
    """Share of the rows of train and val that is used, to see how much few labels teach; smaller ones lie in larger."""
    seed: int = 0
    """Seed of the order of samples, of the share of them, and of everything random in the model."""

    def __post_init__(self) -> None:
        for name in ("epochs", "accumulate", "val_batch_size", "log_steps", "max_grad_norm", "snapshot_every"):
            value = getattr(self, name)
            if value is not None and not value > 0:
                raise ConfigError(f"{name} {value}: must be positive")
        if self.batch_size < 0:
            raise ConfigError(f"batch_size {self.batch_size}: must be positive, or 0 for the whole split")
        if not 0 < self.train_share <= 1:
            raise ConfigError(f"train_share {self.train_share:g}: must be above 0 and at most 1")
        if self.ema_decay is not None and not 0 < self.ema_decay < 1:
            raise ConfigError(f"ema_decay {self.ema_decay}: must lie between 0 and 1, for instance 0.9999")


def check_plan(config: TrainerConfig, optimizer: OptimizerConfig, rows: int) -> None:
    """Find out before the work whether it can be done.

    Args:
        config, optimizer: what was asked for.
        rows: of the training split.

    Raises:
        ConfigError: a batch larger than the split, a warm-up longer than the run, or gradient accumulation, snapshots
            or a choice of epochs with an optimiser that looks at all samples at once.
    """
    if config.batch_size > rows:
        raise ConfigError(
            f"batch_size {config.batch_size} is larger than the training split of {rows} rows; take at most {rows}, or "
            "0 for the whole split"
        )
    if optimizer.algorithm == "lbfgs":
        if config.accumulate > 1:
            raise ConfigError(f"accumulate {config.accumulate}: lbfgs looks at all samples at once; leave it at 1")
        if config.snapshot_every is not None:
            raise ConfigError(f"snapshot_every {config.snapshot_every}: lbfgs has no epochs to keep; leave it out")
        if config.keep_by != "loss":
            raise ConfigError(f"keep_by {config.keep_by}: lbfgs has no epochs to choose from; leave it at loss")
    if optimizer.algorithm == "adamw" and optimizer.warmup_epochs > config.epochs:
        raise ConfigError(
            f"warmup_epochs {optimizer.warmup_epochs:g} is longer than the run of {config.epochs} epochs; shorten it, "
            "or train longer"
        )
    if optimizer.algorithm == "adamw" and optimizer.warmup_epochs + optimizer.final_epochs > config.epochs:
        raise ConfigError(
            f"warmup_epochs {optimizer.warmup_epochs:g} and final_epochs {optimizer.final_epochs:g} are longer than "
            f"the run of {config.epochs} epochs; shorten them, or train longer"
        )
