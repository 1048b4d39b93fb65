"""``emolens data people``: who is in the pictures of a manifest, detected once."""

import time
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import tyro

from emolens.cli.data.command import check_suffix, run
from emolens.errors import ConfigError

REASONS = 3  # failures that the summary names


def people(
    manifest: Annotated[Path, tyro.conf.Positional, tyro.conf.arg(metavar="MANIFEST")],
    out: Path,
    detector: str = "yolox:nano",
    threshold: float = 0.3,
    device: str = "auto",
    batch_size: int = 8,
    cache: Path | None = None,
    plots: Path | None = None,
    replace: bool = False,
) -> int:
    """Add the boxes of persons to a manifest, so that no detector runs while training.

    Adds the columns boxes, box_scores (the most confident first; an empty list where nobody was found, nothing where
    the picture cannot be read), and height and width of the upright picture. Each content is detected once, ever: an
    interrupted run, started again, continues where it stopped.

    Args:
        manifest: of the pictures; stays as it is.
        out: the new manifest.
        detector: yolox:PATH.onnx, or yolox:nano, yolox:tiny, yolox:s of the official release, fetched once.
        threshold: least score of a person, 0.05 to 1.
        device: auto, cpu or cuda.
        batch_size: pictures at once, where the detector's file allows more than one.
        cache: where detections are kept; by default in the user's cache.
        plots: folder for sheets of pictures with their boxes, for a look.
        replace: detect even though the manifest has boxes, and replace them.
    """
    from emolens.data.manifest import Manifest
    from emolens.data.persons import add_persons, picture_rows
    from emolens.drawing.people import SheetTile, draw_sheets
    from emolens.people.finder import PersonFinder

    check_suffix(out)
    finder = PersonFinder(detector, threshold, device, cache)
    if batch_size < 1:
        raise ConfigError(f"--batch-size {batch_size}: must be at least 1")
    read = Manifest.read(manifest)
    if read.has("boxes") and not replace:
        raise ConfigError(f"{manifest}: has boxes already; --replace detects them anew and forgets these")
    row_P = picture_rows(read)
    start = time.perf_counter()
    with_persons, found = add_persons(read, finder, batch_size)
    rate = found.detected / (time.perf_counter() - start)
    with_persons.write(out)

    persons_P = [persons for persons in found.persons if persons is not None]
    known = len(row_P) - found.detected - len(found.errors)
    done = f"{found.detected} detected" + (
        f" ({rate:.1f} images/s, {finder.detector.device})" if found.detected else ""
    )
    print(f"{done}, {known} known, {len(found.errors)} failed")
    for error in list(found.errors.values())[:REASONS]:
        print(f"  {error}")
    if len(found.errors) > REASONS:
        print(f"  and {len(found.errors) - REASONS} more")
    if len(row_P) < len(read):
        print(f"{len(read) - len(row_P)} rows are not pictures and have no boxes")
    with_someone = sum(len(persons) > 0 for persons in persons_P)
    print(f"{out}: {sum(map(len, persons_P))} persons in {with_someone} of {len(persons_P)} pictures")
    if plots is not None:
        paths, ids = read.paths(), read.frame["id"]
        shown = [
            SheetTile(paths[row], str(ids.iloc[row]), persons)
            for row, persons in zip(row_P, found.persons, strict=True)
            if persons is not None
        ]
        for sheet in draw_sheets(shown, plots):
            print(sheet)
    return 3 if len(found.errors) == len(row_P) else 0


def main(args: Sequence[str]) -> int:
    """Run ``emolens data people ARGS`` and return its exit code."""
    return run(people, "people", args)
