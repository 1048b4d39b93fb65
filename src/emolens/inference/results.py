"""What a prediction looks like, in memory and on disk.

Legend: N rows, C labels.
"""

import json
import math
import os
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import TYPE_CHECKING, Any, overload

import numpy as np
from numpy.typing import NDArray

from emolens.errors import ConfigError
from emolens.files import atomic_path
from emolens.taxonomy import LabelSpace

if TYPE_CHECKING:
    import pandas as pd

SUFFIXES = (".jsonl", ".csv", ".parquet")


@dataclass(frozen=True)
class Prediction:
    """One row: what one model says of one picture, of one video or sound file, or of a window of it.

    Attributes:
        source: the file.
        media: image, video or audio.
        start_s, end_s: the span in seconds, from the first frame; None for pictures. The whole of a video is 0 to its
            duration; the windows of its timeline are rows that follow that one.
        person: number of the person in the picture; None for the whole.
        label, score: the most probable label and its probability.
        scores: label -> probability, summing to 1; of a model of several labels, degrees that do not.
        valence, arousal: in [-1, 1], 0 is neutral; from the model, or expected from the scores.
        polarity: positive, neutral or negative, of ``label``.
        model, label_space: who said it, in which words.
        status: ``ok``; ``no_audio``, ``no_video`` or ``partial`` where the answer is from a part of what was to be
            looked at and heard; ``error`` where there is none.
        error: why there is no prediction, or what it had to do without.
    """

    source: str
    media: str = "image"
    start_s: float | None = None
    end_s: float | None = None
    person: int | None = None
    label: str | None = None
    score: float | None = None
    scores: dict[str, float] | None = None
    valence: float | None = None
    arousal: float | None = None
    polarity: str | None = None
    model: str = ""
    label_space: str | None = None
    status: str = "ok"
    error: str | None = None

    @property
    def answered(self) -> bool:
        """Whether there is a prediction, be it from a part of the file."""
        return self.status != "error"


COLUMNS = tuple(field.name for field in fields(Prediction))


class Predictions(Sequence[Prediction]):
    """Rows in the order of the inputs, a timeline behind its video; a bad file is a row with status ``error``."""

    def __init__(self, rows: Sequence[Prediction]) -> None:
        self.rows = list(rows)

    def __len__(self) -> int:
        return len(self.rows)

    @overload
    def __getitem__(self, index: int) -> Prediction: ...
    @overload
    def __getitem__(self, index: slice) -> "Predictions": ...
    def __getitem__(self, index: int | slice) -> "Prediction | Predictions":
        return Predictions(self.rows[index]) if isinstance(index, slice) else self.rows[index]

    def __iter__(self) -> Iterator[Prediction]:
        return iter(self.rows)

    def __repr__(self) -> str:
        failed = sum(not row.answered for row in self.rows)
        return f"Predictions({len(self)} rows, {failed} with errors)"

    def score_NC(self, space: LabelSpace) -> NDArray[np.float64]:
        """Probabilities in the order of ``space.labels``, float64, shape (N, C); NaN rows for errors."""
        score_NC = np.full((len(self), len(space)), np.nan)
        for row, prediction in enumerate(self.rows):
            if prediction.scores is not None:
                score_NC[row] = [prediction.scores[label] for label in space.labels]
        return score_NC

    def values(self, name: str) -> NDArray[np.float64]:
        """A numeric column, such as ``valence``, as float64, shape (N,); NaN where missing."""
        return np.array([math.nan if (v := getattr(row, name)) is None else v for row in self.rows], dtype=np.float64)

    def to_pandas(self) -> "pd.DataFrame":
        """One row a prediction, columns as in :class:`Prediction`; ``scores`` holds dicts."""
        import pandas as pd

        return pd.DataFrame({name: [getattr(row, name) for row in self.rows] for name in COLUMNS}, columns=COLUMNS)

    def write(self, path: str | os.PathLike[str]) -> None:
        """Write JSON lines, CSV or Parquet, by the suffix of ``path``, atomically.

        In CSV ``scores`` is JSON text; in Parquet it is a map.

        Raises:
            ConfigError: another suffix.
            DataError: the place cannot be written.
        """
        suffix = check_suffix(path)
        with atomic_path(path) as temporary:
            if suffix == ".jsonl":
                with open(temporary, "w", encoding="utf-8") as stream:
                    stream.writelines(to_json(row) + "\n" for row in self.rows)
            elif suffix == ".csv":
                frame = self.to_pandas()
                frame["scores"] = [None if row.scores is None else json.dumps(row.scores) for row in self.rows]
                frame.to_csv(temporary, index=False)
            else:
                self._write_parquet(temporary)

    def _write_parquet(self, path: Path) -> None:
        import pyarrow as pa
        import pyarrow.parquet as pq

        types: dict[str, Any] = dict.fromkeys(COLUMNS, pa.string())
        types.update(dict.fromkeys(("start_s", "end_s", "score", "valence", "arousal"), pa.float64()))
        types.update(person=pa.int64(), scores=pa.map_(pa.string(), pa.float64()))
        columns = {
            name: pa.array(
                [list(value.items()) if isinstance(value := getattr(row, name), dict) else value for row in self.rows],
                type=kind,
            )
            for name, kind in types.items()
        }
        pq.write_table(pa.table(columns), path)

    @classmethod
    def read_jsonl(cls, path: str | os.PathLike[str]) -> "Predictions":
        """Read JSON lines back; a torn last line, as a crash leaves it, is left out."""
        rows = []
        with open(path, encoding="utf-8") as stream:
            for line in stream:
                try:
                    rows.append(Prediction(**json.loads(line)))
                except json.JSONDecodeError:
                    break
        return cls(rows)


def by_source(rows: Iterable[Prediction]) -> list[list[Prediction]]:
    """Each file's rows: the one of the whole, then the windows of its timeline."""
    groups: list[list[Prediction]] = []
    for row in rows:
        # The whole of a file starts at 0 as its first window does, so a window is known by what it stands behind.
        if groups and row.start_s is not None and groups[-1][0].source == row.source:
            groups[-1].append(row)
        else:
            groups.append([row])
    return groups


def to_json(row: Prediction) -> str:
    """One row as one line of JSON."""
    return json.dumps(asdict(row), ensure_ascii=False, allow_nan=False)


def check_suffix(path: str | os.PathLike[str]) -> str:
    """The suffix of an output table, lower case.

    Raises:
        ConfigError: none that a table can be written as.
    """
    suffix = Path(path).suffix.lower()
    if suffix not in SUFFIXES:
        raise ConfigError(f'{path}: the output must end in {", ".join(SUFFIXES)}, not "{suffix}"')
    return suffix
