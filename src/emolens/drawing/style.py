"""One look for every drawing of the project: colours, type, plain axes, atomic PNG.

Figures are made with the object interface on the Agg canvas, so no display and no global state is touched.
"""

import warnings
from collections.abc import Iterable, Mapping, Sequence
from functools import cache
from pathlib import Path

import matplotlib
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.patches import Circle
from PIL import ImageFont

from emolens.files import atomic_path
from emolens.inference.prediction import Prediction

# Vermilion and blue of Okabe & Ito (2008), and a grey: told apart under every common colour blindness.
POLARITY_COLOURS: Mapping[str, str] = {"positive": "#D55E00", "neutral": "#8A8F98", "negative": "#0072B2"}
INK = "#22262B"
FAINT = "#6B7280"
LINE = "#D9DCE1"
PAPER = "#FFFFFF"
FONT = "DejaVu Sans"  # comes with matplotlib, so drawings look alike everywhere
DPI = 150


def polarity_colour(polarity: str | None) -> str:
    """The colour of a polarity; what has none is grey."""
    return POLARITY_COLOURS.get(polarity or "neutral", POLARITY_COLOURS["neutral"])


def new_figure(width_px: float, height_px: float) -> Figure:
    """An empty white figure of that many pixels."""
    figure = Figure(figsize=(width_px / DPI, height_px / DPI), dpi=DPI, facecolor=PAPER)
    FigureCanvasAgg(figure)
    return figure


def write(axes: Axes | Figure, x: float, y: float, text: str, size: float = 9, **style: object) -> None:
    """Text in the house type. A ``$`` in a file name is a dollar, not mathematics."""
    options: dict[str, object] = {"color": INK, "fontfamily": FONT, "fontsize": size, "parse_math": False}
    axes.text(x, y, text, **(options | style))  # type: ignore[arg-type]


def counted(rows: Sequence[Prediction]) -> str:
    """How many rows a drawing shows, and of whom."""
    persons = sum(row.person is not None for row in rows)
    return f"n = {len(rows)}" + (f": {len(rows) - persons} scenes, {persons} persons" if persons else "")


@cache
def pillow_font(size: int, bold: bool = False) -> ImageFont.FreeTypeFont:
    """The house type for Pillow, ``size`` in pixels."""
    name = "DejaVuSans-Bold.ttf" if bold else "DejaVuSans.ttf"  # matplotlib brings it
    return ImageFont.truetype(str(Path(matplotlib.get_data_path()) / "fonts" / "ttf" / name), size)


def plain_axes(axes: Axes) -> None:
    """No frame, hair-thin ticks, quiet numbers."""
    for spine in axes.spines.values():
        spine.set_visible(False)
    axes.tick_params(length=0, labelsize=8, labelcolor=FAINT, labelfontfamily=FONT)
    axes.set_facecolor(PAPER)


def circumplex(axes: Axes, words: bool = True) -> None:
    """The empty valence-arousal plane: axes through 0, the unit circle, and a word for each quadrant (Russell 1980)."""
    axes.set_xlim(-1.08, 1.08)
    axes.set_ylim(-1.08, 1.08)
    axes.set_aspect("equal")
    plain_axes(axes)
    axes.axhline(0, color=LINE, linewidth=0.8, zorder=0)
    axes.axvline(0, color=LINE, linewidth=0.8, zorder=0)
    axes.add_patch(Circle((0, 0), 1, fill=False, edgecolor=LINE, linewidth=0.8, zorder=0))
    if words:
        corners: Iterable[tuple[float, float, str, str]] = (
            (1, 1.05, "excited", "right"),
            (-1, 1.05, "distressed", "left"),
            (-1, -1.05, "depressed", "left"),
            (1, -1.05, "content", "right"),
        )
        for x, y, word, side in corners:
            write(axes, x, y, word, 9, color=FAINT, fontstyle="italic", ha=side, va="center")


def save_figure(figure: Figure, path: Path) -> Path:
    """Write a PNG, whole or not at all; letters that the type lacks become boxes, silently."""
    with atomic_path(path) as temporary, warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="Glyph .* missing from")
        figure.savefig(temporary, format="png", dpi=DPI)
    return path
