"""What a picture looks like, in the features that affective image analysis has named.

Legend: H, W height and width, F features.
"""

from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from emolens.models.affective.colour import colour_features
from emolens.models.affective.composition import composition_features
from emolens.models.affective.layout import layout_features
from emolens.models.affective.orientation import orientation_features
from emolens.models.affective.planes import Planes
from emolens.models.affective.texture import texture_features

FEATURE_VERSION = "1"  # part of every cache key: raise it when a number in the vector changes

BLOCKS = {
    "colour": colour_features,
    "layout": layout_features,
    "texture": texture_features,
    "orientation": orientation_features,
    "composition": composition_features,
}


def affective_features(image_HWC: NDArray[np.uint8]) -> NDArray[np.float32]:
    """Colour, texture and composition of one picture, after Machajdik & Hanbury (2010) and those they build on.

    The picture is first resized so that its longer side is 256 px; a shorter side under 32 px is stretched to
    32. The blocks of the vector, in order: :func:`~emolens.models.affective.colour.colour_features`,
    :func:`~emolens.models.affective.layout.layout_features`,
    :func:`~emolens.models.affective.texture.texture_features`,
    :func:`~emolens.models.affective.orientation.orientation_features`,
    :func:`~emolens.models.affective.composition.composition_features`, each with its sources. A mirrored
    picture has the same features, up to the rounding of grid cells to pixels.

    Args:
        image_HWC: RGB, uint8, shape (H, W, 3), any size.

    Returns:
        float32, shape (F,), in the order of :func:`feature_names`; always finite.

    Raises:
        ValueError: another shape or dtype, or a side of 0.
    """
    planes = Planes.of(image_HWC)
    return np.fromiter((v for block in BLOCKS.values() for v in block(planes).values()), dtype=np.float32)


@lru_cache(maxsize=1)
def feature_names() -> tuple[str, ...]:
    """The F names, in the order of the vector, each as ``block/feature``."""
    planes = Planes.of(np.zeros((32, 32, 3), dtype=np.uint8))
    return tuple(f"{name}/{feature}" for name, block in BLOCKS.items() for feature in block(planes))


@lru_cache(maxsize=1)
def block_starts() -> tuple[int, ...]:
    """Where each of the ``BLOCKS`` begins in the vector."""
    block_of = [name.split("/")[0] for name in feature_names()]
    return tuple(block_of.index(name) for name in BLOCKS)
