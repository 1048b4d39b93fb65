"""Where in the picture the edges are, and which way they run.

Legend: H, W height and width of the resized picture, N contour pixels.
"""

import numpy as np
from numpy.typing import NDArray

from emolens.models.affective.planes import Plane, Planes, cell_index, folded, grid_means

ORIENTATIONS = 8
COARSE = 8  # times smaller, 32 px: the masses of the picture instead of its outlines
EPSILON = 1e-6


def orientation_features(planes: Planes) -> dict[str, float]:
    """Edge strength and orientation on the grid of the rule of thirds at two scales, by name.

    A picture and its mirror image have the same. Sources: the spatial envelope of scenes (Oliva & Torralba
    2001), histograms of oriented gradients (Dalal & Triggs 2005).
    """
    found: dict[str, float] = {}
    edge_HW = planes.edge_HW
    for i, value in enumerate(folded(grid_means(np.log1p(edge_HW), 3, 3)).ravel()):
        found[f"edge_cell_{i // 2}{'cs'[i % 2]}"] = float(value)
    cell_N = cell_index(edge_HW.shape, 3, 3).ravel()[planes.contour_N]
    cells = _orientations(*planes.contours(), cell_N) / edge_HW.size
    whole = cells.sum(axis=(0, 1)) / (cells.sum() + EPSILON)
    found.update({f"orientation_{i}": float(v) for i, v in enumerate(whole[: ORIENTATIONS // 2 + 1])})
    found["orientation_entropy"] = float(-(whole * np.log(whole + EPSILON)).sum())
    found.update(_orientation_cells("fine", 9 * cells))
    coarse_HW = np.asarray(planes.lightness_image.reduce(COARSE), dtype=np.float32) / np.float32(2.55)
    dy_HW, dx_HW = np.gradient(coarse_HW)
    places_HW = cell_index(coarse_HW.shape, 3, 3)
    cells = _orientations(dx_HW.ravel(), dy_HW.ravel(), np.hypot(dx_HW, dy_HW).ravel(), places_HW.ravel())
    found.update(_orientation_cells("coarse", 9 * cells / coarse_HW.size))
    return found


def _orientations(dx_N: Plane, dy_N: Plane, edge_N: Plane, cell_N: NDArray[np.int64]) -> NDArray[np.float64]:
    """Edge strength by cell and orientation, shape (3, 3, ORIENTATIONS), averaged with the mirrored picture's."""
    bin_N = np.floor(np.arctan2(dy_N, dx_N) * np.float32(ORIENTATIONS / np.pi) + np.float32(0.5)).astype(np.int64)
    # a line has no sign: orientations count modulo pi
    sums = np.bincount(cell_N * ORIENTATIONS + bin_N % ORIENTATIONS, weights=edge_N, minlength=9 * ORIENTATIONS)
    cells = sums.reshape(3, 3, ORIENTATIONS)
    both: NDArray[np.float64] = (cells + cells[:, ::-1, -np.arange(ORIENTATIONS)]) / 2
    return both


def _orientation_cells(name: str, cells: NDArray[np.float64]) -> dict[str, float]:
    """Each cell of :func:`_orientations` with its length taken out; only what mirroring does not repeat."""
    half = ORIENTATIONS // 2 + 1
    local = cells / (np.linalg.norm(cells, axis=2, keepdims=True) + 0.5)
    found: dict[str, float] = {}
    for row in range(3):
        found.update({f"orientation_{name}_{row}c_{o}": float(v) for o, v in enumerate(local[row, 1, :half])})
        found.update({f"orientation_{name}_{row}s_{o}": float(v) for o, v in enumerate(local[row, 0])})
    return found
