"""A cell on disk: one contestant's answers on one data set, as it was fitted to one fold. Written once, read again.

Legend: N rows, C classes.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.parquet as pq

from emolens.errors import DataError
from emolens.evaluation.report.predictions_table import predictions_table, write_predictions
from emolens.evaluation.score.answers import Answers
from emolens.evaluation.score.measure import measure
from emolens.evaluation.score.targets import Targets
from emolens.files import read_json, write_json
from emolens.metrics.interval import metrics_json

FORMAT = 1  # raised when a cell of the same input would hold something else
METRICS, PREDICTIONS = "metrics.json", "predictions.parquet"


@dataclass(frozen=True)
class Cell:
    """What a contestant answered.

    Attributes:
        answers: aligned with the targets.
        warning: why these rows are no test of it; None if they are.
        seconds: that fitting and answering took when it was computed.
    """

    answers: Answers
    warning: str | None
    seconds: float


def write_cell(folder: Path, cell: Cell, targets: Targets, facts: dict[str, Any], seed: int) -> None:
    """Write ``predictions.parquet``, then ``metrics.json``, whose being there says that the cell is whole.

    Args:
        folder: made if needed.
        cell: what was answered.
        targets: of the rows.
        facts: what the cell is of, for people.
        seed: of the bootstrap.

    Raises:
        DataError: nothing in the answers has a target, or the folder cannot be written.
    """
    measured = measure(cell.answers, targets, seed)
    if not measured.metrics:
        failed = next(iter(cell.answers.errors.values()), None)
        why = f"; the first of {len(cell.answers.errors)} failed rows: {failed}" if failed else ""
        raise DataError(f"it gives nothing that this data set has a target for{why}")
    write_predictions(predictions_table(cell.answers, targets), folder / PREDICTIONS)
    content = {
        **facts,
        "metrics": metrics_json(measured.metrics),
        "n_failed": measured.n_failed,
        "mapping": cell.answers.mapping,
        "view": cell.answers.view,
        "warning": cell.warning,
        "seconds": cell.seconds,
    }
    write_json(folder / METRICS, content)


def read_cell(folder: Path, targets: Targets, name: str) -> Cell | None:
    """What :func:`write_cell` wrote; None where there is no whole cell of these rows."""
    try:
        facts = read_json(folder / METRICS)
        table = pq.read_table(folder / PREDICTIONS).to_pydict()
        if tuple(table["id"]) != targets.id_N:
            return None
        answers = replace(_answers(table, targets, name), mapping=facts["mapping"], view=facts["view"])
        return Cell(answers, facts["warning"], float(facts["seconds"]))
    except (DataError, OSError, KeyError, TypeError, ValueError):  # pyarrow's errors are ValueErrors and OSErrors
        return None


def _answers(table: dict[str, list[Any]], targets: Targets, name: str) -> Answers:
    score_NC = None
    if "scores" in table and targets.space is not None:
        score_NC = np.full((len(targets), len(targets.space)), np.nan)
        for row, scores in enumerate(table["scores"]):
            if scores is not None:
                score_NC[row] = [dict(scores)[label] for label in targets.space.labels]
    said = {
        row: (status, error or "")
        for row, (status, error) in enumerate(zip(table["status"], table["error"], strict=True))
        if status != "ok"
    }
    valence_N, arousal_N = (
        np.array(table[column], dtype=np.float64) if column in table else None for column in ("valence", "arousal")
    )
    return Answers(
        name,
        score_NC,
        valence_N,
        arousal_N,
        errors={row: error for row, (status, error) in said.items() if status == "error"},
        limited={row: one for row, one in said.items() if one[0] != "error"},
    )


def pool(parts: Sequence[tuple[Answers, Targets]], whole: Targets) -> Answers:
    """The answers of several folds, put together in the order of ``whole``, which has each of their rows once."""
    place = {name: row for row, name in enumerate(whole.id_N)}
    first = parts[0][0]
    score_NC = None if first.score_NC is None else np.full((len(whole), first.score_NC.shape[1]), np.nan)
    values = {
        name: None if first.affect(name) is None else np.full(len(whole), np.nan) for name in ("valence", "arousal")
    }
    errors: dict[int, str] = {}
    limited: dict[int, tuple[str, str]] = {}
    for answers, targets in parts:
        rows = np.array([place[name] for name in targets.id_N])
        if score_NC is not None and answers.score_NC is not None:
            score_NC[rows] = answers.score_NC
        for name, whole_N in values.items():
            part_N = answers.affect(name)
            if whole_N is not None and part_N is not None:
                whole_N[rows] = part_N
        errors |= {int(rows[row]): why for row, why in answers.errors.items()}
        limited |= {int(rows[row]): why for row, why in answers.limited.items()}
    pooled = Answers(first.model, score_NC, values["valence"], values["arousal"], errors, limited)
    return replace(pooled, mapping=first.mapping, view=first.view)
