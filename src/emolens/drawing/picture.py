"""One picture with what was predicted of it: of the scene, and of the persons in it."""

import textwrap
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import NDArray
from PIL import Image

from emolens.drawing.attention import draw_attention
from emolens.drawing.boxes import MOST_TAGS, draw_boxes
from emolens.drawing.entries import draw_entries, entries_height
from emolens.drawing.style import (
    FAINT,
    INK,
    LINE,
    circumplex,
    new_figure,
    polarity_colour,
    save_figure,
    write,
)
from emolens.errors import DataError, MediaError
from emolens.inference.attention import AttentionMap
from emolens.inference.prediction import Prediction
from emolens.inference.video_frames import middle_of, person_alone, picture_of, stills
from emolens.media.image import read_image_and_size
from emolens.media.video import probe
from emolens.people.boxes import Box

WIDTH = 720  # px
TALLEST = 900  # px: a portrait is fitted into this, with paper at its sides
STRIP = 190  # px, the verdict on the scene under the picture
FOOT = 40  # px, the name of the file, where persons are listed above it
PLANE = 158  # px, the circumplex in the strip
BARS = 3
SAME_S = 0.5  # a person's box is drawn on the frame of a video that is shown within this of it


@dataclass(frozen=True)
class _Shown:
    """What is drawn of a file.

    Attributes:
        image_HWC: uint8 RGB.
        size: height and width of the whole picture, which boxes are in pixels of.
        time_s: of the frame, in a video.
    """

    image_HWC: NDArray[np.uint8]
    size: tuple[int, int]
    time_s: float | None = None


def draw_picture(
    rows: Sequence[Prediction],
    polarity_of: Mapping[str, str],
    path: Path,
    explain: Callable[[str], AttentionMap] | None = None,
) -> list[Path]:
    """The picture, or the middle frame of a video, and under it the verdicts.

    Of the scene: top label, three most probable labels, point in the valence-arousal plane. Of persons: numbered boxes
    on the picture, and a list below. With ``explain``, what the answer on the scene looks at is yellow, what it looks
    past dark, and what the model never saw pale.

    Args:
        rows: of one file, whole: of the scene, of persons, or of both.
        polarity_of: label -> polarity.
        path: the PNG file to write.
        explain: gives the attention map of a picture file.

    Returns:
        ``[path]``; empty where the picture can no longer be read.
    """
    scene = next((row for row in rows if row.person is None), None)
    persons = [row for row in rows if row.person is not None]
    try:
        shown = _shown(scene or persons[0], whole=bool(persons))
        attention = (
            explain(scene.source) if explain is not None and scene is not None and scene.media == "image" else None
        )
    except MediaError:
        return []
    picture = Image.fromarray(shown.image_HWC)
    scale = min(WIDTH / picture.width, TALLEST / picture.height)
    size = (max(1, round(picture.width * scale)), max(1, round(picture.height * scale)))
    picture = picture.resize(size, Image.Resampling.LANCZOS, reducing_gap=3.0)
    if persons:
        here = [row for row in persons if shown.time_s is None or abs(middle_of(row) - shown.time_s) <= SAME_S]
        draw_boxes(picture, here, [_scaled(row, shown.size, size) for row in here], polarity_of)
    listed = entries_height(len(persons)) + FOOT if persons else 0
    strip = STRIP if scene is not None else 16
    height = size[1] + strip + listed
    figure = new_figure(WIDTH, height)
    below = (strip + listed) / height
    axes = figure.add_axes(((WIDTH - size[0]) / 2 / WIDTH, below, size[0] / WIDTH, size[1] / height))
    axes.imshow(picture, aspect="auto", interpolation="nearest")
    if attention is not None:
        draw_attention(axes, attention, *size)
    axes.set_axis_off()
    if scene is not None:
        _strip(figure, scene, persons, polarity_of, listed, height)
    if persons:
        faces = [_face(row, shown) for row in persons[:MOST_TAGS]]
        draw_entries(figure, persons, faces, polarity_of, listed, (WIDTH, height))
    name = textwrap.shorten(Path(rows[0].source).name, 38, placeholder="...")
    if scene is not None and scene.status == "no_person":
        name += "  ·  nobody was found; this is of the scene"
    write(figure, 24 / WIDTH, 22 / height, name, 7.5, color=FAINT, va="center")
    return [save_figure(figure, path)]


