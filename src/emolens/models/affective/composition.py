"""Composition features of affective image analysis.

Legend: H, W height and width of the resized picture, S side of a small square copy, N outline pixels.
"""

from functools import lru_cache

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from emolens.models.affective.planes import Plane, Planes, grid_means
from emolens.models.affective.texture import haar

SALIENCY_SIDE = 64  # px, the scale that Hou & Zhang found to work
STRONG_EDGE = 6.0  # L* per pixel
STATIC_ANGLE = np.radians(15)  # Machajdik & Hanbury: a line within 15 degrees of level or upright is static
EPSILON = 1e-6

Square = NDArray[np.float64]


def composition_features(planes: Planes) -> dict[str, float]:
    """Statistics of composition, by name.

    Sources: rule of thirds, low depth of field (Datta et al. 2006, f5-f7 and f53-f55; the share of detail in
    the inner of 4 x 4 blocks), dynamics of lines, level of detail (Machajdik & Hanbury 2010); saliency by the
    spectral residual (Hou & Zhang 2007); roundness and angularity of outlines (Lu et al. 2012: curvature of
    contours, share of straight ones); left-right and up-down symmetry (Lu et al. 2012; correlation with the
    mirrored picture).
    """
    found = {"aspect": float(np.log(planes.aspect).clip(-2, 2))}
    found.update(_saliency(planes))
    found.update(_depth_of_field(planes))
    found.update(_lines(planes))
    found.update(_symmetry(planes))
    return found


def _saliency(planes: Planes) -> dict[str, float]:
    side = SALIENCY_SIDE
    grey_SS = np.asarray(planes.lightness_image.resize((side, side), Image.Resampling.BILINEAR), dtype=np.float64)
    spectrum = np.fft.fft2(grey_SS / 255)
    amplitude = np.log(np.abs(spectrum) + EPSILON)
    residual = amplitude - _box(amplitude, 3)
    salient = np.abs(np.fft.ifft2(np.exp(residual) * spectrum / (np.abs(spectrum) + EPSILON))) ** 2
    salient = _box(_box(salient, 5), 5)
    share = salient / (salient.sum() + EPSILON)
    across, x, y = _small_grid()
    cx, cy = float((share * x).sum()), float((share * y).sum())
    cells = share.reshape(4, 16, 4, 16).sum(axis=(1, 3))
    return {
        "saliency_x": abs(cx),  # left and right are alike for mood
        "saliency_y": cy,
        "saliency_spread": float(np.sqrt((share * ((x - cx) ** 2 + (y - cy) ** 2)).sum())),
        "saliency_peak": float(np.log(share.max() * side * side + EPSILON)),
        "saliency_entropy": float(-(share * np.log(share + 1e-12)).sum()),
        "saliency_centre": float(cells[1:3, 1:3].sum()),
        "thirds": float((share * across).sum()),
    }


def _box(plane_SS: Square, size: int) -> Square:
    """Mean over a size x size window, the plane taken as a torus."""
    half = size // 2
    shifts = range(-half, half + 1)
    rows = np.sum([np.roll(plane_SS, s, axis=0) for s in shifts], axis=0)
    mean: Square = np.sum([np.roll(rows, s, axis=1) for s in shifts], axis=0) / size**2
    return mean


@lru_cache(maxsize=1)
def _small_grid() -> tuple[Square, Square, Square]:
    """Nearness to the four crossings of the thirds (1 on one of them), and x, y in [-1, 1]."""
    place = (np.arange(SALIENCY_SIDE) + 0.5) / SALIENCY_SIDE * 2 - 1
    y, x = np.meshgrid(place, place, indexing="ij")
    distance = np.hypot(np.abs(x) - 1 / 3, np.abs(y) - 1 / 3)
    return np.exp(-((distance / 0.25) ** 2)), x, y


