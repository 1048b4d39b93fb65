"""A 64-bit fingerprint that survives rescaling, recompression and small changes of brightness.

Legend: H height, W width, S the side to which the picture is reduced.
"""

import numpy as np
from numpy.typing import NDArray
from PIL import Image

SIDE = 32  # S: four samples for each of the 8 frequencies that are kept
KEPT = 8  # 8 x 8 frequencies = 64 bits
FLAT = 2.0  # standard deviation in grey levels below which a picture has no structure to compare


def _cosines() -> NDArray[np.float64]:
    """The first ``KEPT`` rows of the DCT-II matrix of size S."""
    frequency = np.arange(KEPT)[:, None]
    place = np.arange(SIDE)[None, :]
    return np.cos(np.pi * frequency * (2 * place + 1) / (2 * SIDE))


COSINE_KS = _cosines()


def perceptual_hash(image_HWC: NDArray[np.uint8]) -> int:
    """The signs of the lowest frequencies of a picture, as one number.

    Grey, reduced to 32 x 32, discrete cosine transform, the lowest 8 x 8 coefficients compared with their median
    (pHash; Zauner, 2010, "Implementation and benchmarking of perceptual image hash functions", section 3.2). Two files
    of one picture usually differ in no more than 4 of the 64 bits; unrelated ones in about 32.

    Args:
        image_HWC: uint8 RGB, shape (H, W, 3).

    Returns:
        An integer in [0, 2**64). 0 for a picture of one colour: it has no structure, and equals nothing.
    """
    grey = Image.fromarray(image_HWC).convert("L").resize((SIDE, SIDE), Image.Resampling.BOX)
    grey_SS = np.asarray(grey, dtype=np.float64)
    if grey_SS.std() < FLAT:
        return 0
    low_KK = COSINE_KS @ grey_SS @ COSINE_KS.T
    bits = low_KK > np.median(low_KK.ravel()[1:])  # the first coefficient is the mean brightness
    return int.from_bytes(np.packbits(bits.ravel()).tobytes(), "big")
