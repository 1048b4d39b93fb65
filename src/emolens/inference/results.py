"""What a prediction looks like, in memory and on disk: arrays, of which a row is a view.

Legend: N rows, K some of them, C labels.
"""

import json
import math
import os
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, fields, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, overload

import numpy as np
from numpy.typing import NDArray

from emolens.errors import ConfigError, DataError
from emolens.files import atomic_path
from emolens.heads.answers import Answers, Rows
from emolens.taxonomy import LabelSpace, get_label_space

if TYPE_CHECKING:
    import pandas as pd

SUFFIXES = (".jsonl", ".csv", ".parquet")
VALUES = ("valence", "arousal", "dominance")
Floats = NDArray[np.float64]


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
        scores: label -> probability, summing to 1; of a multi-label model, degrees that do not.
        valence, arousal, dominance: in [-1, 1], 0 is neutral; from the model, or expected from the scores.
        polarity: positive, neutral or negative, of ``label``.
        model, label_space: who said it, in which labels.
        status: ``ok``; ``no_audio``, ``no_video`` or ``partial`` if only a part of the input was used; ``error`` if
            there is no prediction.
        error: why there is no prediction, or what was missing.
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
    dominance: float | None = None
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


@dataclass(frozen=True, eq=False)
class Predictions(Sequence[Prediction]):
    """Rows in the order of the inputs, a timeline behind its video; a bad file is a row with status ``error``.

    Attributes:
        source_N, media_N, status_N, error_N: as in :class:`Prediction`; object arrays, shape (N,).
        span_N2: ``start_s`` and ``end_s``, float64, shape (N, 2); NaN for pictures.
        answers: scores, valence, arousal, dominance of N rows; NaN where there is no prediction.
        input_N: which of the inputs a row is of, int64, shape (N,). The rows of one input stand together, the whole of
            a video before its windows.
        model: the model's name.

    Examples:
        >>> rows = Predictions.from_rows([Prediction("a.jpg", label_space="polarity2", model="demo",
        ...     scores={"negative": 0.25, "positive": 0.75}, valence=0.5)])
        >>> rows[0].label, rows[0].score, rows.values("valence").tolist()
        ('positive', 0.75, [0.5])
    """

    source_N: NDArray[np.object_]
    media_N: NDArray[np.object_]
    span_N2: Floats
    answers: Answers
    status_N: NDArray[np.object_]
    error_N: NDArray[np.object_]
    input_N: NDArray[np.int64]
    model: str = ""

    @classmethod
    def of(
        cls,
        sources: Sequence[str],
        media: Sequence[str],
        answers: Answers,
        *,
        model: str,
        status: Sequence[str] | None = None,
        error: Sequence[str | None] | None = None,
        spans: Sequence[tuple[float, float] | None] | None = None,
        inputs: Sequence[int] | NDArray[np.integer] | None = None,
    ) -> "Predictions":
        """From columns of N values. Not given: status "ok", no error, no span, each row of an input of its own."""
        count = len(sources)
        span_N2 = np.full((count, 2), np.nan)
        for row, span in enumerate(spans or ()):
            if span is not None:
                span_N2[row] = span
        return cls(
            _objects(sources),
            _objects(media),
            span_N2,
            answers,
            _objects(status if status is not None else ["ok"] * count),
            _objects(error if error is not None else [None] * count),
            np.arange(count) if inputs is None else np.asarray(inputs, dtype=np.int64),
            model,
        )

    @classmethod
    def from_rows(
        cls,
        rows: Sequence[Prediction],
        label_space: LabelSpace | None = None,
        inputs: Sequence[int] | None = None,
    ) -> "Predictions":
        """From rows of one model.

        Args:
            rows: N of them; all with scores over the same labels, where they have any.
            label_space: of the scores; looked up by the name in the rows if not given.
            inputs: number of the input of each row; if not given, a row with a span that follows one of the same source
                is a window of it.

        Raises:
            ConfigError: if the label space named in a row is not known.
            DataError: if a row has scores over other labels.
        """
        scored = [(place, row.scores) for place, row in enumerate(rows) if row.scores is not None]
        if label_space is None and (name := next((row.label_space for row in rows if row.label_space), None)):
            label_space = get_label_space(name)
        arrays: dict[str, Floats] = {}
        if scored and label_space is not None:
            score_NC = np.full((len(rows), len(label_space)), np.nan)
            for place, scores in scored:
                if set(scores) != set(label_space.labels):
                    raise DataError(f"row {place} ({rows[place].source}): its scores are not over {label_space.name}")
                score_NC[place] = [scores[label] for label in label_space.labels]
            arrays["score_NC"] = score_NC
        for name in VALUES:
            column = [getattr(row, name) for row in rows]
            if any(value is not None for value in column):
                arrays[f"{name}_N"] = np.array([math.nan if value is None else value for value in column])
        return cls.of(
            [row.source for row in rows],
            [row.media for row in rows],
            Answers(label_space, **arrays),
            model=rows[0].model if rows else "",
            status=[row.status for row in rows],
            error=[row.error for row in rows],
            spans=[None if row.start_s is None or row.end_s is None else (row.start_s, row.end_s) for row in rows],
            inputs=_inputs_of(rows) if inputs is None else inputs,
        )

    @staticmethod
    def concatenate(parts: Sequence["Predictions"]) -> "Predictions":
        """All rows of several tables of one model, in order; an array that a part lacks is NaN there."""
        if not parts:
            return Predictions.of([], [], Answers(), model="")
        shapes = {name: array.shape[1:] for part in parts for name, array in part.answers.arrays().items()}
        arrays = {
            name: np.concatenate(
                [part.answers.arrays().get(name, np.full((len(part), *shape), np.nan)) for part in parts]
            )
            for name, shape in shapes.items()
        }
        space = next((part.answers.label_space for part in parts if part.answers.label_space is not None), None)
        columns = {
            name: np.concatenate([getattr(part, name) for part in parts])
            for name in ("source_N", "media_N", "span_N2", "status_N", "error_N", "input_N")
        }
        return Predictions(**columns, answers=Answers(space, **arrays), model=parts[0].model)

    def __len__(self) -> int:
        return len(self.source_N)

    @overload
    def __getitem__(self, index: int) -> Prediction: ...
    @overload
    def __getitem__(self, index: Rows) -> "Predictions": ...
    def __getitem__(self, index: int | Rows) -> "Prediction | Predictions":
        """A row by its number; some of the rows, as a table, by a slice or their numbers."""
        if isinstance(index, int | np.integer):
            return self._row(range(len(self))[index])
        place = index if isinstance(index, slice) else np.asarray(index, dtype=np.intp)
        return replace(
            self,
            source_N=self.source_N[place],
            media_N=self.media_N[place],
            span_N2=self.span_N2[place],
            answers=self.answers[place],
            status_N=self.status_N[place],
            error_N=self.error_N[place],
            input_N=self.input_N[place],
        )

    def __iter__(self) -> Iterator[Prediction]:
        return (self._row(row) for row in range(len(self)))

    def __eq__(self, other: object) -> bool:
        return list(self) == list(other) if isinstance(other, Predictions) else NotImplemented

    __hash__ = None  # type: ignore[assignment]  # arrays have none

    def __repr__(self) -> str:
        return f"Predictions({len(self)} rows, {int((~self.answered_N).sum())} with errors)"

    @property
    def answered_N(self) -> NDArray[np.bool_]:
        """Which rows have a prediction, bool, shape (N,)."""
        return np.asarray(self.status_N != "error", dtype=bool)

    @property
    def label_space(self) -> LabelSpace | None:
        """The space of the scores."""
        return self.answers.label_space

    def score_NC(self, space: LabelSpace) -> Floats:
        """Probabilities in the order of ``space.labels``, float64, shape (N, C); NaN rows for errors.

        Raises:
            DataError: if the scores are over other labels.
        """
        own, score_NC = self.label_space, self.answers.score_NC
        if own is None or score_NC is None:
            return np.full((len(self), len(space)), np.nan)
        if set(own.labels) != set(space.labels):
            raise DataError(f"scores over {own.name} are not scores over {space.name}")
        return score_NC[:, [own.labels.index(label) for label in space.labels]]

    def values(self, name: str) -> Floats:
        """``valence``, ``arousal``, ``dominance``, ``start_s`` or ``end_s``: float64, shape (N,); NaN where missing."""
        if name in ("start_s", "end_s"):
            return self.span_N2[:, int(name == "end_s")]
        found = self.answers.arrays().get(f"{name}_N")
        return np.full(len(self), np.nan) if found is None else found

    def to_pandas(self) -> "pd.DataFrame":
        """One row a prediction, columns as in :class:`Prediction`; ``scores`` holds dicts."""
        import pandas as pd

        rows = list(self)
        return pd.DataFrame({name: [getattr(row, name) for row in rows] for name in COLUMNS}, columns=COLUMNS)

    def write(self, path: str | os.PathLike[str]) -> None:
        """Write JSON lines, CSV or Parquet, by the suffix of ``path``, atomically.

        In CSV ``scores`` is JSON text; in Parquet it is a map.

        Raises:
            ConfigError: if the suffix is another one.
            DataError: if the place cannot be written.
        """
        suffix = check_suffix(path)
        with atomic_path(path) as temporary:
            if suffix == ".jsonl":
                with open(temporary, "w", encoding="utf-8") as stream:
                    stream.writelines(to_json(row) + "\n" for row in self)
            elif suffix == ".csv":
                frame = self.to_pandas()
                frame["scores"] = [None if scores is None else json.dumps(scores) for scores in frame["scores"]]
                frame.to_csv(temporary, index=False)
            else:
                self._write_parquet(temporary)

    def _write_parquet(self, path: Path) -> None:
        import pyarrow as pa
        import pyarrow.parquet as pq

        types: dict[str, Any] = dict.fromkeys(COLUMNS, pa.string())
        types.update(dict.fromkeys(("start_s", "end_s", "score", *VALUES), pa.float64()))
        types.update(person=pa.int64(), scores=pa.map_(pa.string(), pa.float64()))
        rows = list(self)
        columns = {
            name: pa.array(
                [list(value.items()) if isinstance(value := getattr(row, name), dict) else value for row in rows],
                type=kind,
            )
            for name, kind in types.items()
        }
        pq.write_table(pa.table(columns), path)

    def _row(self, place: int) -> Prediction:
        answers, space = self.answers, self.label_space
        start_s, end_s = (None if math.isnan(edge) else round(float(edge), 6) for edge in self.span_N2[place])
        row = Prediction(
            self.source_N[place],
            media=self.media_N[place],
            start_s=start_s,
            end_s=end_s,
            model=self.model,
            label_space=space.name if space is not None else None,
            status=self.status_N[place],
            error=self.error_N[place],
        )
        if not row.answered:
            return row
        if space is not None and answers.score_NC is not None:
            score_C = answers.score_NC[place]
            best = int(score_C.argmax())
            row = replace(
                row,
                label=space.labels[best],
                score=float(score_C[best]),
                scores=dict(zip(space.labels, score_C.tolist(), strict=True)),
                polarity=space.polarity[best],
            )
        valence, arousal, dominance = (float(self.values(name)[place]) for name in VALUES)
        return replace(
            row,
            valence=None if math.isnan(valence) else valence,
            arousal=None if math.isnan(arousal) else arousal,
            dominance=None if math.isnan(dominance) else dominance,
        )


