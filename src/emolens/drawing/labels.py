"""How often each label was predicted."""

from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path

from emolens.drawing.style import (
    FAINT,
    INK,
    POLARITY_COLOURS,
    counted,
    new_figure,
    plain_axes,
    polarity_colour,
    save_figure,
    write,
)
from emolens.inference.prediction import Prediction

WIDTH = 900  # px
ROW = 46  # px
HEAD, FOOT = 76, 50  # px


def draw_labels(rows: Sequence[Prediction], polarity_of: Mapping[str, str], errors: int, path: Path) -> list[Path]:
    """A bar for each label, coloured by its polarity, in the order of the label space; those never given are empty.

    Args:
        rows: of wholes, each scene and each person.
        errors: rows without a prediction, told below the bars.

    Returns:
        ``[path]``; empty where no row has a label.
    """
    counts = Counter(row.label for row in rows if row.label)
    if not counts:
        return []
    order = dict.fromkeys(label for row in rows for label in (row.scores or {})) | dict.fromkeys(counts)
    labels = [label for label in order if label is not None]
    height = HEAD + ROW * len(labels) + FOOT
    figure = new_figure(WIDTH, height)
    axes = figure.add_axes((0.24, FOOT / height, 0.66, ROW * len(labels) / height))
    plain_axes(axes)
    most, total = max(counts.values()), sum(counts.values())
    for place, label in enumerate(labels):
        axes.barh(place, counts[label], height=0.62, color=polarity_colour(polarity_of.get(label)), linewidth=0)
        write(axes, -0.02 * most, place, label, 9, ha="right", va="center")
        share = f"{counts[label]}   {100 * counts[label] / total:.0f}%" if counts[label] else "0"
        write(axes, counts[label] + 0.015 * most, place, share, 8, color=FAINT, va="center")
    axes.axvline(0, color=INK, linewidth=0.8)
    axes.set_xlim(0, 1.12 * most)
    axes.set_ylim(len(labels) - 0.5, -0.5)
    axes.set_xticks([])
    axes.set_yticks([])
    write(figure, 0.03, 1 - 30 / height, "Predicted labels", 12, fontweight="bold", va="center")
    present = [name for name in POLARITY_COLOURS if name in {polarity_of.get(label) for label in labels}]
    for place, name in enumerate(present):
        x = 0.9 - 0.13 * (len(present) - 1 - place)
        write(figure, x, 1 - 30 / height, f"● {name}", 8, color=POLARITY_COLOURS[name], ha="right", va="center")
    words = counted([row for row in rows if row.label]) + (f"; {errors} without a prediction" if errors else "")
    write(figure, 0.9, 20 / height, words, 8, color=FAINT, ha="right", va="center")
    return [save_figure(figure, path)]
