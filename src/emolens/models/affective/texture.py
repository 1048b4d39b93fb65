"""Texture, as affective image analysis describes it.

Legend: H, W height and width of the resized picture, L grey levels, N contour pixels.
"""

from functools import lru_cache

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from emolens.models.affective.planes import Plane, Planes

GREY_LEVELS = 16  # of the co-occurrence matrix: 256 levels leave it nearly empty on 50,000 pixels
SPECTRUM_SIDE = 128  # px
STRONG_EDGE = 6.0  # L* per pixel: an outline, not grain
EPSILON = 1e-6


def texture_features(planes: Planes) -> dict[str, float]:
    """Statistics of texture, by name.

    Sources: coarseness, contrast and directionality (Tamura, Mori & Yamawaki 1978; histogram sharpness taken
    as circular concentration); grey-level co-occurrence (Haralick 1973: contrast, correlation, energy,
    homogeneity) and wavelet energies of hue, saturation and lightness on three levels (Datta et al. 2006,
    f10-f21; Haar here) as in Machajdik & Hanbury 2010; slope of the amplitude spectrum (Field 1987; Torralba
    & Oliva 2003); edge density; local binary patterns (Ojala, Pietikainen & Maenpaa 2002).
    """
    found = _tamura(planes)
    found.update(_co_occurrence("lightness", planes.lightness_HW / 100))
    found.update(_co_occurrence("saturation", planes.saturation_HW))
    found.update(_wavelets(planes))
    found.update(_spectrum(planes))
    found.update(_edges(planes))
    found.update(_binary_patterns(planes))
    return found


def _tamura(planes: Planes) -> dict[str, float]:
    grey_HW = np.asarray(planes.lightness_image.reduce(2), dtype=np.float32) / 255
    deviation = float(grey_HW.std())
    centred_HW = grey_HW - grey_HW.mean()
    centred_HW *= centred_HW
    kurtosis = float((centred_HW * centred_HW).mean()) / (deviation**4 + 1e-8)
    dx_N, dy_N, edge_N = planes.contours()
    amount = float(edge_N.sum()) + EPSILON
    # cos(2 theta) and sin(2 theta) from the gradient itself, without an arctangent
    cosine = float(((dx_N * dx_N - dy_N * dy_N) / (edge_N + EPSILON)).sum()) / amount
    sine = float((2 * dx_N * dy_N / (edge_N + EPSILON)).sum()) / amount
    return {
        "tamura_coarseness": _coarseness(grey_HW),
        "tamura_contrast": deviation / (kurtosis**0.25 + EPSILON),
        "tamura_directionality": float(np.hypot(cosine, sine)),
        "direction_upright": cosine,
        "direction_diagonal": abs(sine),
    }


def _coarseness(grey_HW: Plane) -> float:
    """Mean size 2^k of the window whose neighbours differ most, k = 0..3 (at half of the resized picture)."""
    height, width = grey_HW.shape
    sums = np.zeros((height + 1, width + 1))
    np.cumsum(np.cumsum(grey_HW, axis=0), axis=1, out=sums[1:, 1:])
    best_HW = np.full((height, width), -1, dtype=np.float32)
    size_HW = np.ones((height, width), dtype=np.float32)
    for k in range(4):
        window = 2**k
        if 2 * window >= min(height, width):
            break
        area = sums[window:, window:] - sums[:-window, window:] - sums[window:, :-window] + sums[:-window, :-window]
        mean = (area / window**2).astype(np.float32)
        for difference in (np.abs(mean[:, window:] - mean[:, :-window]), np.abs(mean[window:] - mean[:-window])):
            tall, wide = difference.shape
            better = difference > best_HW[:tall, :wide] + EPSILON
            np.maximum(best_HW[:tall, :wide], difference, out=best_HW[:tall, :wide])
            size_HW[:tall, :wide][better] = window
    return float(size_HW.mean())


