"""A picture of any size on the square that a detector sees, and boxes back from it.

Legend: H, W height and width of the picture, S side of the square, K boxes.
"""

import numpy as np
from numpy.typing import NDArray
from PIL import Image

GREY = 114  # what YOLOX was trained to see as "no picture"


def letterbox_size(height: int, width: int, side: int) -> tuple[int, int]:
    """(h, w) of the picture on the square: its longer side fills it, the shorter keeps its ratio, but at least 1 px."""
    scale = side / max(height, width)
    return max(1, round(height * scale)), max(1, round(width * scale))


def letterbox(image_HWC: NDArray[np.uint8], side: int) -> NDArray[np.uint8]:
    """Scale ``image_HWC`` (uint8 RGB) into the upper left of a grey square, as YOLOX does.

    Returns:
        uint8, shape (S, S, 3), RGB.
    """
    height, width = image_HWC.shape[:2]
    h, w = letterbox_size(height, width, side)
    square_SSC = np.full((side, side, 3), GREY, dtype=np.uint8)
    picture = Image.fromarray(image_HWC)
    if (h, w) != (height, width):
        # reducing_gap: a 50-megapixel photo is first averaged in whole blocks, twenty times as fast and as good.
        picture = picture.resize((w, h), Image.Resampling.BILINEAR, reducing_gap=2.0)
    square_SSC[:h, :w] = np.asarray(picture)
    return square_SSC


def from_letterbox(box_K4: NDArray[np.float32], height: int, width: int, side: int) -> NDArray[np.float32]:
    """Boxes on the square as boxes in the picture, cut off at its edges.

    The two axes have their own scale: at 10 x 4,000 px the short one was rounded up to 1 px.
    """
    h, w = letterbox_size(height, width, side)
    scale = np.array([width / w, height / h, width / w, height / h], dtype=np.float32)
    limit = np.array([width, height, width, height], dtype=np.float32)
    inside_K4: NDArray[np.float32] = np.clip(box_K4 * scale, 0, limit)
    return inside_K4
