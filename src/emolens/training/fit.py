"""What one call of the trainer works with."""

import time
from collections.abc import Callable
from typing import Any

from torch.utils.data import Dataset

from emolens.data.loaders.batch_loader import BatchLoader
from emolens.errors import DataError
from emolens.progress import Advance
from emolens.training.interrupt import StopRequest
from emolens.training.log import RunLog
from emolens.training.optim import OptimizerConfig
from emolens.training.processes.tally import Tally
from emolens.training.processes.validation import SharedValidation
from emolens.training.sampler import EpochSampler
from emolens.training.state.checkpoint import Checkpoints
from emolens.training.state.run_state import RunState
from emolens.training.tasks.task import Task
from emolens.training.tensor_table import Batch
from emolens.training.watch import Watch


class Fit:
    """Everything that one call of :meth:`Trainer.fit` works with."""

    def __init__(
        self,
        task: Task,
        module: Any,
        optimizer: Any,
        curve: OptimizerConfig,
        train: Dataset[Batch],
        batches: BatchLoader,
        validation: SharedValidation | None,
        sampler: EpochSampler,
        state: RunState,
        checkpoints: Checkpoints | None,
        log: RunLog | None,
        tally: Tally,
        watch: Watch,
    ) -> None:
        self.task, self.module, self.optimizer, self.curve = task, module, optimizer, curve
        self.train: Any = train
        self.batches, self.validation, self.sampler = batches, validation, sampler
        self.state, self.checkpoints, self.log = state, checkpoints, log
        self.tally, self.watch = tally, watch
        self.steps_per_epoch = len(sampler)
        self.snapshot: Callable[[Any], None] | None = None
        self.asked = StopRequest()  # of this process
        self.stop = 0  # the signal, once all processes know of it
        self.due = False
        self.advance: Advance = lambda steps=1: None
        self.saved_at = time.monotonic()
        self.checked = False

    def check_keys(self, batch: Batch) -> None:
        """Does the first batch hold what the task needs?

        Raises:
            DataError: it does not.
        """
        missing = [name for name in self.task.keys if name not in batch]
        if missing and not self.checked:
            raise DataError(
                f"{type(self.task).__name__} needs {', '.join(missing)} in each batch, and the training data gives "
                f"{', '.join(batch)}"
            )
        self.checked = True
