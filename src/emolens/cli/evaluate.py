"""``emolens evaluate``: one model on one data set."""

import shlex
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import tyro

from emolens.cli.options import Compute, ComputeOptions

if TYPE_CHECKING:
    from emolens.inference.predictor import Predictor


@dataclass(frozen=True)
class EvaluateOptions:
    """Score one model on one split, with intervals and a report."""

    model: tyro.conf.Positional[str]
    """run:DIR, zeroshot:ARCH/TAG_OR_PATH, hub:USER/REPO, uniemox:FILE (fine-tuned, with --label-space) or mini; or
    knn:BACKBONE, the nearest neighbours of a frozen backbone in the split "train" (knn:uniemox:RUN, knn:mini)."""
    data: Path
    """The manifest (.parquet or .csv)."""
    out: Path
    """Folder for metrics.json, predictions.parquet and report.html."""
    split: str = "test"
    """Which rows; "all" for every row."""
    robustness: bool = False
    """Of videos: measure also without sound, without pictures, with fewer frames and in noise."""
    label_space: str | None = None
    """What the classes of a published checkpoint (uniemox:FILE) mean; other models know."""
    neighbours: int = 20
    """Of knn: how many vote."""
    temperature: float = 0.07
    """Of knn: a neighbour's vote weighs exp(cosine / temperature)."""
    seed: int = 0
    """Of the bootstrap."""
    cache: Path | None = None
    """Folder of the embeddings, read from and added to; the user's cache if not given."""
    compute: Compute = field(default_factory=ComputeOptions)


def main(args: list[str]) -> int:
    """Run the verb; the exit code."""
    options = tyro.cli(EvaluateOptions, args=args, prog="emolens evaluate")
    from emolens.data.manifest import Manifest
    from emolens.evaluation.evaluate import evaluate
    from emolens.evaluation.report.terminal import evaluation_table, perturbations_table, print_table
    from emolens.files import user_cache
    from emolens.inference.load import load

    manifest = Manifest.read(options.data)
    split = None if options.split == "all" else options.split
    manifest.select(split)  # a wrong split costs no loading of weights
    cache = options.cache or user_cache() / "embeddings"
    if options.model.startswith("knn:"):
        from emolens.compute import ComputeConfig
        from emolens.evaluation.baselines.knn import KnnConfig, knn_predictor
        from emolens.models.backbones.load import load_backbone

        predictor: Predictor = knn_predictor(
            load_backbone(
                options.model.removeprefix("knn:"), ComputeConfig(options.compute.device, options.compute.precision)
            ),
            manifest,
            KnnConfig(options.neighbours, options.temperature),
            cache,
            options.compute.batch_size,
            options.compute.workers,
        )
    else:
        predictor = load(options.model, options.label_space, options.compute.device, options.compute.precision, cache)
    evaluation = evaluate(
        predictor,
        manifest,
        split=split,
        out=options.out,
        batch_size=options.compute.batch_size,
        workers=options.compute.workers,
        seed=options.seed,
        command=shlex.join(["emolens", "evaluate", *args]),
        robustness=options.robustness,
    )
    measured = evaluation.measured
    print_table(evaluation_table(evaluation))
    for title, parts in (("modality", evaluation.modalities), ("condition", evaluation.robustness)):
        if parts:
            print_table(perturbations_table(title, parts))
    counts = ", ".join([f"{measured.n_failed} failed", *measured.limits.words()])
    print(f"{measured.n_scored} of {measured.n_total} rows scored, {counts}")
    for warning in evaluation.warnings:
        print(f"warning: {warning}")
    print(f"report: {options.out / 'report.html'}")
    return 0
