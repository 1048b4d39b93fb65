"""Answers beside targets, one row each, for ``predictions.parquet``."""

import os

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from emolens.evaluation.score.answers import Answers
from emolens.evaluation.score.targets import Targets
from emolens.files import atomic_path
from emolens.inference.prediction import CORNERS


def predictions_table(answers: Answers, targets: Targets) -> pd.DataFrame:
    """Columns: id, path, then what there is of target_label, target_labels, label, score, scores, target_valence,
    valence, target_arousal, arousal (in [-1, 1]), x0, y0, x1, y1 (the person's box), the
    columns of the breakdown; last status and error.
    One row a sample, in their order.
    """
    table: dict[str, list[object]] = {"id": list(targets.id_N), "path": [str(path) for path in targets.path_N]}
    space = targets.space
    if space is not None and targets.label_N is not None:
        table["target_label"] = [space.labels[c] if c >= 0 else None for c in targets.label_N]
    if space is not None and targets.label_NC is not None:
        table["target_labels"] = [[space.labels[c] for c in np.flatnonzero(row_C)] for row_C in targets.label_NC]
    if space is not None and answers.score_NC is not None:
        good_N = np.asarray(np.isfinite(answers.score_NC).all(axis=1))
        best_N = np.where(good_N, np.nan_to_num(answers.score_NC).argmax(axis=1), -1)
        table["label"] = [space.labels[c] if c >= 0 else None for c in best_N]
        table["score"] = [float(answers.score_NC[i, c]) if c >= 0 else None for i, c in enumerate(best_N)]
        table["scores"] = [
            dict(zip(space.labels, map(float, row_C), strict=True)) if good else None
            for row_C, good in zip(answers.score_NC, good_N, strict=True)
        ]
    for name in ("valence", "arousal"):
        target_N, value_N = targets.affect(name), answers.affect(name)
        if target_N is not None:
            table[f"target_{name}"] = list(target_N)
        if value_N is not None:
            table[name] = list(value_N)
    if answers.view == "person" and targets.box_N is not None:
        for corner, name in enumerate(CORNERS):
            table[name] = [None if box is None else box[corner] for box in targets.box_N]
    for column, values in targets.columns.items():
        table.setdefault(column, list(values))
    said = {**answers.limited, **{row: ("error", why) for row, why in answers.errors.items()}}
    table["status"] = [said.get(row, ("ok", None))[0] for row in range(len(targets))]
    table["error"] = [said.get(row, ("ok", None))[1] for row in range(len(targets))]
    return pd.DataFrame(table)


def write_predictions(table: pd.DataFrame, path: str | os.PathLike[str]) -> None:
    """Write the table as Parquet, atomically; ``scores`` becomes a map, whatever labels the rows have."""
    columns = {}
    for name in table.columns:
        values = table[name]
        if name == "scores":
            rows = [None if not isinstance(scores, dict) else list(scores.items()) for scores in values]
            columns[name] = pa.array(rows, type=pa.map_(pa.string(), pa.float64()))
        else:
            columns[name] = pa.array(values.array if values.dtype != object else list(values), from_pandas=True)
    with atomic_path(path) as temporary:
        pq.write_table(pa.table(columns), temporary)
