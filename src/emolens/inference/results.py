"""What a prediction looks like, in memory and on disk: arrays, of which a row is a view.

Legend: N rows, K some of them, C labels.
"""

import json
import math
import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, overload

import numpy as np
from numpy.typing import NDArray

from emolens.errors import ConfigError, DataError
from emolens.files import atomic_path
from emolens.heads.answers import Answers, Rows
from emolens.inference.prediction import COLUMNS, CORNERS, VALUES, Prediction, inputs_of_rows, to_json
from emolens.people.boxes import Box
from emolens.taxonomy import LabelSpace, get_label_space

if TYPE_CHECKING:
    import pandas as pd

SUFFIXES = (".jsonl", ".csv", ".parquet")
Floats = NDArray[np.float64]
ROW_COLUMNS = (
    "source_N", "media_N", "span_N2", "person_N", "box_N4", "box_score_N", "status_N", "error_N", "input_N",
)  # fmt: skip


@dataclass(frozen=True, eq=False)
class Predictions(Sequence[Prediction]):
    """Rows in the order of the inputs, a timeline behind its video, persons behind the scene; a bad file is a row with
    status ``error``.

    Attributes:
        source_N, media_N, status_N, error_N: as in :class:`Prediction`; object arrays, shape (N,).
        span_N2: ``start_s`` and ``end_s``, float64, shape (N, 2); NaN for pictures.
        person_N: number of the person, int64, shape (N,); 0 for the scene.
        box_N4: ``x0, y0, x1, y1``, float64, shape (N, 4); NaN for the scene.
        box_score_N: float64, shape (N,); NaN where no detector found the box.
        answers: scores, valence, arousal, dominance of N rows; NaN where there is no prediction.
        input_N: which of the inputs a row is of, int64, shape (N,). The rows of one input stand together: the scene
            before its persons, the whole of a video before its windows.
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
    person_N: NDArray[np.int64]
    box_N4: Floats
    box_score_N: Floats
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
        persons: Sequence[int | None] | None = None,
        boxes: Sequence[Box | None] | None = None,
        box_scores: Sequence[float | None] | None = None,
        inputs: Sequence[int] | NDArray[np.integer] | None = None,
    ) -> "Predictions":
        """From columns of N values. Not given: status "ok", no error, no span, the scene, an input for each row."""
        count = len(sources)
        return cls(
            _objects(sources),
            _objects(media),
            _numbers(spans, (count, 2)),
            np.array([person or 0 for person in persons or [None] * count], dtype=np.int64),
            _numbers(boxes, (count, 4)),
            _numbers(box_scores, (count,)),
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
            persons=[row.person for row in rows],
            boxes=[row.box for row in rows],
            box_scores=[row.box_score for row in rows],
            inputs=inputs_of_rows(rows) if inputs is None else inputs,
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
        columns = {name: np.concatenate([getattr(part, name) for part in parts]) for name in ROW_COLUMNS}
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
        columns = {name: getattr(self, name)[place] for name in ROW_COLUMNS}
        return replace(self, answers=self.answers[place], **columns)

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
        """A column of numbers, as ``valence``, ``end_s``, ``x0`` or ``box_score``: float64 (N,); NaN where missing."""
        if name in ("start_s", "end_s"):
            return self.span_N2[:, int(name == "end_s")]
        if name in CORNERS:
            return self.box_N4[:, CORNERS.index(name)]
        if name == "box_score":
            return self.box_score_N
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
        types.update(dict.fromkeys(("start_s", "end_s", *CORNERS, "box_score", "score", *VALUES), pa.float64()))
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
        x0, y0, x1, y1 = (_or_none(side) for side in self.box_N4[place])
        start_s, end_s = (None if math.isnan(edge) else round(float(edge), 6) for edge in self.span_N2[place])
        row = Prediction(
            self.source_N[place],
            media=self.media_N[place],
            start_s=start_s,
            end_s=end_s,
            person=int(self.person_N[place]) or None,
            x0=x0,
            y0=y0,
            x1=x1,
            y1=y1,
            box_score=_or_none(self.box_score_N[place]),
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
        valence, arousal, dominance = (_or_none(self.values(name)[place]) for name in VALUES)
        return replace(row, valence=valence, arousal=arousal, dominance=dominance)


def by_input(rows: Sequence[Prediction]) -> list[list[Prediction]]:
    """The rows of each input: the one of the whole, then the windows of its timeline; then the same of each person."""
    numbers = rows.input_N.tolist() if isinstance(rows, Predictions) else inputs_of_rows(rows)
    groups: dict[int, list[Prediction]] = {}
    for number, row in zip(numbers, rows, strict=True):
        groups.setdefault(number, []).append(row)
    return list(groups.values())


def check_suffix(path: str | os.PathLike[str]) -> str:
    """The suffix of an output table, lower case.

    Raises:
        ConfigError: if a table cannot be written in that format.
    """
    suffix = Path(path).suffix.lower()
    if suffix not in SUFFIXES:
        raise ConfigError(f'{path}: the output must end in {", ".join(SUFFIXES)}, not "{suffix}"')
    return suffix


def _or_none(value: float) -> float | None:
    return None if math.isnan(value) else float(value)


def _numbers(values: Sequence[Any] | None, shape: tuple[int, ...]) -> Floats:
    """float64 of this shape; NaN where a value is None, or none are given."""
    array = np.full(shape, np.nan)
    for row, value in enumerate(values or ()):
        if value is not None:
            array[row] = value
    return array


def _objects(values: Sequence[Any]) -> NDArray[np.object_]:
    column = np.empty(len(values), dtype=object)
    column[:] = list(values)
    return column
