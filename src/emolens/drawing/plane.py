"""All predictions in the valence-arousal plane.

Legend: N points.
"""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from matplotlib.axes import Axes
from matplotlib.lines import Line2D
from matplotlib.offsetbox import AnnotationBbox, OffsetImage
from numpy.typing import NDArray
from PIL import Image

from emolens.drawing.style import (
    DPI,
    FAINT,
    FONT,
    INK,
    POLARITY_COLOURS,
    circumplex,
    counted,
    new_figure,
    polarity_colour,
    save_figure,
    write,
)
from emolens.errors import DataError
from emolens.inference.prediction import Prediction
from emolens.inference.video_frames import picture_of

MOST_THUMBNAILS = 60  # more of them cover the plane
MOST_DOTS = 3000  # more of them hide how many there are: then counts in hexagons
SIDE = 1100  # px
THUMBNAIL = 58  # px, longer side


def draw_plane(rows: Sequence[Prediction], path: Path) -> list[Path]:
    """Valence across, arousal up, both in [-1, 1]: thumbnails for a few rows, dots for many, hexagons for more.

    Args:
        rows: of wholes, each scene and each person.

    Returns:
        ``[path]``; empty where no row has a valence and an arousal.
    """
    placed = [row for row in rows if row.valence is not None and row.arousal is not None]
    if not placed:
        return []
    point_N2 = np.array([(row.valence, row.arousal) for row in placed], dtype=np.float64)
    figure = new_figure(SIDE, SIDE)
    axes = figure.add_axes((0.09, 0.08, 0.86, 0.86))
    circumplex(axes)
    ticks = (-1, -0.5, 0, 0.5, 1)
    axes.set_xticks(ticks)
    axes.set_yticks(ticks)
    axes.set_xlabel("valence: unpleasant to pleasant", fontsize=9, color=INK, fontfamily=FONT, labelpad=8)
    axes.set_ylabel("arousal: calm to excited", fontsize=9, color=INK, fontfamily=FONT, labelpad=8)
    colours = [polarity_colour(row.polarity) for row in placed]
    if len(placed) <= MOST_THUMBNAILS:
        _thumbnails(axes, placed, point_N2, colours)
    elif len(placed) <= MOST_DOTS:
        size = float(np.clip(20000 / len(placed), 8, 60))
        axes.scatter(point_N2[:, 0], point_N2[:, 1], s=size, c=colours, alpha=0.55, linewidths=0, zorder=2)
    else:
        extent = (-1.0, 1.0, -1.0, 1.0)
        axes.hexbin(
            *point_N2.T, gridsize=40, extent=extent, mincnt=1, bins="log", cmap="cividis", linewidths=0, zorder=2
        )
        write(axes, 0, 1.12, "yellow: many; dark blue: few; counts on a log scale", 8, color=FAINT, ha="center")
    if len(placed) <= MOST_DOTS and any(row.polarity for row in placed):
        present = {row.polarity for row in placed}
        marks = [
            Line2D([], [], marker="o", linestyle="", color=colour, label=name)
            for name, colour in POLARITY_COLOURS.items()
            if name in present
        ]
        legend = axes.legend(
            handles=marks, loc="lower center", bbox_to_anchor=(0.5, 1.0), ncols=3, frameon=False, fontsize=8
        )
        for text in legend.get_texts():
            text.set(color=FAINT, fontfamily=FONT)
    write(figure, 0.955, 0.02, counted(placed), 8, color=FAINT, ha="right")
    return [save_figure(figure, path)]


def _thumbnails(axes: Axes, rows: Sequence[Prediction], point_N2: NDArray[np.float64], colours: Sequence[str]) -> None:
    """A dot where the point is, its picture as near as there is room, and a line between."""
    unit = 2.16 / (0.86 * SIDE)  # of the plane, per pixel
    centre_N2 = spread_out(point_N2, (THUMBNAIL + 8) * unit)
    centre_N2 = np.clip(centre_N2, -1.02, 1.02)
    for row, point_2, centre_2, colour in zip(rows, point_N2, centre_N2, colours, strict=True):
        picture = _thumbnail(row)
        if picture is not None:
            axes.plot(*np.stack([point_2, centre_2], axis=1), color=FAINT, linewidth=0.6, alpha=0.6, zorder=1)
            box = AnnotationBbox(
                OffsetImage(np.asarray(picture), zoom=72 / DPI),  # zoom counts in points, 72 to the inch
                (float(centre_2[0]), float(centre_2[1])),
                pad=0.12,
                bboxprops={"edgecolor": colour, "linewidth": 1.2, "facecolor": "white"},
                zorder=3,
            )
            axes.add_artist(box)
        axes.plot(*point_2, "o", color=colour, markersize=4, markeredgecolor="white", markeredgewidth=0.6, zorder=5)


def _thumbnail(row: Prediction) -> Image.Image | None:
    try:
        picture = Image.fromarray(picture_of(row, min_side=THUMBNAIL))
    except DataError:  # gone, or another picture by now
        return None
    picture.thumbnail((THUMBNAIL, THUMBNAIL), Image.Resampling.LANCZOS)
    return picture


def spread_out(point_N2: NDArray[np.float64], gap: float, rounds: int = 300) -> NDArray[np.float64]:
    """Places near the points, float64 (N, 2), that are about ``gap`` apart in x or in y.

    Pairs of squares that overlap push each other along the axis where the overlap is smaller; a weak spring
    pulls each back to its point. Deterministic.
    """
    angle_N = 2.399963 * np.arange(len(point_N2))  # the golden angle: equal points leave in different directions
    place_N2 = point_N2 + 1e-3 * np.stack([np.cos(angle_N), np.sin(angle_N)], axis=1)
    for turn in range(rounds):
        apart_NN2 = place_N2[:, None] - place_N2[None]
        overlap_NN2 = np.maximum(gap - np.abs(apart_NN2), 0)
        clash_NN = (overlap_NN2 > 0).all(axis=2) & ~np.eye(len(place_N2), dtype=bool)
        if not clash_NN.any():
            break
        along_x_NN = overlap_NN2[..., 0] <= overlap_NN2[..., 1]
        push_NN2 = np.where(np.stack([along_x_NN, ~along_x_NN], axis=2), overlap_NN2, 0) * np.sign(apart_NN2)
        move_N2 = 0.3 * (push_NN2 * clash_NN[..., None]).sum(axis=1)
        spring = 0.02 * (1 - turn / rounds)
        place_N2 = np.clip(place_N2 + move_N2 + spring * (point_N2 - place_N2), -1, 1)
    return place_N2
