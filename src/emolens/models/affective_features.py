"""What a picture looks like, in the features that affective image analysis has named.

Legend: H, W height and width, F number of features.
"""

from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from emolens.models.affective_colour import colour_features
from emolens.models.affective_composition import composition_features
from emolens.models.affective_planes import Planes
from emolens.models.affective_texture import texture_features

FEATURE_VERSION = "1"  # part of every cache key: raise it when a number in the vector changes


def affective_features(image_HWC: NDArray[np.uint8]) -> NDArray[np.float32]:
    """Colour, texture and composition of one picture, after Machajdik & Hanbury (2010) and those they build on.

    The picture is first resized so that its longer side is 256 px; a shorter side under 32 px is stretched to 32. The parts:
    :func:`~emolens.models.affective_colour.colour_features`, :func:`~emolens.models.affective_texture.texture_features`,
    :func:`~emolens.models.affective_composition.composition_features`, each with its sources.

    Args:
        image_HWC: RGB, uint8, shape (H, W, 3), any size.

    Returns:
        float32, shape (F,), in the order of :func:`feature_names`; always finite.

    Raises:
        ValueError: another shape or dtype, or a side of 0.
    """
    return np.fromiter(_by_name(image_HWC).values(), dtype=np.float32)


@lru_cache(maxsize=1)
def feature_names() -> tuple[str, ...]:
    """The F names, in the order of the vector."""
    return tuple(_by_name(np.zeros((32, 32, 3), dtype=np.uint8)))


def _by_name(image_HWC: NDArray[np.uint8]) -> dict[str, float]:
    planes = Planes.of(image_HWC)
    return colour_features(planes) | texture_features(planes) | composition_features(planes)
