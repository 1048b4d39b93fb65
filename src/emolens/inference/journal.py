"""Predictions over an archive that survive a stop: rows are appended as they come, the table is written at the end.

The first line of the journal says what was asked, as a JSON object. Each other line is a JSON list, all rows of one
file: a video whose timeline was not finished when the run stopped has no line yet, or a torn one, and is done again.
"""

import json
import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

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
        self.asked: dict[str, str] = {}
        self.done: dict[str, list[Prediction]] = {}
        if not self.path.exists():
            return
        if not resume:
            raise ConfigError(
                f"{table}: an interrupted run left {self.path.name}; continue it with --resume, or remove that file"
            )
        for line in _read(self.path):
            if isinstance(line, dict):
                self.asked = line
            else:
                self.done[line[0]["source"]] = [Prediction(**row) for row in line]

    def check_asked(self, asked: Mapping[str, str]) -> None:
        """A table is the answer to one question: what was done must have been asked in the same words.

        Args:
            asked: name of a setting, as ``model`` or ``who`` -> its value.

        Raises:
            ConfigError: the interrupted run was of another model, label space, timeline, or of others in the pictures.
        """
        other = {name: before for name, before in self.asked.items() if before != asked.get(name)} if self.done else {}
        if other:
            before, now = (
                ", ".join(f"{name} {values.get(name, 'unknown')}" for name in other) for values in (other, asked)
            )
            raise ConfigError(
                f"{self.table}: the interrupted run was of {before}, this one is of {now}; continue with the same, "
                f"or remove {self.path.name}"
            )
        self.asked = dict(asked)

    @contextmanager
    def open(self) -> Iterator["Journal"]:
        """Open for appending; rows stay behind unless :meth:`finish` is reached."""
        try:
            self.table.parent.mkdir(parents=True, exist_ok=True)
            with open(self.path, "w", encoding="utf-8") as self._stream:
                # Written anew, so that a line torn by a crash is gone.
                self._stream.write(json.dumps(self.asked, ensure_ascii=False) + "\n")
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


def _read(path: Path) -> Iterator[Any]:
    """What the lines hold, up to the end, or to a line torn by a crash."""
    with open(path, encoding="utf-8") as stream:
        for line in stream:
            try:
                yield json.loads(line)
            except json.JSONDecodeError:
                return
