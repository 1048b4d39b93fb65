"""Which part of a picture is looked at, and how it becomes the input of a network.

Legend: H, W height and width of the picture, S side of the input, C = 3 channels. A window is left, top, right, bottom
in pixels.
"""

import math

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from emolens.people.crop import Region

TRIES = 10
RATIO = (3 / 4, 4 / 3)  # width / height of a random window, as of Inception, torchvision and MAE
EVAL_SHARE = 224 / 256  # of the shorter side that the centre window keeps, as MAE evaluates
LARGEST_WHOLE = 224  # inputs above this size see the whole of the shorter side, as MAE evaluates


def sample_rng(seed: int, epoch: int, row: int) -> np.random.Generator:
    """The random numbers of one sample: of these three alone, whoever loads it and in whatever order."""
    return np.random.default_rng((seed, epoch, row))


def random_window(height: int, width: int, scale: tuple[float, float], rng: np.random.Generator) -> Region:
    """A random resized crop (Szegedy et al. 2014), drawn as torchvision's ``RandomResizedCrop`` draws it.

    Args:
        scale: least and greatest share of the picture's area.
    """
    for _ in range(TRIES):
        area = height * width * rng.uniform(*scale)
        ratio = math.exp(rng.uniform(math.log(RATIO[0]), math.log(RATIO[1])))
        w, h = round(math.sqrt(area * ratio)), round(math.sqrt(area / ratio))
        if 0 < w <= width and 0 < h <= height:
            top, left = int(rng.integers(height - h + 1)), int(rng.integers(width - w + 1))
            return float(left), float(top), float(left + w), float(top + h)
    # A strip: as much of its middle as the ratios allow.
    across, down = min(float(width), height * RATIO[1]), min(float(height), width / RATIO[0])
    return (width - across) / 2, (height - down) / 2, (width + across) / 2, (height + down) / 2


def centre_window(height: int, width: int, side: int) -> Region:
    """What remains of the picture when its shorter side is scaled to S * 256 / 224 and the S x S centre is cut out.

    To be used with ``resized(..., beyond=True)``; then it is what torchvision's Resize and CenterCrop give, without the
    large picture in between that a strip of 10 x 4,000 would become.
    """
    shorter = int(side / (EVAL_SHARE if side <= LARGEST_WHOLE else 1.0))
    h = shorter if height <= width else int(shorter * height / width)
    w = shorter if width <= height else int(shorter * width / height)
    top, left = round((h - side) / 2), round((w - side) / 2)
    right, bottom = min(float(width), (left + side) * width / w), min(float(height), (top + side) * height / h)
    return left * width / w, top * height / h, right, bottom


def resized(
    image_HWC: NDArray[np.uint8], window: Region, side: int, flip: bool = False, beyond: bool = False
) -> NDArray[np.uint8]:
    """The window, bicubic with antialiasing, as uint8 of shape (S, S, 3).

    Args:
        beyond: whether the filter may look at the pixels around the window: yes where the picture is scaled and then
            cut, no where it is cut and then scaled, as a random window is.
    """
    if not beyond:
        left, top = int(window[0]), int(window[1])
        right, bottom = max(left + 1, math.ceil(window[2])), max(top + 1, math.ceil(window[3]))
        image_HWC = np.ascontiguousarray(image_HWC[top:bottom, left:right])
        h, w = image_HWC.shape[:2]
        window = (window[0] - left, window[1] - top, min(w, window[2] - left), min(h, window[3] - top))
    picture = Image.fromarray(image_HWC).resize((side, side), Image.Resampling.BICUBIC, box=window)
    if flip:
        picture = picture.transpose(Image.Transpose.FLIP_LEFT_RIGHT)
    return np.asarray(picture)


def least_side(side: int, scale: tuple[float, float]) -> int:
    """``min_side`` for reading: even the smallest random window then has at least S pixels on its shorter side.

    That holds where the picture has them at all; a JPEG is decoded with its shorter side >= 2 ``min_side``.
    """
    return math.ceil(side / math.sqrt(scale[0] * RATIO[0]) / 2)
