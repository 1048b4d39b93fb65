"""One picture with what was predicted of it."""

import textwrap
from collections.abc import Callable, Mapping
from pathlib import Path

from PIL import Image

from emolens.drawing.attention import draw_attention
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
from emolens.errors import MediaError
from emolens.inference.attention import AttentionMap
from emolens.inference.prediction import Prediction
from emolens.inference.video_frames import picture_of

WIDTH = 720  # px
TALLEST = 900  # px: a portrait is fitted into this, with paper at its sides
STRIP = 190  # px, the caption under the picture
PLANE = 158  # px, the circumplex in the caption
BARS = 3


def draw_picture(
    row: Prediction,
    polarity_of: Mapping[str, str],
    path: Path,
    explain: Callable[[str], AttentionMap] | None = None,
) -> list[Path]:
    """The picture, or the middle frame of a video, and under it a strip: top label, three most probable
    labels, point in the valence-arousal plane.

    With ``explain``, what the answer looks at is yellow, what it looks past dark, and what the model never saw pale.

    Returns:
        ``[path]``; empty where the picture can no longer be read.
    """
    try:
        pixels_HWC = picture_of(row, min_side=WIDTH // 2)
        attention = explain(row.source) if explain is not None and row.media == "image" else None
    except MediaError:
        return []
    picture = Image.fromarray(pixels_HWC)
    scale = min(WIDTH / picture.width, TALLEST / picture.height)
    size = (max(1, round(picture.width * scale)), max(1, round(picture.height * scale)))
    picture = picture.resize(size, Image.Resampling.LANCZOS, reducing_gap=3.0)
    height = size[1] + STRIP
    figure = new_figure(WIDTH, height)
    axes = figure.add_axes(((WIDTH - size[0]) / 2 / WIDTH, STRIP / height, size[0] / WIDTH, size[1] / height))
    axes.imshow(picture, aspect="auto", interpolation="nearest")
    if attention is not None:
        draw_attention(axes, attention, *size)
    axes.set_axis_off()

    def across(px: float) -> float:
        return px / WIDTH

    def up(px: float) -> float:
        return px / height

    top = max(row.scores.items(), key=lambda item: item[1]) if row.scores else None
    label = row.label or (top[0] if top else None)
    name = textwrap.shorten(Path(row.source).name, 38, placeholder="...")
    if label is not None:
        colour = polarity_colour(row.polarity or polarity_of.get(label))
        write(figure, across(24), up(STRIP - 34), label, 17, color=colour, va="center", fontweight="bold")
    if row.scores:
        draw = figure.add_axes((across(24), up(46), across(400), up(STRIP - 46 - 62)))
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
    write(figure, across(24), up(22), name, 7.5, color=FAINT, va="center")
    if row.valence is not None and row.arousal is not None:
        plane = figure.add_axes((across(WIDTH - PLANE - 20), up((STRIP - PLANE) / 2), across(PLANE), up(PLANE)))
        circumplex(plane, words=False)
        plane.set_xticks([])
        plane.set_yticks([])
        plane.plot(row.valence, row.arousal, "o", color=INK, markersize=6, markeredgecolor="white", markeredgewidth=1.2)
        right = across(WIDTH - PLANE - 36)
        for place, (word, value) in enumerate((("valence", row.valence), ("arousal", row.arousal))):
            middle = STRIP / 2 + 34 - 68 * place
            write(figure, right, up(middle + 11), f"{value:+.2f}", 11, ha="right", va="center")
            write(figure, right, up(middle - 13), word, 7.5, color=FAINT, ha="right", va="center")
    return [save_figure(figure, path)]
