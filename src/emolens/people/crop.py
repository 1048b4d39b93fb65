"""The person view: the most confident person with some of the surroundings.

Legend: H, W height and width of the picture, h, w of a part of it, K boxes. A region is left, top, right, bottom in
pixels.
"""

import math
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from emolens.people.boxes import Box, boxes_inside

Region = tuple[float, float, float, float]
View = Literal["scene", "person"]  # what of a picture a model is shown

MARGIN = 0.2  # of the longer side of the box, on each side: hair, hands, and what they hold
LEAST_VISIBLE = 0.25  # of the box's area: less than that of a person is a sleeve


@dataclass(frozen=True)
class PersonCrop:
    """Where the person view is taken from.

    Attributes:
        region: inside the window.
        found: False where it is the whole window, because no person is in it.
    """

    region: Region
    found: bool


def person_crop(
    boxes: ArrayLike, scores: ArrayLike | None, window: Region, margin: float = MARGIN, visible: float = LEAST_VISIBLE
) -> PersonCrop:
    """The region of the most confident person that is in the window, square-ish.

    The box is first cut to the window, then its centre is kept and both sides become those of its longer side
    plus the margins; what then reaches over the window's edge is moved in, and cut off only where the window itself is
    narrower. So a person is never squeezed to a square, and never shown with what the scene view does not show.

    Args:
        boxes: shape (K, 4), in pixels of the picture.
        scores: shape (K,); None: the first box is the most confident.
        window: what of the picture is looked at; the whole picture is (0, 0, W, H).
        margin: of the longer side, on each side.
        visible: a person counts whose box lies in the window by at least this share of its area.

    Returns:
        The window itself, marked, where nobody counts.
    """
    box_K4 = np.asarray(boxes, dtype=np.float64).reshape(-1, 4)
    order = np.arange(len(box_K4)) if scores is None else np.argsort(-np.asarray(scores, dtype=float), kind="stable")
    for k in order:
        left, top, right, bottom = (float(side) for side in box_K4[k])
        inside = (max(left, window[0]), max(top, window[1]), min(right, window[2]), min(bottom, window[3]))
        wide, tall = inside[2] - inside[0], inside[3] - inside[1]
        if wide <= 0 or tall <= 0 or wide * tall < visible * (right - left) * (bottom - top):
            continue
        side = max(wide, tall) * (1 + 2 * margin)
        x = _span((inside[0] + inside[2]) / 2, side, window[0], window[2])
        y = _span((inside[1] + inside[3]) / 2, side, window[1], window[3])
        return PersonCrop((x[0], y[0], x[1], y[1]), True)
    return PersonCrop(window, False)


def person_part(image_HWC: NDArray[np.uint8], box: Box, where: str) -> NDArray[np.uint8]:
    """What a model of persons is shown of a picture: the person in ``box`` with some of the surroundings.

    Args:
        image_HWC: uint8 RGB, shape (H, W, 3), upright, decoded whole.
        box: in pixels of that picture.
        where: the file, for the message.

    Returns:
        uint8, shape (h, w, 3); a view.

    Raises:
        DataError: the box is not of this picture.
    """
    height, width = image_HWC.shape[:2]
    inside_14 = boxes_inside([box], height, width, where)
    return cut(image_HWC, person_crop(inside_14, None, (0.0, 0.0, float(width), float(height))).region)


def cut(image_HWC: NDArray[np.uint8], region: Region) -> NDArray[np.uint8]:
    """The whole pixels that a region touches, at least one each way; a view, uint8 (h, w, 3)."""
    left, top = int(region[0]), int(region[1])
    return image_HWC[top : max(top + 1, math.ceil(region[3])), left : max(left + 1, math.ceil(region[2]))]


def _span(centre: float, length: float, low: float, high: float) -> tuple[float, float]:
    """``length`` about ``centre``, moved into [low, high], or all of that where it is shorter."""
    if length >= high - low:
        return low, high
    start = min(max(centre - length / 2, low), high - length)
    return start, start + length
