"""High dynamic range -> the range of an ordinary screen.

Legend: H height, W width, C colours (red, green, blue).
"""

from typing import Literal

import numpy as np
from numpy.typing import NDArray

WHITE_NITS = 203.0  # diffuse white of HDR programmes (ITU-R BT.2408-7, table 1)
PEAK_NITS = 1000.0  # what becomes full white; also the screen that HLG is made for
KNEE = 0.5  # of diffuse white: what is darker stays as it is

# Linear light, BT.2020 -> BT.709 primaries (ITU-R BT.2087-0, annex 2, inverted).
TO_709_CC = np.array([[1.6605, -0.5876, -0.0728], [-0.1246, 1.1329, -0.0083], [-0.0182, -0.1006, 1.1187]])
LUMA_C = np.array([0.2627, 0.6780, 0.0593])  # BT.2020


def tone_map(signal_HWC: NDArray[np.uint16], transfer: Literal["pq", "hlg"]) -> NDArray[np.uint8]:
    """Show an HDR picture as an ordinary one.

    To linear light (ITU-R BT.2100-2, tables 4 and 5); brightness L, in units of diffuse white, is kept up to ``KNEE``;
    what is above, t, is compressed to t (1 + t / T^2) / (1 + t) with T the peak (Reinhard et al., 2002, equation 4), so
    that diffuse white comes to 75% and the peak to 100%; colours keep their ratios; primaries to BT.709; sRGB curve.
    Good enough to recognise by; it is no grading.

    Args:
        signal_HWC: non-linear RGB with BT.2020 primaries, uint16, full range.
        transfer: "pq" (SMPTE ST 2084) or "hlg" (ARIB STD-B67).

    Returns:
        uint8, sRGB, same shape.
    """
    signal = signal_HWC.astype(np.float32) / 65535.0
    light_HWC = (_pq_nits(signal) if transfer == "pq" else _hlg_nits(signal)) / WHITE_NITS
    luma_HW1 = np.maximum(light_HWC @ LUMA_C, 1e-6)[..., None]
    above_HW1 = np.maximum(luma_HW1 - KNEE, 0.0) / (1 - KNEE)
    peak = (PEAK_NITS / WHITE_NITS - KNEE) / (1 - KNEE)
    rolled_HW1 = above_HW1 * (1 + above_HW1 / peak**2) / (1 + above_HW1)
    mapped_HW1 = np.minimum(luma_HW1, KNEE) + (1 - KNEE) * rolled_HW1
    linear_HWC = np.clip((light_HWC * (mapped_HW1 / luma_HW1)) @ TO_709_CC.T, 0.0, 1.0)
    srgb_HWC = np.where(linear_HWC <= 0.0031308, 12.92 * linear_HWC, 1.055 * linear_HWC ** (1 / 2.4) - 0.055)
    return np.asarray(np.rint(srgb_HWC * 255.0), dtype=np.uint8)


def _pq_nits(signal: NDArray[np.float32]) -> NDArray[np.float64]:
    """BT.2100-2, table 4: the EOTF, in cd/m2."""
    m1, m2 = 2610 / 16384, 2523 / 4096 * 128
    c1, c2, c3 = 3424 / 4096, 2413 / 4096 * 32, 2392 / 4096 * 32
    root = signal.astype(np.float64) ** (1 / m2)
    return np.asarray(10000.0 * (np.maximum(root - c1, 0.0) / (c2 - c3 * root)) ** (1 / m1))


def _hlg_nits(signal: NDArray[np.float32]) -> NDArray[np.float64]:
    """BT.2100-2, table 5: inverse OETF, then the OOTF of a screen of 1000 cd/m2 (gamma 1.2)."""
    a, b, c = 0.17883277, 0.28466892, 0.55991073
    value = signal.astype(np.float64)
    scene = np.where(value <= 0.5, value**2 / 3, (np.exp((value - c) / a) + b) / 12)
    luma = np.maximum(scene @ LUMA_C, 1e-6)[..., None]
    return np.asarray(PEAK_NITS * luma**0.2 * scene)
