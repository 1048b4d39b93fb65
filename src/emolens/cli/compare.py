"""``emolens compare``: models x data sets, beside the baselines."""

import shlex
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated

import tyro

from emolens.cli.options import By, Compute, ComputeOptions, PersonOptions


@dataclass(frozen=True)
class CompareOptions:
    """Score models x data sets, beside the baselines every claim needs: majority, mini, zero-shot, linear probe."""

    models: tuple[str, ...]
    """One or more: run:DIR, zeroshot:ARCH/TAG_OR_PATH, hub:USER/REPO, keras:FILE@BACKBONE, mini, or knn:BACKBONE (its
    neighbours are the split "train" of each manifest)."""
    data: tuple[Path, ...]
    """The manifests (.parquet or .csv); one or more."""
    out: Path
    """Folder for metrics.json, predictions.parquet and report.html."""
    split: str = "test"
    """Which rows are scored, "all" for every row; the baselines are fitted on "train" and "val"."""
    by: By = ()
    """Columns whose values are measured one by one, such as --by domain --by source; domain and platform by default."""
    seed: int = 0
    """Of the bootstrap."""
    cache: Path | None = None
    """Folder of the embeddings, shared by all models; the user's cache if not given."""
    reported: Path | None = None
    """TOML file of [[reported]] numbers from publications (name, metric, value, source, split), shown apart."""
    persons: Annotated[PersonOptions, tyro.conf.arg(name="")] = field(default_factory=PersonOptions)
    compute: Compute = field(default_factory=ComputeOptions)


def main(args: list[str]) -> int:
    """Run the verb; the exit code."""
    options = tyro.cli(CompareOptions, args=args, prog="emolens compare")
    from emolens.compute import ComputeConfig
    from emolens.evaluation.compare import compare
    from emolens.evaluation.report.by_value import comparison_by_value
    from emolens.evaluation.report.page import NO_PROTOCOL
    from emolens.evaluation.report.terminal import by_value_table, comparison_tables, print_table
    from emolens.people.finder import NOBODY

    comparison = compare(
        options.models,
        options.data,
        options.out,
        split=None if options.split == "all" else options.split,
        batch_size=options.compute.batch_size,
        seed=options.seed,
        by=options.by or None,
        who=options.persons.who,
        people=options.persons.finder(NOBODY),
        compute=ComputeConfig(options.compute.device, options.compute.precision, options.compute.workers),
        cache=options.cache,
        reported=options.reported,
        command=shlex.join(["emolens", "compare", *args]),
    )
    for table in comparison_tables(comparison):
        print_table(table)
    for view in comparison_by_value(comparison):
        print_table(by_value_table(view))
    for data, use in comparison.protocols.items():
        print(f"{data}: {f'protocol {use.words()}' if use else NO_PROTOCOL}")
    for entry in comparison.entries:
        reasons = {cell.not_run for cell in entry.cells.values() if cell.not_run is not None}
        if len(reasons) == 1 and all(cell.not_run for cell in entry.cells.values()):
            print(f"{entry.name} not run: {reasons.pop()}")
    for warning in comparison.warnings:
        print(f"warning: {warning}")
    print(f"report: {options.out / 'report.html'}")
    return 0
