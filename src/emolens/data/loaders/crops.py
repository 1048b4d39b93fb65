"""Random crops of training pictures. The crop of evaluation is :class:`emolens.models.preprocess.Preprocess`.

Legend: H, W height and width of the picture, S side of the input, C = 3 channels. A region is left, top, right, bottom
in pixels.
"""

import math
from functools import lru_cache

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image
from torch import Tensor

from emolens.people.crop import Region, cut

TRIES = 10
RATIO = (3 / 4, 4 / 3)  # width / height of a random crop, as of Inception, torchvision and MAE


def sample_rng(seed: int, epoch: int, row: int) -> np.random.Generator:
    """The random numbers of one sample; they depend on these three alone, not on who loads it or in which order."""
    return np.random.default_rng((seed, epoch, row))


def random_crop(height: int, width: int, scale: tuple[float, float], rng: np.random.Generator) -> Region:
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


def resized(image_HWC: NDArray[np.uint8], region: Region, side: int, flip: bool = False) -> NDArray[np.uint8]:
    """The region, bicubic with antialiasing, as uint8 of shape (S, S, 3); pixels around it have no part in it."""
    left, top = int(region[0]), int(region[1])
    part_HWC = np.ascontiguousarray(cut(image_HWC, region))
    h, w = part_HWC.shape[:2]
    box = (region[0] - left, region[1] - top, min(w, region[2] - left), min(h, region[3] - top))
    picture = Image.fromarray(part_HWC).resize((side, side), Image.Resampling.BICUBIC, box=box)
    if flip:
        picture = picture.transpose(Image.Transpose.FLIP_LEFT_RIGHT)
    return np.asarray(picture)


def normalise(image_BCHW: Tensor, mean: tuple[float, ...], std: tuple[float, ...]) -> Tensor:
    """uint8 (..., 3, H, W) on any device as float32, scaled to [0, 1], minus ``mean``, divided by ``std``.

    Bit for bit what :class:`emolens.models.preprocess.Preprocess` makes of the same pixels.
    """
    full, mean_C11, std_C11 = _constants(mean, std, image_BCHW.device)
    return image_BCHW.to(torch.float32).div_(full).sub_(mean_C11).div_(std_C11)


@lru_cache(maxsize=8)
def _constants(mean: tuple[float, ...], std: tuple[float, ...], device: torch.device) -> tuple[Tensor, Tensor, Tensor]:
    """On the device, once: sent with each batch they would be waited for. A GPU divides by a number on the CPU by
    multiplying with its inverse, which rounds otherwise; by a tensor of its own it divides."""
    full, mean_C, std_C = (torch.tensor(value, device=device) for value in (255.0, mean, std))
    return full, mean_C.view(3, 1, 1), std_C.view(3, 1, 1)


def least_side(side: int, scale: tuple[float, float]) -> int:
    """``min_side`` for reading: even the smallest random crop then has at least S pixels on its shorter side.

    That holds if the picture has them at all; a JPEG is decoded with its shorter side >= 2 ``min_side``.
    """
    return math.ceil(side / math.sqrt(scale[0] * RATIO[0]) / 2)
