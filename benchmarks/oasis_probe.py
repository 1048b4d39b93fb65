"""How good a linear probe is on OASIS, theme-disjoint, beside ridge regression on the same features.

    python benchmarks/oasis_probe.py --oasis ../shared/data/oasis \\
        --backbone torchvision:squeezenet1_1/../shared/models/squeezenet1_1_imagenet_features.safetensors

Ten folds of whole themes. Each fold is the test split once; the next fold is the validation split that chooses the
L2 strength; the rest is for training. The metrics are of the predictions of all test folds together, with
intervals from resampling whole themes, once for each seed of the folds.

Legend: N pictures, K folds.
"""

import argparse
import sys
import tempfile
from dataclasses import replace
from pathlib import Path

import numpy as np
from sklearn.linear_model import RidgeCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from emolens.data.adapter import import_dataset
from emolens.embedding.cache import EmbeddingCache
from emolens.metrics.summary import classification_metrics, regression_metrics
from emolens.models.backbones.load import load_backbone
from emolens.recipes.probe import probe
from emolens.training.train import train

FOLDS = 10
TARGETS = ("valence", "arousal")


def fold_of_group(group_N: np.ndarray, seed: int) -> np.ndarray:
    """Deal whole themes, in a seeded order, to the folds."""
    names, index_N = np.unique(group_N, return_inverse=True)
    return (np.random.default_rng(seed).permutation(len(names)) % FOLDS)[index_N]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--oasis", type=Path, required=True)
    parser.add_argument("--backbone", required=True)
    parser.add_argument("--seeds", type=int, default=3)
    options = parser.parse_args()
    manifest = import_dataset("oasis", options.oasis)
    group_N = manifest.frame["group"].to_numpy()
    _, group_index_N = np.unique(group_N, return_inverse=True)
    space = manifest.space()
    backbone = load_backbone(options.backbone)
    with tempfile.TemporaryDirectory() as folder:
        work = Path(folder)
        embedding_ND = EmbeddingCache(work / "cache", backbone).embed(manifest.paths()).embedding_ND
        target = {name: manifest.target(name) for name in TARGETS}
        for seed in range(options.seeds):
            fold_N = fold_of_group(group_N, seed)
            ours = {name: np.full(len(manifest), np.nan) for name in TARGETS}
            ridge = {name: np.full(len(manifest), np.nan) for name in TARGETS}
            score_NC = np.full((len(manifest), len(space)), np.nan)
            for k in range(FOLDS):
                test_N, val_N = fold_N == k, fold_N == (k + 1) % FOLDS
                split_N = np.where(test_N, "test", np.where(val_N, "val", "train"))
                fold = replace(manifest, frame=manifest.frame.assign(split=split_N)).freeze_splits()
                fold.write(work / f"{seed}-{k}.parquet")
                config = replace(probe(), backbone=options.backbone)
                run = train(config, work / f"{seed}-{k}.parquet", work / f"run-{seed}-{k}", cache=work / "cache")
                rows = np.flatnonzero(test_N)
                predictions = run.load(cache=work / "cache").predict([manifest.paths()[row] for row in rows])
                score_NC[rows] = predictions.score_NC(space)
                for name in TARGETS:
                    ours[name][rows] = predictions.values(name)
                    reference = make_pipeline(StandardScaler(), RidgeCV(alphas=np.logspace(1, 5, 13)))
                    reference.fit(embedding_ND[~test_N], target[name][~test_N])
                    ridge[name][rows] = reference.predict(embedding_ND[test_N])
            print(f"seed {seed}, {FOLDS} folds of themes, n = {len(manifest)}, backbone {options.backbone}")
            for title, predicted in (("emolens probe", ours), ("RidgeCV", ridge)):
                for name in TARGETS:
                    found = regression_metrics(predicted[name], target[name], prefix=name, groups=group_index_N)
                    show(title, found)
            label_N = manifest.label_index()
            known_N = label_N >= 0
            show(
                "emolens probe",
                classification_metrics(score_NC[known_N], label_N[known_N], space, groups=group_index_N[known_N]),
                ("accuracy", "uar"),
            )
            sys.stdout.flush()


def show(title: str, found: dict, names: tuple[str, ...] | None = None) -> None:
    for name, interval in found.items():
        if names is None or name in names:
            shown = f"{interval.value:.3f} [{interval.low:.3f}, {interval.high:.3f}]"
            print(f"  {title:<14}{name:<20}{shown}  n = {interval.n}")


if __name__ == "__main__":
    main()
