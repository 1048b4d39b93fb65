"""``emolens benchmark``: models on the data sets of a suite, in one command."""

import shlex
from dataclasses import dataclass, field
from pathlib import Path

import tyro

from emolens.cli.options import Compute, ComputeOptions


@dataclass(frozen=True)
class BenchmarkOptions:
    """Measure models on the data sets of a suite by its protocols: one page, LaTeX, CSV, JSON. What is finished in
    --out is not computed again as long as nothing that decides it has changed."""

    suite: tyro.conf.Positional[str]
    """uniemox, clip_e, emotions, shared, or a TOML file like those in emolens/evaluation/benchmark/suites."""
    data: Path
    """Folder with a folder for each data set; those that are not there are left out, and said to be."""
    out: Path
    """Folder for report.html, tables.tex, results.csv, metrics.json and the cells."""
    models: tuple[str, ...] = ()
    """What is measured beside the majority baseline: specs as of evaluate; train:RECIPE[@BACKBONE], trained on each
    training split; grid:FILE.toml, an ablation; frozen:FOLDER, the frozen networks of the release of UniEmoX."""
    sets: tuple[str, ...] | None = None
    """Data sets of the suite, where not all are wanted."""
    seeds: int | None = None
    """How many seeds, from 0 on: they deal the splits that are ours, train, and draw shares (default: the suite's)."""
    train_share: tuple[float, ...] = (1.0,)
    """Shares of the training rows, such as 0.01 0.1 1: how much is learned from few labels."""
    fresh: bool = False
    """Compute anew what is in --out."""
    keep_runs: bool = False
    """Leave the folders of trained runs in --out."""
    bootstrap_seed: int = 0
    """Of the bootstrap."""
    cache: Path | None = None
    """Folder of the embeddings, shared by all models; the user's cache if not given."""
    people: str | None = None
    """Who finds the persons where these are judged and a data set has no boxes: yolox:PATH.onnx, yolox:nano, yolox:tiny
    or yolox:s (fetched once)."""
    reported: Path | None = None
    """TOML file of [[reported]] numbers from publications (name, metric, value, source, split), shown apart."""
    compute: Compute = field(default_factory=ComputeOptions)


def main(args: list[str]) -> int:
    """Run the verb; the exit code."""
    options = tyro.cli(BenchmarkOptions, args=args, prog="emolens benchmark")
    from emolens.compute import ComputeConfig
    from emolens.evaluation.benchmark.benchmark import benchmark
    from emolens.evaluation.report.terminal import benchmark_tables, print_table

    result = benchmark(
        options.suite,
        options.data,
        options.models,
        options.out,
        sets=options.sets,
        seeds=options.seeds,
        train_shares=options.train_share,
        fresh=options.fresh,
        keep_runs=options.keep_runs,
        batch_size=options.compute.batch_size,
        bootstrap_seed=options.bootstrap_seed,
        compute=ComputeConfig(options.compute.device, options.compute.precision, options.compute.workers),
        cache=options.cache,
        people=options.people,
        reported=options.reported,
        command=shlex.join(["emolens", "benchmark", *args]),
    )
    for table in benchmark_tables(result):
        print_table(table)
    for name, why in result.absent.items():
        print(f"{name} left out: {why}")
    for row in result.rows:
        if row.not_run is not None:
            print(f"{row.title} not run on {row.data}: {row.not_run}")
    for warning in dict.fromkeys(row.warning for row in result.rows if row.warning is not None):
        print(f"warning: {warning}")
    print(f"report: {options.out / 'report.html'}")
    return 0
