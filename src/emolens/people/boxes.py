"""Boxes of the persons in one picture.

Legend: K boxes.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from emolens.errors import DataError

Box = tuple[float, float, float, float]  # left, top, right, bottom in pixels of the upright picture

TOLERANCE = 1.0  # px: published boxes are rounded, or count the last pixel in; beyond this they are of another picture


@dataclass(frozen=True)
class PersonBoxes:
    """Persons, the most confident first.

    Attributes:
        box_K4: float32, shape (K, 4): left, top, right, bottom in pixels of the upright picture, left < right and
            top < bottom, inside the picture. K = 0 where nobody was found.
        score_K: float32, shape (K,), in [0, 1], descending.
    """

    box_K4: NDArray[np.float32]
    score_K: NDArray[np.float32]

    def __len__(self) -> int:
        return len(self.box_K4)

    def above(self, score: float) -> "PersonBoxes":
        """Those with at least this score."""
        keep_K = self.score_K >= score
        return PersonBoxes(self.box_K4[keep_K], self.score_K[keep_K])


def rounded(box_4: ArrayLike) -> Box:
    """A detected box to hundredths of a pixel, as the cache keeps it: the same numbers wherever it is written down."""
    left, top, right, bottom = (round(float(side), 2) for side in np.asarray(box_4))
    return left, top, right, bottom


def boxes_inside(boxes: ArrayLike, height: int, width: int, where: str) -> NDArray[np.float64]:
    """Boxes of a table, checked against the picture that they belong to.

    Args:
        boxes: K lists of left, top, right, bottom in pixels; K may be 0.
        height, width: of the upright picture.
        where: the row, for the message.

    Returns:
        float64, shape (K, 4). What is outside by at most ``TOLERANCE`` pixels is cut off.

    Raises:
        DataError: a box that is not four finite numbers, is empty, or reaches further outside.
    """
    rows = [np.asarray(box, dtype=np.float64).reshape(-1) for box in boxes]  # type: ignore[union-attr]
    box_K4 = np.empty((len(rows), 4))
    for k, box in enumerate(rows):
        if box.shape != (4,) or not np.isfinite(box).all() or box[0] >= box[2] or box[1] >= box[3]:
            raise DataError(f"{where}: box {box.tolist()} is not left < right, top < bottom in pixels")
        if min(box[0], box[1], width - box[2], height - box[3]) < -TOLERANCE:
            raise DataError(
                f"{where}: box {[round(float(side), 1) for side in box]} is outside its picture of {width} x {height} "
                "pixels; boxes are [left, top, right, bottom] in pixels of the upright picture: detect them again "
                "with `emolens data people`, or correct the column"
            )
        box_K4[k] = box
    limit = np.array([width, height, width, height], dtype=np.float64)
    return np.clip(box_K4, 0, limit)