def _depth_of_field(planes: Planes) -> dict[str, float]:
    found: dict[str, float] = {}
    for name, plane_HW in (("saturation", planes.saturation_HW), ("brightness", planes.light_HW)):
        _, *details = haar(haar(plane_HW)[0])
        detail = grid_means(np.asarray(sum(np.abs(d) for d in details), dtype=np.float32), 4, 4)
        found[f"low_depth_{name}"] = float(detail[1:3, 1:3].sum() / (detail.sum() + 1e-3))
    blocks = grid_means(np.log1p(planes.edge_HW), 8, 8)
    found["flat_share"] = float((blocks < 0.5).mean())  # blocks without anything in them: sky, wall, blur
    found["detail_sd"] = float(blocks.std())
    found["detail_level"] = float(np.median(blocks))
    return found


def _lines(planes: Planes) -> dict[str, float]:
    dx_HW, dy_HW = planes.dx_HW, planes.dy_HW
    y_N, x_N = np.nonzero(planes.edge_HW[1:-1, 1:-1] > STRONG_EDGE)
    y_N, x_N = y_N + 1, x_N + 1
    dx, dy, edge = dx_HW[y_N, x_N], dy_HW[y_N, x_N], planes.edge_HW[y_N, x_N]
    total = float(edge.sum()) + EPSILON
    limit = np.float32(np.cos(STATIC_ANGLE))
    upright = np.abs(dx) > limit * edge
    level = np.abs(dy) > limit * edge
    # Straightness: eigenvalues of the structure tensor of 8 x 8 px blocks, near 1 where all edges of the
    # block agree.
    height, width = (s // 8 * 8 for s in dx_HW.shape)
    dx_crop, dy_crop = dx_HW[:height, :width], dy_HW[:height, :width]
    xx, yy, xy = _blocks(dx_crop * dx_crop), _blocks(dy_crop * dy_crop), _blocks(dx_crop * dy_crop)
    trace = xx + yy
    coherence = np.sqrt((xx - yy) ** 2 + 4 * xy**2) / (trace + EPSILON)
    weight = trace * (trace > 8)
    found = {
        "lines_upright": float(edge[upright].sum()) / total,
        "lines_level": float(edge[level].sum()) / total,
        "lines_slanted": float(edge[~upright & ~level].sum()) / total,
        "straightness": float((coherence * weight).sum() / (weight.sum() + EPSILON)),
        "straight_share": float(((coherence > 0.8) & (trace > 8)).mean()),
        "tangled_share": float(((coherence < 0.4) & (trace > 8)).mean()),
    }
    if not len(edge):
        return found | {"curvature": 0.0, "curvature_sd": 0.0, "angular_share": 0.0}
    # Curvature of isophotes where there is an outline: (Lxx Ly^2 - 2 Lx Ly Lxy + Lyy Lx^2) / |grad L|^3, in
    # 1/px.
    dxx = (dx_HW[y_N, x_N + 1] - dx_HW[y_N, x_N - 1]) / 2
    dxy = (dx_HW[y_N + 1, x_N] - dx_HW[y_N - 1, x_N]) / 2
    dyy = (dy_HW[y_N + 1, x_N] - dy_HW[y_N - 1, x_N]) / 2
    curvature = np.abs(dxx * dy * dy - 2 * dx * dy * dxy + dyy * dx * dx) / (edge * edge * edge)
    curvature = np.minimum(curvature, 2.0)
    return found | {
        "curvature": float(curvature.mean()),
        "curvature_sd": float(curvature.std()),
        "angular_share": float((curvature > 0.5).mean()),
    }


def _blocks(plane_HW: Plane) -> Plane:
    height, width = plane_HW.shape
    sums: Plane = plane_HW.reshape(height // 8, 8, width).sum(axis=1).reshape(height // 8, -1, 8).sum(axis=2)
    return sums / 64


def _symmetry(planes: Planes) -> dict[str, float]:
    small = planes.lightness_image.resize((32, 32), Image.Resampling.BOX)
    grey_SS = np.asarray(small, dtype=np.float64)
    centred = grey_SS - grey_SS.mean()
    energy = float((centred**2).sum()) + 1.0
    return {
        "symmetry_left_right": float((centred * centred[:, ::-1]).sum()) / energy,
        "symmetry_up_down": float((centred * centred[::-1]).sum()) / energy,
    }
