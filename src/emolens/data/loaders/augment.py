"""What fine-tuning does to a training picture, from one random generator a sample.

timm's own operations draw from three global generators (Python's, NumPy's, torch's). Here these are set for the time of
one sample and put back: the same sample looks the same in any worker, and nobody else's random numbers change.
"""

import random
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import cache
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image
from torch import Tensor

NOT_ERASED = -1  # in place of a seed


@contextmanager
def global_seeds(seed: int) -> Iterator[None]:
    """Seed the three global generators, and put them back afterwards."""
    before = random.getstate(), np.random.get_state(), torch.random.get_rng_state()
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
    with global_seeds(_seed(rng)):
        return np.asarray(_policy(policy, image_HWC.shape[0], mean)(Image.fromarray(image_HWC)))


def erasing_seed(probability: float, rng: np.random.Generator) -> int:
    """What :func:`random_erasing` of one picture is drawn from, or ``NOT_ERASED`` with 1 - ``probability``.

    Drawn where the picture is read; the erasing itself waits until it is normalised.
    """
    seed = _seed(rng)
    return seed if random.Random(seed).random() <= probability else NOT_ERASED  # noqa: S311  # as timm draws it


def random_erasing(image_BCHW: Tensor, seed_B: Sequence[int]) -> Tensor:
    """Random erasing (Zhong et al. 2017) with noise for each pixel, of normalised pictures on any device, in place.

    Args:
        seed_B: one of :func:`erasing_seed` for each picture. The noise is drawn on the CPU, the same everywhere.
    """
    for image_CHW, seed in zip(image_BCHW, seed_B, strict=True):
        if seed != NOT_ERASED:
            with global_seeds(seed):
                _erasing()(image_CHW)
    return image_BCHW


def _seed(rng: np.random.Generator) -> int:
    return int(rng.integers(2**32))


@cache
def _policy(policy: str, side: int, mean: tuple[float, ...]) -> Any:
    from timm.data.auto_augment import rand_augment_transform

    fill = tuple(min(255, round(255 * value)) for value in mean)
    return rand_augment_transform(policy, {"translate_const": int(side * 0.45), "img_mean": fill})


@cache
def _erasing() -> Any:
    from timm.data.random_erasing import RandomErasing

    return RandomErasing(1.0, mode="pixel", device="cpu")
