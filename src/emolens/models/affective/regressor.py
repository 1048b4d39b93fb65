"""Valence and arousal from the affective features.

Legend: N pictures, M support pictures, F features, K blocks of features.
"""

import json
from dataclasses import dataclass
from functools import lru_cache
from importlib.resources import as_file, files
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from emolens.errors import WeightsError
from emolens.files import atomic_path
from emolens.models.affective.features import FEATURE_VERSION, block_starts

Kind = Literal["gaussian", "laplacian"]

CLIP = 3.0  # standard deviations: what is farther out says no more than "much"
LEVELS = 127  # int8 codes; one step is 0.024 standard deviations


@dataclass(frozen=True)
class Kernel:
    """Mean over the blocks k of exp(-gamma d_k); d_k is the mean squared (gaussian) or absolute (laplacian) difference.

    Adding the blocks instead of multiplying them lets a picture resemble one in its colours and another in its lines.
    """

    kind: Kind
    gamma: float

    def matrix(self, distance_NMK: NDArray[np.float32]) -> NDArray[np.float64]:
        """Similarity in (0, 1], shape (N, M), from :func:`block_distances` of the same kind."""
        similar_NM: NDArray[np.float64] = np.exp(-self.gamma * distance_NMK).mean(axis=2, dtype=np.float64)
        return similar_NM


@dataclass(frozen=True)
class MiniRegressor:
    """Kernel ridge regression on standardised affective features, one additive kernel for each target.

    Attributes:
        mean_F, scale_F: of the features over the fitting pictures, float32.
        support_MF: the fitting pictures' standardised features, clipped to 3 sd and coded in int8.
        weight_M2, offset_2: dual coefficients and intercepts of valence and arousal, float64.
        kernels: of valence and arousal.
    """

    mean_F: NDArray[np.float32]
    scale_F: NDArray[np.float32]
    support_MF: NDArray[np.int8]
    weight_M2: NDArray[np.float64]
    offset_2: NDArray[np.float64]
    kernels: tuple[Kernel, Kernel]

    def predict(self, feature_NF: NDArray[np.float32]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Valence and arousal of N pictures from :func:`~emolens.models.affective.features.affective_features`.

        Args:
            feature_NF: float32, shape (N, F), as the features come, not standardised.

        Returns:
            valence_N and arousal_N, float64, each of shape (N,), in [-1, 1]; 0 is neutral, or medium.

        Raises:
            ValueError: another number of features.
        """
        if feature_NF.ndim != 2 or feature_NF.shape[1] != len(self.mean_F):
            raise ValueError(f"expected features of shape (N, {len(self.mean_F)}), got {feature_NF.shape}")
        code_NF = encode(feature_NF, self.mean_F, self.scale_F)
        valence_N, arousal_N = (
            np.clip(
                kernel.matrix(block_distances(code_NF, self.support_MF, kernel.kind)) @ self.weight_M2[:, t]
                + self.offset_2[t],
                -1,
                1,
            )
            for t, kernel in enumerate(self.kernels)
        )
        return valence_N, arousal_N

    def save(self, path: str | Path) -> None:
        """Write safetensors, atomically."""
        from safetensors.numpy import save_file

        tensors: dict[str, NDArray[Any]] = {
            "mean": self.mean_F,
            "scale": self.scale_F,
            "support": self.support_MF,
            "weight": self.weight_M2.astype(np.float32),
            "offset": self.offset_2.astype(np.float32),
        }
        about = {
            "features": FEATURE_VERSION,
            "kernels": json.dumps([[k.kind, k.gamma] for k in self.kernels]),
        }
        with atomic_path(path) as temporary:
            save_file(tensors, temporary, metadata=about)

    @classmethod
    def load(cls, path: str | Path) -> "MiniRegressor":
        """Read what :meth:`save` wrote.

        Raises:
            WeightsError: missing, unreadable, or fitted on other features than this version computes.
        """
        from safetensors import SafetensorError, safe_open

        try:
            with safe_open(str(path), framework="numpy") as stored:
                about = stored.metadata() or {}
                tensors = {name: stored.get_tensor(name) for name in stored.keys()}  # noqa: SIM118 - not a dict
            if about.get("features") != FEATURE_VERSION:
                raise WeightsError(
                    f"{path}: fitted on features version {about.get('features')}, this is version {FEATURE_VERSION}; "
                    "fit again with benchmarks/fit_mini.py"
                )
            valence, arousal = (Kernel(kind, gamma) for kind, gamma in json.loads(about["kernels"]))
            return cls(
                tensors["mean"],
                tensors["scale"],
                tensors["support"],
                tensors["weight"].astype(np.float64),
                tensors["offset"].astype(np.float64),
                (valence, arousal),
            )
        except FileNotFoundError as error:
            raise WeightsError(f"{path}: no such file; install emolens again, or run benchmarks/fit_mini.py") from error
        except (OSError, SafetensorError, KeyError, ValueError) as error:
            raise WeightsError(f"{path}: is no file of mini's weights ({error})") from error


def encode(
    feature_NF: NDArray[np.float32], mean_F: NDArray[np.float32], scale_F: NDArray[np.float32]
) -> NDArray[np.int8]:
    """Standardise, clip and round features to the int8 codes that the kernels compare."""
    standard_NF = np.clip((feature_NF - mean_F) / scale_F, -CLIP, CLIP)
    code_NF: NDArray[np.int8] = np.rint(standard_NF * (LEVELS / CLIP)).astype(np.int8)
    return code_NF


def block_distances(code_NF: NDArray[np.int8], support_MF: NDArray[np.int8], kind: Kind) -> NDArray[np.float32]:
    """Mean squared (gaussian) or absolute (laplacian) difference in each block, in standard deviations, (N, M, K)."""
    starts = np.asarray(block_starts())
    width_K = np.diff(np.append(starts, code_NF.shape[1])).astype(np.float32)
    step = np.float32(CLIP / LEVELS)
    standard_MF = support_MF.astype(np.float32) * step
    distance_NMK = np.empty((len(code_NF), len(support_MF), len(starts)), dtype=np.float32)
    for row, code_F in enumerate(code_NF.astype(np.float32) * step):  # all rows at once would take N x M x F
        difference = standard_MF - code_F
        size = np.square(difference, out=difference) if kind == "gaussian" else np.abs(difference, out=difference)
        distance_NMK[row] = np.add.reduceat(size, starts, axis=1) / width_K
    return distance_NMK


@lru_cache(maxsize=1)
def mini_regressor() -> MiniRegressor:
    """The regressor that comes with the package, fitted on OASIS; its quality is in docs/mini.md."""
    with as_file(files("emolens.models.affective") / "weights" / "mini.safetensors") as path:
        return MiniRegressor.load(path)
