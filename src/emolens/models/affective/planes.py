"""The colour and gradient planes that every affective feature is computed from.

Legend: H, W height and width after resizing, C = 3 colour channels, N contour pixels.
"""

from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

LONGER_SIDE = 256  # px: enough for texture, and the size of the file no longer matters
SHORTEST_SIDE = 32  # px: a 1 x 10,000 strip is stretched to this, so that every window fits
GREY_CHROMA = 8.0  # under this C* a colour reads as grey, and its hue is noise
CONTOUR = 1.0  # L* per pixel: about the least step an eye sees

Plane = NDArray[np.floating[Any]]  # float32 in fact; the stubs of numpy widen it at every division

# Linear sRGB -> CIE XYZ divided by the D65 white point (IEC 61966-2-1), so that white is (1, 1, 1).
_RGB_TO_XYZ = np.array(
    [[0.433953, 0.376219, 0.189828], [0.212671, 0.715160, 0.072169], [0.017758, 0.109477, 0.872766]],
    dtype=np.float32,
)


@dataclass(frozen=True)
class Planes:
    """One picture in the colour spaces that the features need; every plane is float32.

    Lightness and its gradient are fine (longer side 256 px: outlines and grain live there), colour is coarse
    (128 px: it varies slowly, and the statistics of a quarter of the pixels cost a quarter).

    Attributes:
        lightness_HW: CIE L* in [0, 100], fine.
        dx_HW, dy_HW: central differences of L* per pixel, fine; edge_HW: their length.
        contour_N: flat indices of the pixels whose edge is over 1 L* per pixel, int64; the rest is grain.
        lightness_image: L* as an 8-bit PIL picture (0..255), fine, for quick resampling.
        rgb_HWC: sRGB in [0, 255], coarse, like all that follow.
        hue_HW: HSV hue in radians, [0, 2 pi); saturation_HW, value_HW: HSV, in [0, 1].
        light_HW: CIE L* in [0, 100]; a_HW, b_HW: CIE a*, b*, about [-100, 100]; chroma_HW: sqrt(a*^2 + b*^2).
        luma_cb_cr_HWC: ITU-R BT.601 Y, Cb, Cr in [0, 255], for skin.
        aspect: width / height of the original.
    """

    lightness_HW: Plane
    dx_HW: Plane
    dy_HW: Plane
    edge_HW: Plane
    contour_N: NDArray[np.int64]
    lightness_image: Image.Image
    rgb_HWC: Plane
    hue_HW: Plane
    saturation_HW: Plane
    value_HW: Plane
    light_HW: Plane
    a_HW: Plane
    b_HW: Plane
    chroma_HW: Plane
    luma_cb_cr_HWC: Plane
    aspect: float

    @classmethod
    def of(cls, image_HWC: NDArray[np.uint8]) -> "Planes":
        """Resize ``image_HWC`` (uint8 RGB, shape (H, W, 3)) so that its longer side is 256 px, and convert it.

        Raises:
            ValueError: another shape or dtype, or a side of 0.
        """
        if image_HWC.dtype != np.uint8 or image_HWC.ndim != 3 or image_HWC.shape[2] != 3 or not image_HWC.size:
            raise ValueError(f"expected uint8 (H, W, 3), got {image_HWC.dtype} {image_HWC.shape}")
        height, width = image_HWC.shape[:2]
        scale = LONGER_SIDE / max(height, width)
        size = (max(SHORTEST_SIDE, round(width * scale)), max(SHORTEST_SIDE, round(height * scale)))
        fine = Image.fromarray(np.ascontiguousarray(image_HWC))
        if fine.size != size:
            fine = fine.resize(size, Image.Resampling.BILINEAR, reducing_gap=3.0)
        coarse = fine.reduce(2)
        lightness_HW = 116 * _compressed(_linear_of_byte()[np.asarray(fine)] @ _RGB_TO_XYZ[1]) - 16
        dy_HW, dx_HW = (np.asarray(d) for d in np.gradient(lightness_HW))
        edge_HW = np.sqrt(dx_HW * dx_HW + dy_HW * dy_HW)
        hsv_HWC = np.asarray(coarse.convert("HSV"), dtype=np.float32)
        light_HW, a_HW, b_HW = _lab(np.asarray(coarse))
        return cls(
            lightness_HW=lightness_HW,
            dx_HW=dx_HW,
            dy_HW=dy_HW,
            edge_HW=edge_HW,
            contour_N=np.flatnonzero(edge_HW > CONTOUR),
            lightness_image=Image.fromarray((lightness_HW * 2.55).clip(0, 255).astype(np.uint8)),
            rgb_HWC=np.asarray(coarse, dtype=np.float32),
            hue_HW=hsv_HWC[..., 0] * np.float32(2 * np.pi / 256),
            saturation_HW=hsv_HWC[..., 1] / 255,
            value_HW=hsv_HWC[..., 2] / 255,
            light_HW=light_HW,
            a_HW=a_HW,
            b_HW=b_HW,
            chroma_HW=np.hypot(a_HW, b_HW),
            luma_cb_cr_HWC=np.asarray(coarse.convert("YCbCr"), dtype=np.float32),
            aspect=width / height,
        )

    def contours(self) -> tuple[Plane, Plane, Plane]:
        """dx, dy and edge of the contour pixels only, each of shape (N,)."""
        return tuple(p.ravel()[self.contour_N] for p in (self.dx_HW, self.dy_HW, self.edge_HW))  # type: ignore[return-value]