def _co_occurrence(name: str, plane_HW: Plane) -> dict[str, float]:
    """Haralick statistics of the symmetric co-occurrence matrix at distance 1, four directions together."""
    level_HW = (plane_HW * GREY_LEVELS).astype(np.int32).clip(0, GREY_LEVELS - 1)
    here = level_HW * GREY_LEVELS
    pairs = (
        here[:, :-1] + level_HW[:, 1:],
        here[:-1] + level_HW[1:],
        here[:-1, :-1] + level_HW[1:, 1:],
        here[:-1, 1:] + level_HW[1:, :-1],
    )
    counts = sum(np.bincount(p.ravel(), minlength=GREY_LEVELS**2) for p in pairs)
    matrix_LL = np.asarray(counts, dtype=np.float64).reshape(GREY_LEVELS, GREY_LEVELS)
    matrix_LL = (matrix_LL + matrix_LL.T) / (2 * matrix_LL.sum())
    i, j = np.indices(matrix_LL.shape)
    mean = float((i * matrix_LL).sum())
    variance = float(((i - mean) ** 2 * matrix_LL).sum())
    return {
        f"glcm_contrast_{name}": float(((i - j) ** 2 * matrix_LL).sum()),
        f"glcm_correlation_{name}": float(((i - mean) * (j - mean) * matrix_LL).sum()) / (variance + EPSILON),
        f"glcm_energy_{name}": float((matrix_LL**2).sum()),
        f"glcm_homogeneity_{name}": float((matrix_LL / (1 + np.abs(i - j))).sum()),
        f"glcm_entropy_{name}": float(-(matrix_LL * np.log(matrix_LL + 1e-12)).sum()),
    }


