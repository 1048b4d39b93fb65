"""The persons of each row, in flat arrays: a million rows are checked in seconds, and forked workers share the pages.

Legend: N rows, M boxes of all rows, K boxes of one row.
"""

from itertools import chain
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from emolens.errors import DataError
from emolens.people.boxes import TOLERANCE, boxes_inside


class BoxTable:
    """Columns ``boxes`` and ``box_scores``, and ``height`` and ``width``, of a manifest, as far as they are present.

    Raises:
        DataError: if a box is malformed, or outside its picture (if its size is stated), or the numbers of scores and
            boxes differ; names the row.
    """

    def __init__(self, frame: pd.DataFrame) -> None:
        self._ids = frame["id"].to_numpy()
        boxes = _lists(frame, "boxes")
        count_N = np.array([len(value) for value in boxes], dtype=np.int64)
        self._start_N = np.concatenate([[0], np.cumsum(count_N)])
        self.size_N2 = np.full((len(frame), 2), np.nan)
        if "height" in frame.columns and "width" in frame.columns:
            self.size_N2 = frame[["height", "width"]].to_numpy(dtype=np.float64, na_value=np.nan)
        row_M = np.repeat(np.arange(len(frame)), count_N)
        self._box_M4 = self._flat(boxes, row_M)
        self._check(row_M)
        self._score_M: NDArray[np.float64] | None = None
        if "box_scores" in frame.columns:
            scores = _lists(frame, "box_scores")
            differing = np.flatnonzero((np.array([len(value) for value in scores]) != count_N) & (count_N > 0))
            if differing.size:
                row = int(differing[0])
                raise DataError(f"{self.name(row)}: has {count_N[row]} boxes but {len(scores[row])} box_scores")
            # Scores of rows without boxes, if any, belong to nothing.
            kept = (value if n else () for value, n in zip(scores, count_N, strict=True))
            self._score_M = np.fromiter(chain.from_iterable(kept), dtype=np.float64)

    def name(self, row: int) -> str:
        """The row as messages call it."""
        return f'row {row} (id "{self._ids[row]}")'

    def of(self, row: int) -> tuple[NDArray[np.float64], NDArray[np.float64] | None]:
        """Boxes, shape (K, 4), in pixels of the upright picture as they are in the table, and scores, shape (K,)."""
        span = slice(self._start_N[row], self._start_N[row + 1])
        return self._box_M4[span], self._score_M[span] if self._score_M is not None else None

    def _flat(self, boxes: list[Any], row_M: NDArray[np.int64]) -> NDArray[np.float64]:
        every = list(chain.from_iterable(boxes))
        for m, box in enumerate(every):
            if np.shape(box) != (4,):
                boxes_inside([box], 1, 1, self.name(int(row_M[m])))
        return np.fromiter(chain.from_iterable(every), dtype=np.float64, count=4 * len(every)).reshape(-1, 4)

    def _check(self, row_M: NDArray[np.int64]) -> None:
        """All boxes at once; the first bad one is then looked at alone, for its message."""
        box_M4, size_M2 = self._box_M4, np.nan_to_num(self.size_N2[row_M], nan=np.inf)
        solid_M = np.isfinite(box_M4).all(axis=1) & (box_M4[:, :2] < box_M4[:, 2:]).all(axis=1)
        inside_M = (box_M4[:, :2] >= -TOLERANCE).all(axis=1) & (box_M4[:, 2:] <= size_M2[:, ::-1] + TOLERANCE).all(
            axis=1
        )
        bad = np.flatnonzero(~(solid_M & inside_M))
        if bad.size:
            m = int(bad[0])
            height, width = (int(min(side, np.iinfo(np.int32).max)) for side in size_M2[m])
            boxes_inside(box_M4[m : m + 1], height, width, self.name(int(row_M[m])))


def _lists(frame: pd.DataFrame, column: str) -> list[Any]:
    if column not in frame.columns:
        return [()] * len(frame)
    return [value if isinstance(value, list | tuple | np.ndarray) else () for value in frame[column]]
