"""Fit the embedded model ``mini`` on OASIS and measure it.

    python benchmarks/fit_mini.py --oasis ../shared/data/oasis --bass ../shared/data/bass \
        --out src/emolens/models/affective/weights/mini.safetensors

Quality is that of ten-fold cross-validation in which the pictures of one theme ("Dog 1", "Dog 2") stay together. In
each fold the kernel and the ridge are chosen by five inner folds, theme-disjoint too, of the training part alone. The
intervals resample themes.

Legend: N pictures, M fitting pictures, F features, 2 targets (valence, arousal).
"""

import argparse
from dataclasses import dataclass
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.model_selection import GroupKFold

from emolens.data.adapter import import_dataset
from emolens.data.manifest import Manifest
from emolens.files import write_json
from emolens.media.image import read_image
from emolens.metrics import regression_metrics
from emolens.models.affective.features import FEATURE_VERSION, affective_features, feature_names
from emolens.models.affective.regressor import Kernel, Kind, MiniRegressor, block_distances, encode
from emolens.models.backbones.mini import MIN_SIDE
from emolens.progress import track

Array = NDArray[np.float64]

TARGETS = ("valence", "arousal")
KINDS: tuple[Kind, ...] = ("gaussian", "laplacian")
KERNELS = [Kernel(kind, gamma) for kind, gamma in product(KINDS, (0.3, 1.0, 3.0))]
RIDGES = 10.0 ** np.arange(-1.5, 2.01, 0.5)  # on kernels whose diagonal is 1
OUTER, INNER, SEEDS = 10, 5, 5


@dataclass(frozen=True)
class Choice:
    """What the inner folds choose for one target."""

    kernel: Kernel
    ridge: float


def features_of(manifest: Manifest, name: str) -> NDArray[np.float32]:
    """Affective features of every picture, shape (N, F)."""
    paths = track(manifest.paths(), f"features of {name}")
    return np.stack([affective_features(read_image(path, min_side=MIN_SIDE)) for path in paths])


def standardisation(feature_NF: NDArray[np.float32]) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Mean and standard deviation of each feature; a constant one is divided by 1."""
    scale_F = feature_NF.std(axis=0)
    return feature_NF.mean(axis=0), np.where(scale_F > 1e-6, scale_F, 1).astype(np.float32)


def ridge_fits(matrix_MM: Array, target_M2: Array, ridges: Array) -> tuple[Array, Array]:
    """Dual coefficients for every ridge, shape (R, M, 2), and the intercepts, shape (2,)."""
    offset_2 = target_M2.mean(axis=0)
    eigen_M, vector_MM = np.linalg.eigh(matrix_MM)
    rotated_M2 = vector_MM.T @ (target_M2 - offset_2)
    shrunk_RM2 = rotated_M2 / (np.maximum(eigen_M, 0) + ridges[:, None])[..., None]
    return vector_MM @ shrunk_RM2, offset_2


def choose(
    feature_NF: NDArray[np.float32], target_N2: Array, group_N: NDArray[Any], seed: int
) -> tuple[Choice, Choice]:
    """The kernel and ridge with the least squared error over theme-disjoint folds, for each target."""
    error = np.zeros((len(KERNELS), len(RIDGES), 2))
    for train, test in GroupKFold(INNER, shuffle=True, random_state=seed).split(feature_NF, groups=group_N):
        mean_F, scale_F = standardisation(feature_NF[train])
        code_NF = encode(feature_NF, mean_F, scale_F)
        distances = {kind: block_distances(code_NF, code_NF[train], kind) for kind in KINDS}
        for k, kernel in enumerate(KERNELS):
            matrix = kernel.matrix(distances[kernel.kind])
            weight_RM2, offset_2 = ridge_fits(matrix[train], target_N2[train], RIDGES)
            predicted_RN2 = matrix[test] @ weight_RM2 + offset_2
            error[k] += ((predicted_RN2 - target_N2[test]) ** 2).sum(axis=1)
    best = [np.unravel_index(error[..., t].argmin(), error.shape[:2]) for t in range(2)]
    valence, arousal = (Choice(KERNELS[k], float(RIDGES[r])) for k, r in best)
    return valence, arousal


def fit(feature_NF: NDArray[np.float32], target_N2: Array, choices: tuple[Choice, Choice]) -> MiniRegressor:
    """The regressor of all given pictures, with the chosen kernels and ridges."""
    mean_F, scale_F = standardisation(feature_NF)
    code_NF = encode(feature_NF, mean_F, scale_F)
    weight_M2, offset_2 = np.empty_like(target_N2), target_N2.mean(axis=0)
    for t, choice in enumerate(choices):
        matrix = choice.kernel.matrix(block_distances(code_NF, code_NF, choice.kernel.kind))
        weight_M2[:, t] = ridge_fits(matrix, target_N2, np.array([choice.ridge]))[0][0, :, t]
    kernels = (choices[0].kernel, choices[1].kernel)
    return MiniRegressor(mean_F, scale_F, code_NF, weight_M2, offset_2, kernels)


def cross_validate(feature_NF: NDArray[np.float32], target_N2: Array, group_N: NDArray[Any], seed: int) -> Array:
    """Out-of-fold predictions, shape (N, 2); the hyperparameters are chosen within each fold's training part."""
    predicted_N2 = np.full_like(target_N2, np.nan)
    folds = GroupKFold(OUTER, shuffle=True, random_state=seed).split(feature_NF, groups=group_N)
    for fold, (train, test) in enumerate(track(list(folds), f"cross-validation, seed {seed}")):
        choices = choose(feature_NF[train], target_N2[train], group_N[train], seed=1000 * (seed + 1) + fold)
        model = fit(feature_NF[train], target_N2[train], choices)
        predicted_N2[test] = np.stack(model.predict(feature_NF[test]), axis=1)
    return predicted_N2


