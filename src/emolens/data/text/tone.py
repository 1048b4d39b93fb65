"""How bright and how colourful a picture is, where its annotation does not say.

Legend: H, W height and width, C = 3 channels.
"""

import numpy as np
from numpy.typing import NDArray

MIN_SIDE = 64  # px that are enough for means: a JPEG is decoded at down to an eighth
EXTREMELY_COLOURFUL = 109.0  # the top of the scale of Hasler & Süsstrunk (2003), table 2


def brightness(image_HWC: NDArray[np.uint8]) -> float:
    """Mean luma (ITU-R BT.601) of an uint8 RGB picture, from 0 (black) to 1 (white)."""
    return float(image_HWC.reshape(-1, 3).mean(axis=0) @ (0.299, 0.587, 0.114)) / 255


def colorfulness(image_HWC: NDArray[np.uint8]) -> float:
    """M of Hasler & Süsstrunk, "Measuring colourfulness in natural images" (2003), equations for rg, yb and M3.

    From 0 (grey) to 1 ("extremely colourful" to their viewers, and all beyond that).
    """
    red, green, blue = (image_HWC[:, :, c].astype(np.float64) for c in range(3))
    rg_HW, yb_HW = red - green, (red + green) / 2 - blue
    measure = np.hypot(rg_HW.std(), yb_HW.std()) + 0.3 * np.hypot(rg_HW.mean(), yb_HW.mean())
    return min(1.0, float(measure) / EXTREMELY_COLOURFUL)