def haar(plane_HW: Plane) -> tuple[Plane, Plane, Plane, Plane]:
    """One level of the Haar transform: (approximation, horizontal, vertical, diagonal detail), each half as large."""
    even_HW = plane_HW[: plane_HW.shape[0] // 2 * 2, : plane_HW.shape[1] // 2 * 2]
    a, b, c, d = even_HW[::2, ::2], even_HW[::2, 1::2], even_HW[1::2, ::2], even_HW[1::2, 1::2]
    return (a + b + c + d) / 2, (a - b + c - d) / 2, (a + b - c - d) / 2, (a - b - c + d) / 2


def _wavelets(planes: Planes) -> dict[str, float]:
    found: dict[str, float] = {}
    hue_HW = np.cos(planes.hue_HW) * planes.saturation_HW  # a continuous stand-in for the circular hue
    for name, plane_HW in (
        ("hue", hue_HW),
        ("saturation", planes.saturation_HW),
        ("brightness", planes.lightness_HW / 100),
    ):
        total = 0.0
        current = plane_HW
        for level in (1, 2, 3):
            current, *details = haar(current)
            energy = [float(np.abs(d).mean()) for d in details]
            found[f"wavelet_{name}_{level}"] = float(np.log(sum(energy) + 1e-3))
            total += sum(energy)
            if name == "brightness":
                found[f"wavelet_upright_{level}"] = (energy[0] - energy[1]) / (sum(energy) + 1e-3)
                found[f"wavelet_diagonal_{level}"] = energy[2] / (sum(energy) + 1e-3)
        found[f"wavelet_{name}"] = float(np.log(total + 1e-3))
    return found


def _spectrum(planes: Planes) -> dict[str, float]:
    side = SPECTRUM_SIDE
    square = planes.lightness_image.resize((side, side), Image.Resampling.BILINEAR)
    grey_HW = np.asarray(square, dtype=np.float32) / 255
    ring, angle, window_HW, log_radius = _spectrum_layout()
    power = np.abs(np.fft.rfft2((grey_HW - grey_HW.mean()) * window_HW)) ** 2
    rings = np.bincount(ring.ravel(), weights=power.ravel(), minlength=len(log_radius) + 1)[1:]
    amount = np.bincount(ring.ravel(), minlength=len(log_radius) + 1)[1:]
    log_power = np.log(rings / amount + 1e-4)
    slope = float((log_radius * (log_power - log_power.mean())).sum() / (log_radius**2).sum())
    residual = log_power - log_power.mean() - slope * log_radius
    directions = np.bincount(angle.ravel(), weights=power.ravel() * (ring.ravel() > 0), minlength=4)
    directions = directions / (directions.sum() + EPSILON)
    found = {
        "spectral_slope": slope,
        "spectral_residual": float(residual.std()),
        "spectral_power": float(log_power.mean()),
        "spectral_high": float(log_power[-4:].mean() - log_power[:4].mean()),
    }
    found["spectral_upright"] = float(directions[0])  # energy across upright lines
    found["spectral_level"] = float(directions[2])
    return found


@lru_cache(maxsize=1)
def _spectrum_layout() -> tuple[NDArray[np.int64], NDArray[np.int64], Plane, NDArray[np.float64]]:
    """Ring (log-spaced, 0 = outside) and direction (4) of every coefficient, Hann window, centred log radius."""
    side, rings = SPECTRUM_SIDE, 12
    v, u = np.meshgrid(np.fft.fftfreq(side) * side, np.fft.rfftfreq(side) * side, indexing="ij")
    radius = np.hypot(u, v)
    edges = np.geomspace(2, side / 2, rings + 1)
    ring = np.asarray(np.searchsorted(edges, radius, side="right"), dtype=np.int64)
    ring[(radius < edges[0]) | (radius >= edges[-1])] = 0
    angle = np.round(np.arctan2(v, u) / (np.pi / 4)).astype(np.int64) % 4
    window = np.outer(np.hanning(side), np.hanning(side)).astype(np.float32)
    centre = np.log(np.sqrt(edges[:-1] * edges[1:]))
    return ring, angle, window, centre - np.float64(centre.mean())


def _edges(planes: Planes) -> dict[str, float]:
    return {
        "edge_density": float((planes.edge_HW > STRONG_EDGE).mean()),
        "edge_mean": float(planes.edge_HW.mean()),
        "edge_sd": float(planes.edge_HW.std()),
    }


def _binary_patterns(planes: Planes) -> dict[str, float]:
    """Local binary patterns: how many of the 8 neighbours are brighter where the ring is uniform, else 9."""
    found: dict[str, float] = {}
    for name, reduce in (("fine", 1), ("coarse", 4)):
        picture = planes.lightness_image.reduce(reduce) if reduce > 1 else planes.lightness_image
        grey_HW = np.asarray(picture, dtype=np.int16)
        centre_HW = grey_HW[1:-1, 1:-1] + 2  # under half a step of L* it is noise
        height, width = centre_HW.shape
        ring = [(0, 0), (0, 1), (0, 2), (1, 2), (2, 2), (2, 1), (2, 0), (1, 0)]
        brighter = np.zeros((height, width), dtype=np.uint8)
        for bit, (y, x) in enumerate(ring):
            brighter |= (grey_HW[y : y + height, x : x + width] > centre_HW).view(np.uint8) << bit
        share = np.bincount(_pattern_class()[brighter].ravel(), minlength=10) / brighter.size
        found.update({f"lbp_{name}_{i}": float(v) for i, v in enumerate(np.sqrt(share))})
    return found


@lru_cache(maxsize=1)
def _pattern_class() -> NDArray[np.int64]:
    """Class 0..9 of each of the 256 patterns (Ojala et al. 2002, the rotation-invariant uniform ones)."""
    bits = (np.arange(256)[:, None] >> np.arange(8)) & 1
    changes = (bits != np.roll(bits, 1, axis=1)).sum(axis=1)
    return np.where(changes <= 2, bits.sum(axis=1), 9).astype(np.int64)
