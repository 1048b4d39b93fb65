"""Predictions over an archive that survive a stop: rows are appended as they come, the table is written at the end."""

import os
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

from emolens.errors import ConfigError
from emolens.files import write_error
from emolens.inference.results import Prediction, Predictions, to_json


class Journal:
    """Rows already done, in ``.NAME.partial.jsonl`` beside the table that is to be.

    Args:
        table: the table that :meth:`finish` writes.
        resume: keep the rows of an interrupted run; else it is an error if there are any.

    Raises:
        ConfigError: there is an interrupted run, of the same table, that was not asked to go on.
    """

    def __init__(self, table: Path, resume: bool) -> None:
        self.table = table
        self.path = table.with_name(f".{table.name}.partial.jsonl")
        self.done: dict[str, Prediction] = {}
        if not self.path.exists():
            return
        if not resume:
            raise ConfigError(
                f"{table}: an interrupted run left {self.path.name}; go on with --resume, or remove that file"
            )
        self.done = {row.source: row for row in Predictions.read_jsonl(self.path)}

    @contextmanager
    def open(self) -> Iterator["Journal"]:
        """Open for appending; rows stay behind unless :meth:`finish` is reached."""
        try:
            self.table.parent.mkdir(parents=True, exist_ok=True)
            with open(self.path, "w", encoding="utf-8") as self._stream:
                # Written anew, so that a line torn by a crash is gone.
                self._stream.writelines(to_json(row) + "\n" for row in self.done.values())
                yield self
        except OSError as error:
            raise write_error(self.path, error) from error
        finally:
            if not self.done:
                self.path.unlink(missing_ok=True)

    def add(self, row: Prediction) -> None:
        """Append a row; it is on its way to the disk when this returns."""
        self.done[row.source] = row
        self._stream.write(to_json(row) + "\n")
        self._stream.flush()

    def finish(self, sources: Iterable[str]) -> Predictions:
        """Write the table with a row a source, in that order, and remove the journal."""
        predictions = Predictions([self.done[source] for source in sources])
        predictions.write(self.table)
        os.unlink(self.path)
        return predictions