def _shown(row: Prediction, whole: bool) -> _Shown:
    """The picture that a row is of, or its middle frame.

    Args:
        whole: in full size, for persons to be cut from it.

    Raises:
        MediaError: it cannot be read, or there is nothing to see.
    """
    if row.media == "image":
        return _Shown(*read_image_and_size(row.source, None if whole else WIDTH // 2))
    time_s = middle_of(row)
    found = stills(Path(row.source), [time_s], WIDTH)
    if not found:
        raise MediaError(f"{row.source}: has no picture to show")
    info = probe(Path(row.source))
    return _Shown(found[0], (info.height, info.width), time_s)


def _scaled(row: Prediction, whole: tuple[int, int], drawn: tuple[int, int]) -> Box:
    """A person's box in the picture as it is drawn; ``whole`` is height and width, ``drawn`` width and height."""
    left, top, right, bottom = row.box or (0, 0, 0, 0)
    x, y = drawn[0] / whole[1], drawn[1] / whole[0]
    right, bottom = min(right * x, drawn[0] - 1), min(bottom * y, drawn[1] - 1)
    return min(left * x, right), min(top * y, bottom), right, bottom


def _face(row: Prediction, shown: _Shown) -> NDArray[np.uint8] | None:
    """What is in the person's box; None where that is gone."""
    try:
        if shown.time_s is None and row.box is not None:
            return person_alone(shown.image_HWC, row.box, row.source)
        return picture_of(row, WIDTH)
    except DataError:
        return None


def _strip(
    figure: Figure,
    row: Prediction,
    persons: Sequence[Prediction],
    polarity_of: Mapping[str, str],
    bottom: int,
    height: int,
) -> None:
    """The verdict on the scene, ``bottom`` pixels above the lower edge; the persons are smaller points beside its."""

    def across(px: float) -> float:
        return px / WIDTH

    def up(px: float) -> float:
        return (bottom + px) / height

    top = max(row.scores.items(), key=lambda item: item[1]) if row.scores else None
    label = row.label or (top[0] if top else None)
    if label is not None:
        colour = polarity_colour(row.polarity or polarity_of.get(label))
        write(figure, across(24), up(STRIP - 34), label, 17, color=colour, va="center", fontweight="bold")
    if row.scores:
        draw = figure.add_axes((across(24), up(46), across(400), (STRIP - 46 - 62) / height))
        best = sorted(row.scores.items(), key=lambda item: -item[1])[:BARS]
        for place, (word, score) in enumerate(best):
            draw.barh(place, 1, height=0.52, color=LINE, alpha=0.45, linewidth=0)
            draw.barh(
                place, min(max(score, 0), 1), height=0.52, color=polarity_colour(polarity_of.get(word)), linewidth=0
            )
            write(draw, -0.03, place, word, 9, ha="right", va="center")
            write(draw, 1.03, place, f"{100 * score:.0f}%", 9, color=FAINT, va="center")
        draw.set_xlim(-0.56, 1.2)
        draw.set_ylim(BARS - 0.5, -0.5)
        draw.set_axis_off()
    if row.valence is not None and row.arousal is not None:
        plane = figure.add_axes((across(WIDTH - PLANE - 20), up((STRIP - PLANE) / 2), across(PLANE), PLANE / height))
        _plane(plane, row, persons)
        right = across(WIDTH - PLANE - 36)
        for place, (word, value) in enumerate((("valence", row.valence), ("arousal", row.arousal))):
            middle = STRIP / 2 + 34 - 68 * place
            write(figure, right, up(middle + 11), f"{value:+.2f}", 11, ha="right", va="center")
            write(figure, right, up(middle - 13), word, 7.5, color=FAINT, ha="right", va="center")


def _plane(plane: Axes, row: Prediction, persons: Sequence[Prediction]) -> None:
    circumplex(plane, words=False)
    plane.set_xticks([])
    plane.set_yticks([])
    for person in persons:
        if person.valence is not None and person.arousal is not None:
            colour = polarity_colour(person.polarity)
            plane.plot(person.valence, person.arousal, "o", color=colour, markersize=3.5, alpha=0.75, markeredgewidth=0)
    if row.valence is not None and row.arousal is not None:
        plane.plot(row.valence, row.arousal, "o", color=INK, markersize=6, markeredgecolor="white", markeredgewidth=1.2)
