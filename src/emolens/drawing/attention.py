"""Attention over a picture, as heat: yellow where the answer looks most, dark where least, pale what it never saw.

Legend: h, w patches down and across, H, W pixels.
"""

import matplotlib
import numpy as np
from matplotlib.axes import Axes
from matplotlib.patches import Rectangle
from numpy.typing import NDArray
from PIL import Image

from emolens.inference.attention import AttentionMap

COLOURS = matplotlib.colormaps["inferno"]  # dark to bright: read alike on light and on dark pictures, and in print
THINNEST, THICKEST = 0.40, 0.62  # how much of the colour covers the places of least and of most attention
UNSEEN = 0.72  # of white, over what the model's crop leaves out
SPREAD = 99.0  # percentile that counts as most: one single patch must not darken the rest
PIXELS = 256  # of the longer side of the overlay


def draw_attention(axes: Axes, attention: AttentionMap, width: int, height: int) -> None:
    """Lay a map over a picture of ``width`` x ``height`` pixels that is drawn in ``axes``."""
    left, top, right, bottom = (
        edge * side for edge, side in zip(attention.frame, (width, height, width, height), strict=True)
    )
    extent = (left - 0.5, right - 0.5, bottom - 0.5, top - 0.5)  # imshow counts from the middle of the first pixel
    axes.imshow(overlay(attention), extent=extent, aspect="auto", interpolation="bilinear", zorder=2)
    for x, y, w, h in (
        (-0.5, -0.5, width, top),
        (-0.5, bottom - 0.5, width, height - bottom),
        (-0.5, top - 0.5, left, bottom - top),
        (right - 0.5, top - 0.5, width - right, bottom - top),
    ):
        if w > 0.5 and h > 0.5:
            axes.add_patch(Rectangle((x, y), w, h, facecolor="white", alpha=UNSEEN, linewidth=0, zorder=3))
    axes.set_xlim(-0.5, width - 0.5)
    axes.set_ylim(height - 0.5, -0.5)


def overlay(attention: AttentionMap) -> NDArray[np.float64]:
    """float64 RGBA in [0, 1], PIXELS along the longer side."""
    share_hw = attention.share_hw
    low, high = float(share_hw.min()), float(np.percentile(share_hw, SPREAD))
    level_hw = np.clip((share_hw - low) / max(high - low, 1e-12), 0, 1)
    scale = PIXELS / max(level_hw.shape)
    size = round(level_hw.shape[1] * scale), round(level_hw.shape[0] * scale)
    smooth = Image.fromarray(level_hw.astype(np.float32)).resize(size, Image.Resampling.BICUBIC)
    level_HW = np.clip(np.asarray(smooth, dtype=np.float64), 0, 1)
    rgba: NDArray[np.float64] = COLOURS(level_HW)
    rgba[..., 3] = THINNEST + (THICKEST - THINNEST) * level_HW
    return rgba
