"""Predictions over an archive that survive a stop: rows are appended as they come, the table is written at the end.

A line of the journal is a JSON list, all rows of one file: a video whose timeline was not finished when the run stopped
has no line yet, or a torn one, and is done again.
"""

import json
import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from emolens.errors import ConfigError
from emolens.files import write_error
from emolens.inference.prediction import Prediction, to_json
from emolens.inference.results import Predictions
from emolens.taxonomy import LabelSpace


class Journal:
    """Files already done, in ``.NAME.partial.jsonl`` beside the table that is to be.

    Args:
        table: the table that :meth:`finish` writes.
        resume: keep the rows of an interrupted run; else it is an error if there are any.

    Raises:
        ConfigError: if there is an interrupted run of the same table and ``resume`` is False.
    """

    def __init__(self, table: Path, resume: bool) -> None:
        self.table = table
        self.path = table.with_name(f".{table.name}.partial.jsonl")
        self.done: dict[str, list[Prediction]] = {}
        if not self.path.exists():
            return
        if not resume:
            raise ConfigError(
                f"{table}: an interrupted run left {self.path.name}; continue it with --resume, or remove that file"
            )
        self.done = {rows[0].source: rows for rows in _read(self.path)}

    def check_model(self, model: str, label_space: str | None) -> None:
        """A table is of one model: what was done must be of this one.

        Raises:
            ConfigError: the interrupted run was of another model, or in another label space.
        """
        for rows in self.done.values():
            if rows[0].answered and (rows[0].model, rows[0].label_space) != (model, label_space):
                raise ConfigError(
                    f"{self.table}: the interrupted run was of model {rows[0].model} in label space "
                    f"{rows[0].label_space}, this one is of {model} in {label_space}; continue with the same, or "
                    f"remove {self.path.name}"
                )

    @contextmanager
    def open(self) -> Iterator["Journal"]:
        """Open for appending; rows stay behind unless :meth:`finish` is reached."""
        try:
            self.table.parent.mkdir(parents=True, exist_ok=True)
            with open(self.path, "w", encoding="utf-8") as self._stream:
                # Written anew, so that a line torn by a crash is gone.
                self._stream.writelines(_line(rows) for rows in self.done.values())
                yield self
        except OSError as error:
            raise write_error(self.path, error) from error
        finally:
            if not self.done:
                self.path.unlink(missing_ok=True)

    def add(self, rows: Sequence[Prediction]) -> None:
        """Append all rows of a file; they are on their way to the disk when this returns."""
        self.done[rows[0].source] = list(rows)
        self._stream.write(_line(rows))
        self._stream.flush()

    def finish(self, sources: Sequence[str], label_space: LabelSpace | None = None) -> Predictions:
        """Write the table with the rows of each source, in that order, and remove the journal.

        Args:
            sources: of the inputs; one may come twice.
            label_space: of the scores; see :meth:`Predictions.from_rows`.
        """
        rows = [(place, row) for place, source in enumerate(sources) for row in self.done[source]]
        predictions = Predictions.from_rows([row for _, row in rows], label_space, [place for place, _ in rows])
        predictions.write(self.table)
        os.unlink(self.path)
        return predictions


def _line(rows: Sequence[Prediction]) -> str:
    return f"[{', '.join(to_json(row) for row in rows)}]\n"


def _read(path: Path) -> Iterator[list[Prediction]]:
    """The files up to the end, or to a line torn by a crash."""
    with open(path, encoding="utf-8") as stream:
        for line in stream:
            try:
                yield [Prediction(**row) for row in json.loads(line)]
            except json.JSONDecodeError:
                return
