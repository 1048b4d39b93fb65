"""``emolens evaluate``: one model on one data set."""

import shlex
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated

import tyro

from emolens.cli.options import By, Compute, ComputeOptions, PersonOptions


@dataclass(frozen=True)
class EvaluateOptions:
    """Score one model on one split, with intervals and a report."""

    model: tyro.conf.Positional[str]
    """run:DIR, zeroshot:ARCH/TAG_OR_PATH, hub:USER/REPO, uniemox:FILE (fine-tuned, with --label-space),
    keras:FILE@BACKBONE, mini, or knn:BACKBONE: the nearest neighbours of a frozen backbone in the split "train" of the
    manifest, or of another one (knn:uniemox:RUN, knn:mini@other.parquet)."""
    data: Path
    """The manifest (.parquet or .csv)."""
    out: Path
    """Folder for metrics.json, predictions.parquet and report.html."""
    split: str = "test"
    """Which rows; "all" for every row."""
    robustness: bool = False
    """Of videos: measure also without sound, without pictures, with fewer frames and in noise."""
    by: By = ()
    """Columns whose values are measured one by one, such as --by domain --by source; domain and platform by default."""
    label_space: str | None = None
    """What the classes of a published checkpoint (uniemox:FILE) mean; other models know."""
    seed: int = 0
    """Of the bootstrap."""
    cache: Path | None = None
    """Folder of the embeddings, read from and added to; the user's cache if not given."""
    persons: Annotated[PersonOptions, tyro.conf.arg(name="")] = field(default_factory=PersonOptions)
    compute: Compute = field(default_factory=ComputeOptions)


def main(args: list[str]) -> int:
    """Run the verb; the exit code."""
    options = tyro.cli(EvaluateOptions, args=args, prog="emolens evaluate")
    from emolens.compute import ComputeConfig
    from emolens.evaluation.evaluate import evaluate
    from emolens.evaluation.report.by_value import evaluation_by_value
    from emolens.evaluation.report.page import NO_PROTOCOL
    from emolens.evaluation.report.terminal import by_value_table, evaluation_table, perturbations_table, print_table
    from emolens.people.finder import NOBODY

    evaluation = evaluate(
        options.model,
        options.data,
        split=None if options.split == "all" else options.split,
        out=options.out,
        batch_size=options.compute.batch_size,
        seed=options.seed,
        robustness=options.robustness,
        by=options.by or None,
        label_space=options.label_space,
        who=options.persons.who,
        people=options.persons.finder(NOBODY),
        compute=ComputeConfig(options.compute.device, options.compute.precision, options.compute.workers),
        cache=options.cache,
        command=shlex.join(["emolens", "evaluate", *args]),
    )
    measured = evaluation.measured
    print_table(evaluation_table(evaluation))
    for title, parts in (
        ("view", evaluation.views),
        ("modality", evaluation.modalities),
        ("condition", evaluation.robustness),
    ):
        if parts:
            print_table(perturbations_table(title, parts))
    for view in evaluation_by_value(measured):
        print_table(by_value_table(view))
    print(f"protocol: {evaluation.protocol.words()}" if evaluation.protocol else NO_PROTOCOL)
    shown = "shown the person of each row, " if evaluation.answers.view == "person" else ""
    counts = ", ".join([f"{measured.n_failed} failed", *measured.partial.words()])
    print(f"{shown}{measured.n_scored} of {measured.n_total} rows scored, {counts}")
    for warning in evaluation.warnings:
        print(f"warning: {warning}")
    print(f"report: {options.out / 'report.html'}")
    return 0