def by_input(rows: Sequence[Prediction]) -> list[list[Prediction]]:
    """The rows of each input: the one of the whole, then the windows of its timeline."""
    numbers = rows.input_N.tolist() if isinstance(rows, Predictions) else _inputs_of(rows)
    groups: dict[int, list[Prediction]] = {}
    for number, row in zip(numbers, rows, strict=True):
        groups.setdefault(number, []).append(row)
    return list(groups.values())


def _inputs_of(rows: Sequence[Prediction]) -> list[int]:
    """Number of the input of each row, from 0."""
    numbers: list[int] = []
    for row, before in zip(rows, [None, *rows], strict=False):
        # The whole of a file starts at 0 as its first window does, so a window is known by what it stands behind.
        window = before is not None and row.start_s is not None and before.source == row.source
        numbers.append((numbers[-1] if numbers else -1) + (not window))
    return numbers


def to_json(row: Prediction) -> str:
    """One row as one line of JSON."""
    return json.dumps(asdict(row), ensure_ascii=False, allow_nan=False)


def check_suffix(path: str | os.PathLike[str]) -> str:
    """The suffix of an output table, lower case.

    Raises:
        ConfigError: if a table cannot be written in that format.
    """
    suffix = Path(path).suffix.lower()
    if suffix not in SUFFIXES:
        raise ConfigError(f'{path}: the output must end in {", ".join(SUFFIXES)}, not "{suffix}"')
    return suffix


def _objects(values: Sequence[Any]) -> NDArray[np.object_]:
    column = np.empty(len(values), dtype=object)
    column[:] = list(values)
    return column
