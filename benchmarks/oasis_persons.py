"""What the scene tells, and what the person in it: the same recipes on both views of OASIS.

    python benchmarks/oasis_persons.py --oasis ../shared/data/oasis --detector yolox:../shared/models/yolox_nano.onnx \\
        --backbone torchvision:squeezenet1_1/../shared/models/squeezenet1_1_imagenet_features.safetensors

The ratings of OASIS are of the scene. Persons are found by the detector; only pictures with somebody in them count.
Ten folds of whole themes, as in oasis_probe.py: each is the test once, the next chooses, eight train. A probe on frozen
features sees the scene, or the person with context; "both" is the mean of the two answers. Then a tiny transformer is
fine-tuned from random weights on each view, on one split (70/10/20 of the themes), once a seed. Intervals from
resampling whole themes.

Legend: N pictures.
"""

import argparse
import sys
import tempfile
from dataclasses import replace
from pathlib import Path

import numpy as np

from emolens.data.adapter import import_dataset
from emolens.data.manifest import Manifest
from emolens.data.persons import add_persons
from emolens.data.split import split_manifest
from emolens.evaluation.evaluate import evaluate
from emolens.metrics.summary import regression_metrics
from emolens.people.finder import PersonFinder
from emolens.recipes.probe import probe
from emolens.recipes.uniemox_finetune_tiny import uniemox_finetune_tiny
from emolens.training.train import train

TARGETS = ("valence", "arousal")
VIEWS = ("scene", "person")


def answers(run: Path, data: Path, cache: Path) -> dict[str, np.ndarray]:
    """Valence and arousal of the test rows, judged as the run was trained."""
    table = evaluate(f"run:{run}", data, cache=cache).to_pandas()
    return {name: table[name].to_numpy() for name in TARGETS}


def show(title: str, found: dict[str, np.ndarray], manifest: Manifest, row_N: np.ndarray, group_N: np.ndarray) -> None:
    for name in TARGETS:
        r = regression_metrics(found[name], manifest.target(name)[row_N], prefix=name, groups=group_N[row_N])
        r = r[f"{name}/pearson_r"]
        print(f"  {title:<34}{name:<9}r {r.value:.3f} [{r.low:.3f}, {r.high:.3f}]  n = {r.n}")
    sys.stdout.flush()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--oasis", type=Path, required=True)
    parser.add_argument("--detector", required=True)
    parser.add_argument("--backbone", required=True)
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--epochs", type=int, default=20, help="of the fine-tuning; 0 for none")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        work = Path(folder)
        finder = PersonFinder(options.detector, cache=work / "people")
        manifest, _ = add_persons(import_dataset("oasis", options.oasis), finder)
        shown_N = np.array([len(boxes) > 0 for boxes in manifest.frame["boxes"]])
        manifest = replace(manifest, frame=manifest.frame[shown_N].reset_index(drop=True))
        group_N = np.unique(manifest.frame["group"], return_inverse=True)[1]
        print(f"{len(manifest)} of {len(shown_N)} pictures show somebody, {group_N.max() + 1} themes")
        for seed in range(options.seeds):
            folds_of_probe(manifest, group_N, seed, options, work)
        if options.epochs:
            fine_tuned(manifest, group_N, options, work)


def folds_of_probe(manifest: Manifest, group_N: np.ndarray, seed: int, options: argparse.Namespace, work: Path) -> None:
    fold_N = (np.random.default_rng(seed).permutation(group_N.max() + 1) % 10)[group_N]
    found = {view: {name: np.full(len(manifest), np.nan) for name in TARGETS} for view in VIEWS}
    for k in range(10):
        split_N = np.where(fold_N == k, "test", np.where(fold_N == (k + 1) % 10, "val", "train"))
        data = work / f"{seed}-{k}.parquet"
        replace(manifest, frame=manifest.frame.assign(split=split_N)).freeze_splits().write(data)
        for view in VIEWS:
            run = work / f"{view}-{seed}-{k}"
            train(replace(probe(), backbone=options.backbone, view=view), data, run, cache=work / "cache")
            for name, value in answers(run, data, work / "cache").items():
                found[view][name][fold_N == k] = value
    found["both"] = {name: (found["scene"][name] + found["person"][name]) / 2 for name in TARGETS}
    print(f"probe, seed {seed}")
    for view, answer in found.items():
        show(view, answer, manifest, np.arange(len(manifest)), group_N)


def fine_tuned(manifest: Manifest, group_N: np.ndarray, options: argparse.Namespace, work: Path) -> None:
    data = work / "one.parquet"
    one = split_manifest(manifest, {"train": 0.7, "val": 0.1, "test": 0.2}, seed=0)
    one.write(data)
    row_N = np.flatnonzero(one.frame["split"] == "test")
    print(f"uniemox_finetune_tiny from random weights, {options.epochs} epochs")
    for seed in range(options.seeds):
        for view in VIEWS:
            config = uniemox_finetune_tiny()
            trainer = replace(config.trainer, epochs=options.epochs, seed=seed)
            optimizer = replace(config.optimizer, warmup_epochs=min(2, options.epochs - 1))
            run = work / f"vit-{view}-{seed}"
            train(
                replace(config, view=view, targets="valence_arousal", trainer=trainer, optimizer=optimizer), data, run
            )
            show(f"{view}, seed {seed}", answers(run, data, work / "cache"), one, row_N, group_N)


if __name__ == "__main__":
    main()
