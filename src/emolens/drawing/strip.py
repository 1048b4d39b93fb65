"""A prediction as a strip to lay over a video.

Legend: H height, W width of the strip.
"""

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw

from emolens.drawing.style import pillow_font, polarity_colour
from emolens.inference.prediction import Prediction

SHARE = 0.2  # of the shorter side of the video
LEAST = 12  # px: below, nothing can be read, but nothing breaks either
BARS = 3
GROUND = (13, 16, 22, 176)  # near black, a good two thirds opaque: white is read on it over any film
WHITE, QUIET, TRACK = (255, 255, 255, 255), (200, 206, 214, 255), (74, 79, 88, 220)
LIGHTER = 0.28  # of white in the colours of polarity, which are made for white paper


def strip_height(width: int, height: int) -> int:
    """Pixels of the strip at the bottom of a video of this size, even."""
    return min(height, max(LEAST, 2 * round(SHARE * min(width, height) / 2)))


def draw_strip(row: Prediction, polarity_of: Mapping[str, str], width: int, height: int) -> NDArray[np.uint8]:
    """Label and probability at the left, bars of the three most probable labels at the right.

    Args:
        row: of the file, or of a window; one without an answer says so.
        width, height: of the strip, in pixels.

    Returns:
        uint8 RGBA, shape (H, W, 4).
    """
    image = Image.new("RGBA", (width, height), GROUND)
    draw = ImageDraw.Draw(image)
    edge = max(2, height // 10)
    scores = sorted((row.scores or {}).items(), key=lambda item: -item[1])[:BARS]
    half = width // 2 if scores else width - edge
    label = row.label if row.answered else "no answer"
    if label is None and row.valence is not None:
        label = f"valence {row.valence:+.2f}" + (f"   arousal {row.arousal:+.2f}" if row.arousal is not None else "")
    draw.rectangle((0, 0, edge // 2, height), fill=_light(polarity_colour(row.polarity)))
    room = half - 3 * edge
    _write(draw, (2 * edge, height * 0.36), label or "", 0.36 * height, room, WHITE, bold=True)
    _write(draw, (2 * edge, height * 0.76), _below(row), 0.19 * height, room, QUIET)
    for place, (name, score) in enumerate(scores):
        middle = height * (place + 0.5) / BARS * 0.84 + 0.08 * height
        thick, size = 0.075 * height, 0.2 * height
        left = half + round(0.42 * (width - half))
        right = max(left, width - round(0.15 * (width - half)) - edge)
        share = min(max(score, 0.0), 1.0)
        colour = _light(polarity_colour(polarity_of.get(name)))
        _write(draw, (left - edge, middle), name, size, left - half - edge, WHITE, anchor="rm")
        draw.rectangle((left, middle - thick, right, middle + thick), fill=TRACK)
        draw.rectangle((left, middle - thick, left + share * (right - left), middle + thick), fill=colour)
        _write(draw, (width - edge, middle), f"{100 * score:.0f}%", size, width - right - edge, QUIET, anchor="rm")
    return np.asarray(image)


def _below(row: Prediction) -> str:
    words = [f"{100 * row.score:.0f}%"] if row.score is not None else []
    if row.valence is not None and row.arousal is not None and row.label is not None:
        words.append(f"valence {row.valence:+.2f}, arousal {row.arousal:+.2f}")
    return "  ·  ".join(words)


def _write(
    draw: ImageDraw.ImageDraw,
    place: tuple[float, float],
    text: str,
    size: float,
    room: float,
    colour: tuple[int, int, int, int],
    bold: bool = False,
    anchor: str = "lm",
) -> None:
    """Text of about ``size`` pixels, smaller where it would not fit into ``room``."""
    wanted = max(6, round(size))
    length = draw.textlength(text, pillow_font(wanted, bold))
    if length > room > 0:
        wanted = max(6, int(wanted * room / length))
    draw.text(place, text, fill=colour, font=pillow_font(wanted, bold), anchor=anchor)


def _light(colour: str) -> tuple[int, int, int, int]:
    red, green, blue = (int(colour[k : k + 2], 16) for k in (1, 3, 5))
    return (*(round(c + (255 - c) * LIGHTER) for c in (red, green, blue)), 255)  # type: ignore[return-value]
