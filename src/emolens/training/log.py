"""The log of a run: ``log.csv`` for people and spreadsheets, TensorBoard for curves."""

import csv
from pathlib import Path
from typing import Any


class RunLog:
    """Writes figures by step; on resume the rows after the resumed step are forgotten.

    Args:
        run: the run folder.
        first_step: rows from this step on are dropped (0 starts a new log).
    """

    COLUMNS = ("step", "epoch", "split", "name", "value")

    def __init__(self, run: Path, first_step: int = 0) -> None:
        from torch.utils.tensorboard.writer import SummaryWriter

        self.path = run / "log.csv"
        kept = []
        if first_step and self.path.exists():
            with open(self.path, newline="", encoding="utf-8") as stream:
                # A row torn by a crash has too few fields.
                rows = [row for row in csv.reader(stream) if len(row) == len(self.COLUMNS)]
            kept = [row for row in rows[1:] if row[0].isdigit() and int(row[0]) <= first_step]
        self._stream = open(self.path, "w", newline="", encoding="utf-8")  # noqa: SIM115 (closed in close)
        self._csv = csv.writer(self._stream)
        self._csv.writerow(self.COLUMNS)
        self._csv.writerows(kept)
        self._board: Any = SummaryWriter(run / "tensorboard", purge_step=first_step or None)

    def write(self, step: int, epoch: int, split: str, metrics: dict[str, float]) -> None:
        """Add one row a figure; what is written survives a crash of the run."""
        for name, value in metrics.items():
            self._csv.writerow((step, epoch, split, name, f"{value:.8g}"))
            self._board.add_scalar(f"{split}/{name}", value, step)
        self._stream.flush()

    def close(self) -> None:
        self._stream.close()
        self._board.close()
