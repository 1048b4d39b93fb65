"""The persons of a picture as a list: face, number, verdict.

Legend: H, W height and width.
"""

from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.figure import Figure
from numpy.typing import NDArray
from PIL import Image

from emolens.drawing.boxes import MOST_TAGS
from emolens.drawing.style import FAINT, INK, LINE, polarity_colour, write
from emolens.inference.prediction import Prediction

COLUMNS = 2
ENTRY = 54  # px from one to the next
FACE = 44  # px, both sides
EDGE = 24  # px at the sides of the figure


def entries_height(count: int) -> int:
    """Pixels that the list of so many persons takes."""
    rows = -(-min(count, MOST_TAGS) // COLUMNS)
    return rows * ENTRY + (ENTRY // 2 if count > MOST_TAGS else 0)


def draw_entries(
    figure: Figure,
    rows: Sequence[Prediction],
    faces: Sequence[NDArray[np.uint8] | None],
    polarity_of: Mapping[str, str],
    top: float,
    size: tuple[float, float],
) -> None:
    """List persons in two columns, the first ``MOST_TAGS`` of them, and how many there are beyond.

    Args:
        rows: of the persons, in their order.
        faces: what is shown of each, uint8 RGB, each (H, W, 3); None for nothing.
        polarity_of: label -> polarity.
        top: of the list, in pixels from the bottom of the figure.
        size: width and height of the figure in pixels.
    """
    width, height = size
    across = (width - 2 * EDGE) / COLUMNS
    shown = rows[:MOST_TAGS]
    down = -(-len(shown) // COLUMNS)
    for turn, (row, face) in enumerate(zip(shown, faces, strict=False)):
        left, middle = EDGE + turn // down * across, top - (turn % down + 0.5) * ENTRY
        colour = polarity_colour(row.polarity or polarity_of.get(row.label or ""))
        if face is not None:
            axes = figure.add_axes((left / width, (middle - FACE / 2) / height, FACE / width, FACE / height))
            axes.imshow(_square(face), aspect="auto", interpolation="antialiased")
            axes.set_xticks([])
            axes.set_yticks([])
            for spine in axes.spines.values():
                spine.set(color=LINE, linewidth=0.6)
        beside = (left + FACE + 38) / width
        number = (left + FACE + 31) / width
        write(figure, number, (middle + 9) / height, str(row.person), 9, color=FAINT, ha="right", va="center")
        name = row.label if row.answered else "no answer"
        score = "" if row.score is None else f"  {100 * row.score:.0f}%"
        if name is not None:
            style = {"color": colour if row.answered else FAINT, "fontweight": "bold"}
            write(figure, beside, (middle + 9) / height, f"{name}{score}", 9.5, va="center", **style)
        values = [(word, getattr(row, word)) for word in ("valence", "arousal")]
        words = ",  ".join(f"{word} {value:+.2f}" for word, value in values if value is not None)
        shade = FAINT if name is not None else INK
        write(figure, beside, (middle - 11) / height, words, 7, color=shade, va="center")
    if len(rows) > len(shown):
        bottom = top - down * ENTRY - ENTRY / 5
        write(figure, EDGE / width, bottom / height, f"and {len(rows) - len(shown)} more", 8, color=FAINT, va="center")


def _square(face_HWC: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """The middle of its upper end, where the head is, twice as fine as it is drawn."""
    side = min(face_HWC.shape[:2])
    left = (face_HWC.shape[1] - side) // 2
    square = Image.fromarray(np.ascontiguousarray(face_HWC[:side, left : left + side]))
    return np.asarray(square.resize((2 * FACE, 2 * FACE), Image.Resampling.BICUBIC, reducing_gap=3.0))