def quality(predicted_N2: Array, target_N2: Array, group_N: NDArray[Any] | None) -> dict[str, Any]:
    """Pearson r, CCC and RMSE of both targets, each with its interval."""
    measured = {}
    for t, target in enumerate(TARGETS):
        measured |= regression_metrics(predicted_N2[:, t], target_N2[:, t], prefix=target, groups=group_N)
    return {name: interval.as_dict() for name, interval in measured.items()}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--oasis", type=Path, required=True, help="folder with OASIS.csv and images/")
    parser.add_argument("--bass", type=Path, help="folder of BASS, to see how the model transfers to silhouettes")
    parser.add_argument("--out", type=Path, required=True, help="weights; a .json with the quality goes beside them")
    options = parser.parse_args()

    manifest = import_dataset("oasis", options.oasis)
    feature_NF = features_of(manifest, "OASIS")
    target_N2 = np.stack([manifest.target(name) for name in TARGETS], axis=1)
    group_N = manifest.frame["group"].to_numpy()

    runs = [cross_validate(feature_NF, target_N2, group_N, seed) for seed in range(SEEDS)]
    measured = [quality(run, target_N2, group_N) for run in runs]
    report: dict[str, Any] = {
        "data": f"OASIS, {len(manifest)} photographs in {len(set(group_N))} themes",
        "features": {"version": FEATURE_VERSION, "count": len(feature_names())},
        "protocol": f"{OUTER}-fold theme-disjoint cross-validation, choices by {INNER} inner theme-disjoint folds",
        "metrics": measured[0],
        "seeds": {
            name: {"mean": float(np.mean(values)), "sd": float(np.std(values, ddof=1)), "n": SEEDS}
            for name in measured[0]
            if (values := [m[name]["value"] for m in measured])
        },
    }
    choices = choose(feature_NF, target_N2, group_N, seed=0)
    model = fit(feature_NF, target_N2, choices)
    report["chosen"] = {
        name: {"kernel": c.kernel.kind, "gamma": c.kernel.gamma, "ridge": c.ridge}
        for name, c in zip(TARGETS, choices, strict=True)
    }
    if options.bass is not None:
        bass = import_dataset("bass", options.bass)
        seen_N2 = np.stack([bass.target(name) for name in TARGETS], axis=1)
        predicted_N2 = np.stack(model.predict(features_of(bass, "BASS")), axis=1)
        report["transfer to BASS"] = quality(predicted_N2, seen_N2, None)
    model.save(options.out)
    write_json(options.out.with_suffix(".json"), report)
    for name, value in report["metrics"].items():
        seeds = report["seeds"][name]
        print(
            f"{name:18s} {value['value']:.3f} [{value['low']:.3f}, {value['high']:.3f}], n = {value['n']}; "
            f"over {SEEDS} seeds of folds {seeds['mean']:.3f} (sd {seeds['sd']:.3f})"
        )
    for name, value in report.get("transfer to BASS", {}).items():
        print(f"to BASS: {name:18s} {value['value']:.3f} [{value['low']:.3f}, {value['high']:.3f}], n = {value['n']}")
    print(f"{options.out}: {options.out.stat().st_size / 1000:.0f} kB")


if __name__ == "__main__":
    main()
