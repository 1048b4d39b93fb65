"""emolens predict INPUT... --model MODEL --label-space NAME --out FILE --plots DIR."""

import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated

import tyro

from emolens.cli.options import Compute, ComputeOptions


@dataclass(frozen=True)
class PredictOptions:
    """Which emotion do these pictures evoke? One row a picture; a bad file is a row with status "error"."""

    inputs: tyro.conf.Positional[tuple[str, ...]]
    """Files, folders, patterns, .txt lists of paths, or - for a list on standard input."""
    model: Annotated[str, tyro.conf.arg(aliases=["-m"])] = "auto"
    """zeroshot:ARCH/TAG_OR_PATH, run:DIR, hub:USER/REPO, uniemox:FILE (fine-tuned, with --label-space), mini, or auto:
    zero-shot CLIP if at hand, else mini."""
    label_space: str | None = None
    """Label space of the answers (default: the model's own, or mikels8)."""
    out: Annotated[Path | None, tyro.conf.arg(aliases=["-o"])] = None
    """Table to write: .jsonl, .csv or .parquet (default: JSON lines on standard output)."""
    plots: Path | None = None
    """Folder for pictures with their verdict, a valence-arousal scatter and a histogram of labels."""
    explain: bool = False
    """In the pictures of --plots, show what the answer looks at (fine-tuned vision transformers)."""
    plot_limit: int = 50
    """How many annotated pictures at most."""
    resume: bool = False
    """Go on with an interrupted run of the same --out."""
    compute: Compute = field(default_factory=ComputeOptions)


def main(args: list[str]) -> int:
    options = tyro.cli(PredictOptions, prog="emolens predict", args=args)
    from emolens.errors import ConfigError, DataError
    from emolens.inference.inputs import expand_inputs
    from emolens.inference.journal import Journal
    from emolens.inference.load import load
    from emolens.inference.results import Prediction, Predictions, check_suffix, to_json
    from emolens.progress import progress

    if not options.inputs:
        raise ConfigError("nothing to predict; name files, folders, patterns, or - for a list on standard input")
    if options.explain and options.plots is None:
        raise ConfigError("--explain draws on the pictures of --plots; name that folder too")
    if options.out is not None:
        check_suffix(options.out)  # before the work, not after it
    journal = Journal(options.out, options.resume) if options.out is not None else None
    paths = expand_inputs(options.inputs)
    predictor = load(options.model, options.label_space, options.compute.device, options.compute.precision)
    explain = None
    if options.explain:
        from emolens.inference.attention import Explainer

        explain = Explainer(predictor)
    if predictor.name == "mini":
        print(
            "emolens: mini is a baseline on colour and texture, fit on 675 photographs; for real work name a model, "
            "for instance --model zeroshot:ViT-B-32/openai",
            file=sys.stderr,
        )

    def run(todo: list[Path], keep: "list[Prediction] | None" = None) -> None:
        with progress(f"predict ({predictor.name})", len(todo)) as advance:
            for _, row in predictor.iterate(todo, options.compute.batch_size, options.compute.workers):
                if journal is not None:
                    journal.add(row)
                else:
                    print(to_json(row), flush=True)
                if keep is not None:
                    keep.append(row)
                advance()

    if journal is not None:
        sources = [predictor.source_of(path) for path in paths]
        with journal.open():
            run([path for path, source in zip(paths, sources, strict=True) if source not in journal.done])
        predictions = journal.finish(sources)
        failed = [row for row in predictions if row.status != "ok"]
        print(f"{options.out}: {len(predictions)} rows, {len(failed)} with errors", file=sys.stderr)
    else:
        rows: list[Prediction] = []
        run(paths, rows)
        predictions = Predictions(rows)
        failed = [row for row in predictions if row.status != "ok"]
    for row in failed[:3]:
        print(f"emolens: {row.error}", file=sys.stderr)
    if options.plots is not None:
        from emolens.inference.plots import write_plots

        drawn = write_plots(predictions, options.plots, limit=options.plot_limit, explain=explain)
        print(f"{options.plots}: {len(drawn)} plots", file=sys.stderr)
    if len(failed) == len(predictions):
        raise DataError("not one of the inputs could be read")
    return 0
