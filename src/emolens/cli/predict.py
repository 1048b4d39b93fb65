"""emolens predict INPUT... --model MODEL --label-space NAME --out FILE --plots DIR --render FILE."""

import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import tyro

from emolens.cli.options import Compute, ComputeOptions, PersonOptions

if TYPE_CHECKING:
    from emolens.inference.timeline import Timeline

# --timeline and --no-timeline are three choices: yes, no, and by the length.
Alone = Annotated[bool, tyro.conf.FlagCreatePairsOff]


@dataclass(frozen=True)
class TimelineOptions:
    """How a video is followed through time."""

    timeline: Alone = False
    """Rows for the windows of every video and sound file (default: of those over 10 seconds)."""
    no_timeline: Alone = False
    """One row a file."""
    window: float = 4.0
    """Length of a window, in seconds."""
    hop: float = 2.0
    """From the start of a window to the start of the next, in seconds."""
    smooth: float = 4.0
    """Width of the Hann window that smooths over neighbouring windows, at half its height, in seconds; 0 for none."""

    def lengths(self) -> "Timeline":
        from emolens.errors import ConfigError
        from emolens.inference.timeline import Timeline

        if self.timeline and self.no_timeline:
            raise ConfigError("--timeline and --no-timeline: choose one, or neither for videos over 10 seconds")
        wanted = True if self.timeline else False if self.no_timeline else None
        return Timeline(self.window, self.hop, self.smooth, wanted)


@dataclass(frozen=True)
class PredictOptions:
    """Which emotion do these pictures and videos evoke? One row a file, rows for the windows of long videos, and, where
    asked for, rows for each person; a bad file is a row with status "error"."""

    inputs: tyro.conf.Positional[tuple[str, ...]]
    """Files, folders, patterns, .txt lists of paths, or - for a list on standard input."""
    model: Annotated[str, tyro.conf.arg(aliases=["-m"])] = "auto"
    """zeroshot:ARCH/TAG_OR_PATH, run:DIR, hub:USER/REPO, uniemox:FILE (fine-tuned, with --label-space),
    keras:FILE@BACKBONE, knn:BACKBONE@MANIFEST, mini, or auto: zero-shot CLIP if its weights are there or can be
    downloaded, else mini."""
    label_space: str | None = None
    """Label space of the answers (default: the model's own, or mikels8)."""
    out: Annotated[Path | None, tyro.conf.arg(aliases=["-o"])] = None
    """Table to write: .jsonl, .csv or .parquet (default: JSON lines on standard output)."""
    follow: Annotated[TimelineOptions, tyro.conf.arg(name="")] = field(default_factory=TimelineOptions)
    persons: Annotated[PersonOptions, tyro.conf.arg(name="")] = field(default_factory=PersonOptions)
    plots: Path | None = None
    """Folder for pictures with their prediction, timelines, a valence-arousal scatter and a histogram of labels."""
    explain: bool = False
    """In the pictures of --plots, show what the answer looks at (fine-tuned vision transformers)."""
    plot_limit: int = 50
    """How many annotated pictures, and how many timelines, at most."""
    render: Path | None = None
    """Video to write with the prediction on it (.mp4, .mov or .mkv) for one input video, or a folder for several."""
    resume: bool = False
    """Continue an interrupted run of the same --out."""
    cache: Path | None = None
    """Folder of an embedding cache to read from and add to (default: pictures are embedded anew)."""
    compute: Compute = field(default_factory=ComputeOptions)


def main(args: list[str]) -> int:
    options = tyro.cli(PredictOptions, prog="emolens predict", args=args)
    from emolens.errors import ConfigError, DataError
    from emolens.inference.batch import predict_to_file
    from emolens.inference.inputs import read_inputs
    from emolens.inference.load import load
    from emolens.inference.persons import choose_persons
    from emolens.inference.prediction import to_json
    from emolens.inference.predictor import in_order, rows_to_come
    from emolens.inference.results import by_input, check_suffix
    from emolens.people.finder import DETECTOR, NOBODY
    from emolens.progress import notice, progress

    if not options.inputs:
        raise ConfigError("nothing to predict; name files, folders, patterns, or - for a list on standard input")
    if options.explain and options.plots is None:
        raise ConfigError("--explain draws on the pictures of --plots; name that folder too")
    if options.out is not None:
        check_suffix(options.out)  # before the work, not after it
    timeline, compute = options.follow.lengths(), options.compute
    inputs = read_inputs(options.inputs)
    targets = {}
    if options.render is not None:
        from emolens.drawing.render import render_targets

        targets = render_targets([one.path for one in inputs], options.render)
    if options.out is not None:
        from emolens.inference.journal import Journal

        Journal(options.out, options.resume)  # an interrupted run is found before the weights are read
    predictor = load(
        options.model, options.label_space, compute.device, compute.precision, options.cache, workers=compute.workers
    )
    persons = choose_persons(predictor.config.view, options.persons.who, options.persons.finder(DETECTOR) or NOBODY)
    explain = None
    if options.explain:
        from emolens.inference.attention import Explainer

        explain = Explainer(predictor)
    if predictor.name == "mini":
        notice(
            "emolens: mini is a baseline on colour and texture, fitted on 675 photographs; for real work name a model, "
            "for instance --model zeroshot:ViT-B-32/openai"
        )

    if options.out is not None:
        predictions = predict_to_file(
            predictor, inputs, options.out, options.resume, timeline, compute.batch_size, compute.workers, persons
        )
    else:
        batches = []
        with progress(f"predict ({predictor.name})", rows_to_come(inputs, timeline, persons)) as advance:
            for batch in predictor.stream(inputs, timeline, compute.batch_size, compute.workers, advance, persons):
                print("\n".join(to_json(row) for row in batch[1]), flush=True)
                batches.append(batch)
        predictions = in_order(batches)
    failed = [row for row in predictions if not row.answered]
    if options.out is not None:
        partly = sum(row.answered and row.status not in ("ok", "no_person") for row in predictions)
        nobody = sum(row.status == "no_person" for row in predictions)
        words = f"{options.out}: {len(predictions)} rows, {len(failed)} with errors"
        words += f", {partly} from a part of the file" if partly else ""
        notice(words + (f", {nobody} of the scene, as nobody was found" if nobody else ""))
    for row in failed[:3]:
        print(f"emolens: {row.error}", file=sys.stderr)
    if options.plots is not None:
        from emolens.drawing.plots import write_plots

        drawn = write_plots(predictions, options.plots, options.plot_limit, explain, timeline)
        notice(f"{options.plots}: {len(drawn)} plots")
    if targets:
        from emolens.drawing.render import render_all

        render_all(targets, predictions)
    if not any(rows[0].answered for rows in by_input(predictions)):
        raise DataError("none of the inputs could be read")
    return 0
