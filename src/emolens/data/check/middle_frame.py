"""One picture that stands for a video: thumbnails, and whether two videos look alike.

Legend: H height, W width, C = 3 channels.
"""

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from emolens.media.video import index_frames, read_frames


def middle_frame(path: str | Path, size: tuple[int, int] | None = None) -> NDArray[np.uint8]:
    """The frame in the middle of a video, or the nearest one that can be decoded.

    Args:
        path: of the file.
        size: (height, width) to scale to, whatever the proportions; None for its own.

    Returns:
        uint8 RGB, upright, shape (H, W, C).

    Raises:
        MediaError: if there are no pictures, or none can be decoded. The message starts with the path.
    """
    index = index_frames(path)
    frame_HWC: NDArray[np.uint8] = read_frames(path, [len(index) // 2], size, index).image_KHWC[0]
    return frame_HWC
