"""Where in the picture the colours are.

Legend: H, W height and width of the resized picture.
"""

import numpy as np

from emolens.models.affective.planes import GREY_CHROMA, Planes, cell_index, folded, grid_means

HUES = 6  # a cell of a band has too few pixels for twelve


def layout_features(planes: Planes) -> dict[str, float]:
    """Colour by place, by name; a picture and its mirror image have the same.

    Sources: mean colour of the inner third against the rest (Datta et al. 2006, f5-f7), on the grid of the
    rule of thirds; hue by horizontal band, since sky, horizon and ground carry scenes (Oliva & Torralba
    2001); a joint histogram of lightness and hue, in square roots as the Hellinger distance wants it
    (Arandjelovic & Zisserman 2012).
    """
    found: dict[str, float] = {}
    local = {"lightness": planes.light_HW, "a": planes.a_HW, "b": planes.b_HW, "saturation": planes.saturation_HW}
    for name, plane_HW in local.items():
        means = grid_means(plane_HW, 3, 3)
        found.update({f"{name}_cell_{i // 2}{'cs'[i % 2]}": float(v) for i, v in enumerate(folded(means).ravel())})
        found[f"{name}_centre_minus_rest"] = float(means[1, 1] - (means.sum() - means[1, 1]) / 8)
        found[f"{name}_top_minus_bottom"] = float(means[0].mean() - means[2].mean())
    cells_HW = cell_index(planes.hue_HW.shape, 3, 1)
    weight_HW = np.maximum(planes.chroma_HW - GREY_CHROMA, 0)
    bin_HW = (planes.hue_HW * (HUES / (2 * np.pi))).astype(np.int64).clip(0, HUES - 1)
    share = (
        np.bincount((cells_HW * HUES + bin_HW).ravel(), weights=weight_HW.ravel(), minlength=3 * HUES) / weight_HW.size
    )
    found.update({f"hue_band_{i // HUES}_{i % HUES}": float(v) for i, v in enumerate(share)})
    # Joint histogram of lightness and hue, grey as a seventh hue; square roots, so that rare colours count
    # (Hellinger).
    tone_HW = np.where(weight_HW > 0, bin_HW, HUES) * 3 + (planes.light_HW * 0.03).astype(np.int64).clip(0, 2)
    joint = np.sqrt(np.bincount(tone_HW.ravel(), minlength=3 * (HUES + 1)) / tone_HW.size)
    found.update({f"tone_{i // 3}_{i % 3}": float(v) for i, v in enumerate(joint)})
    return found
