"""Pictures of what was predicted."""

import os
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from emolens.drawing.boxes import MOST_TAGS
from emolens.drawing.labels import draw_labels
from emolens.drawing.picture import draw_picture
from emolens.drawing.plane import draw_plane
from emolens.drawing.timeline import draw_timeline
from emolens.errors import ConfigError
from emolens.inference.attention import AttentionMap
from emolens.inference.prediction import Prediction, by_person
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
            ``timelines/NNNN_NAME.png`` (of a person ``NNNN_NAME_person1.png``), ``valence_arousal.png`` and
            ``labels.png``, in which each scene and each person counts once; made if it is not there.
        limit: at most so many annotated pictures, and timelines of so many files, the first ones; 0 for none.
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
    groups = [_Drawn.of(rows) for rows in by_input(predictions)]
    wholes = [part[0] for drawn in groups for part in drawn.parts]
    known = [row for row in wholes if row.answered]
    polarity_of = polarities(known)
    written: list[Path] = []
    pictures = [drawn for drawn in groups if drawn.still]
    for number, drawn in enumerate(pictures[:limit], start=1):
        path = folder / "pictures" / f"{number:04d}_{drawn.name}.png"
        written += draw_picture(drawn.still, polarity_of, path, explain)
    followed = [drawn for drawn in groups if drawn.followed]
    for number, drawn in enumerate(followed[:limit], start=1):
        for whole, *windows in drawn.followed:
            who = "" if whole.person is None else f"_person{whole.person}"
            path = folder / "timelines" / f"{number:04d}_{drawn.name}{who}.png"
            written += draw_timeline(whole, windows, polarity_of, path, timeline, drawn.end_s)
    written += draw_plane(known, folder / "valence_arousal.png")
    written += draw_labels(known, polarity_of, len(wholes) - len(known), folder / "labels.png")
    return written


@dataclass(frozen=True)
class _Drawn:
    """The rows of one input, by what is drawn of them.

    Attributes:
        parts: of the scene, then of each person; each the whole, then its windows.
        still: the wholes that are shown on one picture, of a photograph or a short video.
        followed: the parts that are shown through time.
    """

    parts: list[list[Prediction]]
    still: list[Prediction]
    followed: list[list[Prediction]]

    @classmethod
    def of(cls, rows: Sequence[Prediction]) -> "_Drawn":
        parts = by_person(rows)
        known = [part for part in parts if part[0].answered]
        followed = [part for part in known if len(part) > 1][: 1 + MOST_TAGS]
        seen = bool(known) and not followed and known[0][0].media != "audio"
        return cls(parts, [part[0] for part in known] if seen else [], followed)

    @property
    def name(self) -> str:
        return safe_name(Path(self.parts[0][0].source).stem)

    @property
    def end_s(self) -> float:
        """Seconds of the latest end."""
        return max(row.end_s or 0.0 for part in self.parts for row in part)


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