def _lab(pixels_HWC: NDArray[np.uint8]) -> tuple[Plane, Plane, Plane]:
    """sRGB (uint8) to CIE L*a*b* under D65 (CIE 15:2004)."""
    f_HWC = _compressed(_linear_of_byte()[pixels_HWC] @ _RGB_TO_XYZ.T)
    x_HW, y_HW, z_HW = f_HWC[..., 0], f_HWC[..., 1], f_HWC[..., 2]
    return 116 * y_HW - 16, 500 * (x_HW - y_HW), 200 * (y_HW - z_HW)


def _compressed(xyz: Plane) -> Plane:
    """The cube root of CIE Lab, with its linear part near black."""
    root: Plane = np.where(xyz > 0.008856, np.cbrt(xyz), xyz * np.float32(7.787) + np.float32(16 / 116))
    return root


@lru_cache(maxsize=1)
def _linear_of_byte() -> Plane:
    """The sRGB transfer function for each of the 256 byte values."""
    s = np.arange(256) / 255
    return np.where(s <= 0.04045, s / 12.92, ((s + 0.055) / 1.055) ** 2.4).astype(np.float32)


def grid_means(plane_HW: Plane, rows: int, columns: int) -> NDArray[np.float64]:
    """Mean of each cell of a rows x columns grid over ``plane_HW``, shape (rows, columns)."""
    height, width = plane_HW.shape
    top = np.arange(rows) * height // rows
    left = np.arange(columns) * width // columns
    sums = np.add.reduceat(np.add.reduceat(plane_HW, top, axis=0, dtype=np.float64), left, axis=1)
    tall, wide = np.diff(np.append(top, height)), np.diff(np.append(left, width))
    means: NDArray[np.float64] = sums / np.outer(tall, wide)
    return means


def folded(cells: NDArray[np.float64]) -> NDArray[np.float64]:
    """(rows, 3) cells as (rows, 2): the centre column, then the mean of the outer two, as mirroring keeps mood."""
    return np.stack([cells[:, 1], (cells[:, 0] + cells[:, 2]) / 2], axis=1)


@lru_cache(maxsize=16)  # most pictures of a folder have one of a few shapes
def cell_index(shape: tuple[int, int], rows: int, columns: int) -> NDArray[np.int64]:
    """Number of the grid cell of each pixel, row-major, shape (H, W)."""
    row_H = np.searchsorted(np.arange(1, rows) * shape[0] // rows, np.arange(shape[0]), side="right")
    column_W = np.searchsorted(np.arange(1, columns) * shape[1] // columns, np.arange(shape[1]), side="right")
    return (row_H[:, None] * columns + column_W[None, :]).astype(np.int64)
