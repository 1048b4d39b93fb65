"""Persons on a playing video.

Legend: N places of one person, H, W height and width.
"""

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from emolens.drawing.boxes import MOST_TAGS, draw_boxes
from emolens.inference.prediction import Prediction
from emolens.inference.video_frames import seen_at
from emolens.people.boxes import Box


class MovingBoxes:
    """The box and the verdict of each person at any time.

    A row has one box, of the middle of its span; between two rows the box moves in a straight line. So it lags behind
    somebody who moves fast, unless the windows are short.

    Args:
        persons: the rows of each person, the whole, then its windows.
        polarity_of: label -> polarity.
        foot: pixels at the lower edge that are kept free of tags.
    """

    def __init__(self, persons: Sequence[Sequence[Prediction]], polarity_of: Mapping[str, str], foot: int = 0) -> None:
        self.polarity_of, self.foot = polarity_of, foot
        known = [[row for row in part if row.answered and row.box is not None] for part in persons[:MOST_TAGS]]
        self._paths = [_Path(part[0], part[1:] or part) for part in known if part]

    def draw(self, image_HWC: NDArray[np.uint8], time_s: float) -> NDArray[np.uint8]:
        """The picture with who is seen at this time, uint8 RGB (H, W, 3), writeable; the same array for nobody."""
        here = [(path.row_at(time_s), path.box_at(time_s)) for path in self._paths if path.covers(time_s)]
        if not here:
            return image_HWC
        picture = Image.fromarray(image_HWC)
        right, bottom = picture.width - 1, picture.height - 1
        boxes = [(box[0], box[1], min(box[2], right), min(box[3], bottom)) for _, box in here]
        draw_boxes(picture, [row for row, _ in here], boxes, self.polarity_of, self.foot)
        return np.array(picture)


class _Path:
    """Where one person is."""

    def __init__(self, whole: Prediction, rows: Sequence[Prediction]) -> None:
        self.whole, self.rows = whole, rows
        self.time_N = np.array([seen_at(row, whole) for row in rows])
        self.box_N4 = np.array([row.box for row in rows], dtype=np.float64)

    def covers(self, time_s: float) -> bool:
        return _within(self.whole, time_s) and any(_within(row, time_s) for row in self.rows)

    def row_at(self, time_s: float) -> Prediction:
        return self.rows[int(np.abs(self.time_N - time_s).argmin())]

    def box_at(self, time_s: float) -> Box:
        left, top, right, bottom = (float(np.interp(time_s, self.time_N, side_N)) for side_N in self.box_N4.T)
        return left, top, right, bottom


def _within(row: Prediction, time_s: float) -> bool:
    return (row.start_s or 0.0) <= time_s <= (row.end_s or 0.0)
