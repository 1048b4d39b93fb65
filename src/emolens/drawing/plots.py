"""Pictures of what was predicted."""

import os
import re
from collections.abc import Callable, Sequence
from pathlib import Path

from emolens.drawing.labels import draw_labels
from emolens.drawing.picture import draw_picture
from emolens.drawing.plane import draw_plane
from emolens.drawing.timeline import draw_timeline
from emolens.errors import ConfigError
from emolens.inference.attention import AttentionMap
from emolens.inference.prediction import Prediction
from emolens.inference.results import by_input
from emolens.inference.timeline import Timeline
from emolens.taxonomy import get_label_space


def write_plots(
    predictions: Sequence[Prediction],
    directory: str | os.PathLike[str],
    limit: int = 50,
    explain: Callable[[str], AttentionMap] | None = None,
    timeline: Timeline | None = None,
) -> list[Path]:
    """Draw annotated pictures and timelines, the valence-arousal plane and the label histogram.

    Args:
        predictions: rows as ``predict`` gives them. Rows with status ``error`` are left out, as are drawings for
            which nothing is known (no plane without valence and arousal, no histogram without labels).
        directory: where to write ``pictures/NNNN_NAME.png`` (a video without a timeline is its middle frame),
            ``timelines/NNNN_NAME.png``, ``valence_arousal.png`` and ``labels.png``, in which each file counts once;
            made if it is not there.
        limit: at most so many annotated pictures, and so many timelines, the first ones; 0 for none.
        explain: gives the attention map of a picture file, drawn over it
            (:class:`emolens.inference.attention.Explainer`); None draws none.
        timeline: the lengths of the timelines, for their captions.

    Returns:
        The paths of the PNG files that were written.

    Raises:
        ConfigError: a negative limit, or ``directory`` is a file.
        DataError: the disk is full, or the place cannot be written.
    """
    folder = Path(directory)
    if limit < 0:
        raise ConfigError(f"the number of annotated pictures must be 0 or more, not {limit}")
    if folder.exists() and not folder.is_dir():
        raise ConfigError(f"{folder}: is a file; plots need a folder")
    groups = by_input(predictions)
    known = [rows[0] for rows in groups if rows[0].answered]
    polarity_of = polarities(known)
    written: list[Path] = []
    pictures = [rows[0] for rows in groups if rows[0].answered and rows[0].media != "audio" and len(rows) == 1]
    for number, row in enumerate(pictures[:limit], start=1):
        path = folder / "pictures" / f"{number:04d}_{safe_name(Path(row.source).stem)}.png"
        written += draw_picture(row, polarity_of, path, explain)
    followed = [rows for rows in groups if rows[0].answered and len(rows) > 1]
    for number, (whole, *windows) in enumerate(followed[:limit], start=1):
        path = folder / "timelines" / f"{number:04d}_{safe_name(Path(whole.source).stem)}.png"
        written += draw_timeline(whole, windows, polarity_of, path, timeline)
    written += draw_plane(known, folder / "valence_arousal.png")
    written += draw_labels(known, polarity_of, len(groups) - len(known), folder / "labels.png")
    return written


def safe_name(stem: str) -> str:
    """A file name from any other: letters, digits, ``-`` and ``_``, at most 60 of them."""
    return re.sub(r"[^\w-]+", "_", stem)[:60].strip("_") or "picture"


def polarities(rows: Sequence[Prediction]) -> dict[str, str]:
    """Label -> polarity, from the label spaces, or from the rows where a space is of the data set's own."""
    found = {row.label: row.polarity for row in rows if row.label and row.polarity}
    for name in sorted({row.label_space for row in rows if row.label_space}):
        try:
            space = get_label_space(name)
        except ConfigError:
            continue
        found.update(zip(space.labels, space.polarity, strict=True))
    return found
