"""What fine-tuning does to a training picture, from one random generator a sample.

timm's own operations draw from three global generators (Python's, NumPy's, torch's). Here these are set for the time of
one sample and put back: the same sample looks the same in any worker, and nobody else's random numbers change.
"""

import random
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image
from torch import Tensor


@contextmanager
def global_seeds(rng: np.random.Generator) -> Iterator[None]:
    """Set the three global generators from ``rng``, and put them back afterwards."""
    before = random.getstate(), np.random.get_state(), torch.random.get_rng_state()
    seed = int(rng.integers(2**32))
    random.seed(seed)
    np.random.seed(seed)
    torch.default_generator.manual_seed(seed)
    try:
        yield
    finally:
        random.setstate(before[0])
        np.random.set_state(before[1])
        torch.random.set_rng_state(before[2])


def rand_augment(
    image_HWC: NDArray[np.uint8], policy: str, rng: np.random.Generator, mean: tuple[float, ...]
) -> NDArray[np.uint8]:
    """RandAugment (Cubuk et al. 2019) in timm's words, such as ``rand-m9-mstd0.5-inc1``.

    Args:
        image_HWC: uint8 RGB, square, at the size of the network's input: lengths of shifts depend on it.
        mean: RGB in [0, 1], that borders are filled with.
    """
    with global_seeds(rng):
        return np.asarray(_policy(policy, image_HWC.shape[0], mean)(Image.fromarray(image_HWC)))


def random_erasing(image_CHW: Tensor, probability: float, rng: np.random.Generator) -> Tensor:
    """Random erasing (Zhong et al. 2017) with noise for each pixel, of a normalised picture, in place."""
    with global_seeds(rng):
        erased: Tensor = _erasing(probability)(image_CHW)
        return erased


@cache
def _policy(policy: str, side: int, mean: tuple[float, ...]) -> Any:
    from timm.data.auto_augment import rand_augment_transform

    fill = tuple(min(255, round(255 * value)) for value in mean)
    return rand_augment_transform(policy, {"translate_const": int(side * 0.45), "img_mean": fill})


@cache
def _erasing(probability: float) -> Any:
    from timm.data.random_erasing import RandomErasing

    return RandomErasing(probability, mode="pixel", device="cpu")
