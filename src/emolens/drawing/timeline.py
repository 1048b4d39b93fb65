"""One video through time: what is seen, which emotions it evokes, how pleasant and how stirring it is.

Legend: W windows, C labels.
"""

import textwrap
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import to_rgb
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle
from numpy.typing import NDArray
from PIL import Image

from emolens.drawing.style import (
    FAINT,
    INK,
    LINE,
    PAPER,
    new_figure,
    plain_axes,
    polarity_colour,
    save_figure,
    write,
)
from emolens.errors import DataError
from emolens.inference.prediction import Prediction
from emolens.inference.timeline import Timeline
from emolens.inference.video_frames import middle_of, person_stills, seen_at, stills

WIDTH = 1100  # px
LEFT, RIGHT = 64, 196  # px beside the panels: numbers, names
HEAD, FILM, SCORES, PLANE, GAP, FOOT = 68, 84, 300, 120, 22, 62  # px, from top to bottom
FRAMES = (WIDTH - LEFT - RIGHT) // 120  # thumbnails across the film
MOST_LABELS = 12  # with a band of their own; the rest of a large space is drawn together
NAME_GAP = 19  # px between the names of neighbouring bands
ORDER = ("negative", "neutral", "positive", None)  # from the bottom up, as valence goes
PALEST = 0.62  # of white, in the last label of a polarity


@dataclass(frozen=True)
class Band:
    """A label's share of the probability over time."""

    name: str
    colour: tuple[float, float, float]
    score_W: NDArray[np.float64]


def draw_timeline(
    whole: Prediction,
    windows: Sequence[Prediction],
    polarity_of: Mapping[str, str],
    path: Path,
    timeline: Timeline | None = None,
    end_s: float | None = None,
) -> list[Path]:
    """Frames on top, the scores as stacked areas below, then valence and arousal, all over the same seconds.

    Vermilion bands are positive labels, grey neutral ones, blue negative ones, the most probable of each the fullest.
    Windows without an answer are left white, and so is the time in which a person is not seen.

    Args:
        whole: the row of the whole file, or of a person in it.
        windows: the rows of its windows, in order.
        polarity_of: label -> polarity.
        timeline: named in the caption.
        end_s: where the drawing ends, in seconds; the end of ``whole`` if not given.

    Returns:
        ``[path]``; empty where no window has an answer.
    """
    given = windows
    if whole.person is not None:
        windows = [_seen_part(row, whole) for row in windows]
    known = [row for row in windows if row.answered]
    duration = end_s or whole.end_s or max((row.end_s or 0.0 for row in windows), default=0.0)
    if not known or not duration:
        return []
    scored = known[0].scores is not None
    placed = known[0].valence is not None or known[0].arousal is not None
    images = _scenes(whole, duration) if whole.person is None else _persons(whole, given, duration)
    panels = [(FILM, "film")] * bool(images) + [(SCORES, "scores")] * scored + [(PLANE, "plane")] * placed
    height = HEAD + sum(size + GAP for size, _ in panels) - GAP + FOOT
    figure = new_figure(WIDTH, height)
    _head(figure, whole, polarity_of, height)
    top = height - HEAD
    for size, name in panels:
        box = (LEFT / WIDTH, (top - size) / height, (WIDTH - LEFT - RIGHT) / WIDTH, size / height)
        axes = figure.add_axes(box)
        plain_axes(axes)
        axes.set_xlim(0, duration)
        if name == "film":
            _film(axes, images, 0.5 if whole.person is None else 0.0)
        else:
            if name == "scores":
                _scores(axes, windows, polarity_of, duration)
            else:
                _plane(axes, windows, duration)
            _seconds(axes, duration, last=(size, name) == panels[-1])
        top -= size + GAP
    words = [f"model {whole.model}"]
    if timeline is not None:
        smooth = f"Hann-smoothed over {timeline.smooth_s:g} s" if timeline.smooth_s else "not smoothed"
        words = [f"windows of {timeline.window_s:g} s, every {timeline.hop_s:g} s, {smooth}", *words]
    failed = len(windows) - len(known)
    words += [f"{failed} of {len(windows)} windows without an answer"] * bool(failed)
    write(figure, LEFT / WIDTH, 18 / height, "  ·  ".join(words), 7.5, color=FAINT, va="center")
    return [save_figure(figure, path)]


def _head(figure: Figure, whole: Prediction, polarity_of: Mapping[str, str], height: int) -> None:
    middle = 1 - HEAD / 2 / height
    if whole.label is not None:
        colour = polarity_colour(whole.polarity or polarity_of.get(whole.label))
        text = whole.label if whole.score is None else f"{whole.label}  {100 * whole.score:.0f}%"
        write(figure, LEFT / WIDTH, middle, text, 17, color=colour, va="center", fontweight="bold")
    length = clock(whole.end_s or 0)
    if whole.person is not None:
        length = f"person {whole.person}, from {clock(whole.start_s or 0)} to {length}"
    name = textwrap.shorten(Path(whole.source).name, 60, placeholder="...")
    right = (WIDTH - RIGHT) / WIDTH
    write(figure, right, middle, f"{name}  ·  {length}", 8, color=FAINT, ha="right", va="center")


def _seen_part(row: Prediction, whole: Prediction) -> Prediction:
    """A window from the first sight of its person to the last."""
    start, end = max(row.start_s or 0.0, whole.start_s or 0.0), min(row.end_s or 0.0, whole.end_s or 0.0)
    return replace(row, start_s=start, end_s=end)


def _scenes(whole: Prediction, duration: float) -> list[NDArray[np.uint8] | None]:
    """A frame from the middle of each tile of the film."""
    return list(stills(Path(whole.source), [duration * (k + 0.5) / FRAMES for k in range(FRAMES)], 2 * FILM))


def _persons(whole: Prediction, windows: Sequence[Prediction], duration: float) -> list[NDArray[np.uint8] | None]:
    """The person as in the window whose middle is nearest to that of the tile; None where none of them reaches it."""
    half = duration / FRAMES / 2
    time_W = np.array([seen_at(row, whole) for row in windows])
    shown: list[Prediction | None] = []
    for k in range(FRAMES):
        centre = (2 * k + 1) * half
        nearest = int(np.abs(time_W - centre).argmin())
        part = _seen_part(windows[nearest], whole)
        inside = (part.start_s or 0.0) <= centre <= (part.end_s or 0.0)
        shown.append(windows[nearest] if inside or abs(time_W[nearest] - centre) < half else None)
    try:
        parts = iter(person_stills(Path(whole.source), [row for row in shown if row is not None], whole))
    except DataError:  # another video by now
        return []
    return [None if row is None else next(parts, None) for row in shown]


def _film(axes: Axes, images: Sequence[NDArray[np.uint8] | None], height: float) -> None:
    """Each picture cut to its place in time, edge to edge; ``height`` 0 keeps its upper end, 0.5 its middle."""
    start, end = axes.get_xlim()
    step = (end - start) / len(images)
    tile = 2 * (WIDTH - LEFT - RIGHT) // len(images), 2 * FILM
    for number, image in enumerate(images):
        if image is None:
            continue
        picture = Image.fromarray(np.ascontiguousarray(image))
        scale = max(tile[0] / picture.width, tile[1] / picture.height)
        picture = picture.resize(
            (round(picture.width * scale), round(picture.height * scale)), Image.Resampling.BICUBIC
        )
        left, top = (picture.width - tile[0]) // 2, int(height * (picture.height - tile[1]))
        cut = np.asarray(picture.crop((left, top, left + tile[0], top + tile[1])))
        x = start + number * step
        axes.imshow(cut, extent=(x + 0.01 * step, x + 0.99 * step, 0, 1), aspect="auto", interpolation="antialiased")
    axes.set_xlim(start, end)
    axes.set_ylim(0, 1)
    axes.set_axis_off()


def _scores(axes: Axes, windows: Sequence[Prediction], polarity_of: Mapping[str, str], duration: float) -> None:
    bands = label_bands([row for row in windows if row.answered], polarity_of)
    axes.add_patch(Rectangle((0, 0), duration, 1, facecolor=LINE, alpha=0.25, linewidth=0))
    edge = 0.6 if len(windows) < 200 else 0.2
    row = 0
    for x, run in _runs(windows):
        share_CW = np.stack([band.score_W[row : row + len(run)] for band in bands])
        share_CW = np.concatenate([share_CW[:, :1], share_CW, share_CW[:, -1:]], axis=1)
        row += len(run)
        colours = [band.colour for band in bands]
        axes.stackplot(x, share_CW, colors=colours, edgecolor=PAPER, linewidth=edge)
    last_C = np.array([band.score_W[-1] for band in bands])
    edge_C = np.concatenate([[0], np.cumsum(last_C)])
    middle_C = (edge_C[:-1] + edge_C[1:]) / 2
    place_C = spread(middle_C, NAME_GAP / SCORES)
    for band, middle, place in zip(bands, middle_C, place_C, strict=True):
        right = duration * (1 + 14 / (WIDTH - LEFT - RIGHT))
        if abs(place - middle) * SCORES < NAME_GAP:  # longer lines would cross
            axes.plot([duration, right], [middle, place], color=band.colour, linewidth=0.9, clip_on=False)
        axes.plot([right], [place], "s", color=band.colour, markersize=5, clip_on=False)
        text = textwrap.shorten(band.name, 20, placeholder="...")
        beside = duration * (1 + 24 / (WIDTH - LEFT - RIGHT))
        write(axes, beside, place, text, 8, va="center", color=INK)
    axes.set_xlim(0, duration)
    axes.set_ylim(0, 1)
    axes.set_yticks((0, 0.5, 1), ("0", "50", "100%"))


def _plane(axes: Axes, windows: Sequence[Prediction], duration: float) -> None:
    axes.axhline(0, color=LINE, linewidth=0.8, zorder=0)
    ends: list[tuple[str, float, str]] = []
    for name, colour, dash in (("valence", INK, "-"), ("arousal", FAINT, (0, (3, 1.6)))):
        for x, run in _runs(windows):
            value_W = [getattr(row, name) for row in run]
            if value_W[0] is not None:
                axes.plot(x, [value_W[0], *value_W, value_W[-1]], color=colour, linestyle=dash, linewidth=1.6)
                ends = [end for end in ends if end[0] != name] + [(name, value_W[-1], colour)]
    place_N = spread(np.array([end[1] for end in ends]), 0.36, -1.1, 1.1)
    for (name, _, colour), place in zip(ends, place_N, strict=True):
        beside = duration * (1 + 24 / (WIDTH - LEFT - RIGHT))
        write(axes, beside, place, name, 8, va="center", color=colour)
    axes.set_xlim(0, duration)
    axes.set_ylim(-1.05, 1.05)
    axes.set_yticks((-1, 0, 1), ("-1", "0", "+1"))


def _seconds(axes: Axes, duration: float, last: bool) -> None:
    step = next((s for s in (0.5, 1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 1200) if duration / s <= 10), 3600)
    ticks = [tick for k in range(int(duration / step) + 1) if (tick := k * step) <= duration]
    names = [clock(tick) if duration < 60 or tick >= 60 else f"0:{round(tick):02}" for tick in ticks]
    axes.set_xticks(ticks, names if last else [""] * len(ticks))
    axes.tick_params(axis="x", length=3, color=LINE)


def _runs(windows: Sequence[Prediction]) -> list[tuple[list[float], list[Prediction]]]:
    """Stretches of neighbouring windows that have an answer, with the seconds of their first, middle and last points.

    A window stands at its middle; the first and last are carried to the middle between them and a neighbour without an
    answer, or to their own ends where they have no neighbour.
    """
    runs: list[tuple[list[float], list[Prediction]]] = []
    before: Prediction | None = None
    for row in windows:
        start, end = row.start_s or 0.0, row.end_s or 0.0
        near = before is not None and start <= (before.end_s or 0.0)
        between = (middle_of(before) + middle_of(row)) / 2 if before is not None and near else None
        if before is not None and before.answered and between is not None:
            runs[-1][0][-1] = between  # no further than this, until its own middle is known
        if row.answered:
            if before is not None and before.answered and near:
                runs[-1][0][-1] = middle_of(row)
                runs[-1][0].append(end)
                runs[-1][1].append(row)
            else:
                runs.append(([start if between is None else between, middle_of(row), end], [row]))
        before = row
    return runs


def label_bands(rows: Sequence[Prediction], polarity_of: Mapping[str, str]) -> list[Band]:
    """The bands from the bottom up: negative, neutral, positive, the most probable of each fullest and outermost."""
    scores = [row.scores or {} for row in rows]
    mean = {label: float(np.mean([score[label] for score in scores])) for label in scores[0]}
    ranked = sorted(mean, key=lambda label: -mean[label])
    shown, rest = ranked, list[str]()
    if len(ranked) > MOST_LABELS:
        shown, rest = ranked[: MOST_LABELS - 1], ranked[MOST_LABELS - 1 :]
    # Degrees of a model of several labels do not sum to 1: their shares do.
    mass_W = np.array([max(sum(max(value, 0) for value in score.values()), 1e-12) for score in scores])

    def share(labels: Sequence[str]) -> NDArray[np.float64]:
        part_W: NDArray[np.float64] = np.array([sum(max(score[label], 0) for label in labels) for score in scores])
        return np.asarray(part_W / mass_W)

    bands = []
    for polarity in ORDER[:-1]:
        mine = [label for label in shown if polarity_of.get(label, "neutral") == polarity]
        shades = np.linspace(0, PALEST if len(mine) > 1 else 0, len(mine))
        drawn = [
            Band(label, pale(polarity_colour(polarity), float(white)), share([label]))
            for label, white in zip(mine, shades, strict=True)
        ]
        if polarity == "neutral" and rest:
            drawn.append(Band(f"{len(rest)} others", pale(polarity_colour(None), 0.8), share(rest)))
        bands += drawn if polarity == "negative" else drawn[::-1]
    return bands


def pale(colour: str, white: float) -> tuple[float, float, float]:
    """A colour with so much white in it."""
    red, green, blue = (channel + (1 - channel) * white for channel in to_rgb(colour))
    return red, green, blue


def spread(place_N: NDArray[np.float64], gap: float, low: float = 0.0, high: float = 1.0) -> NDArray[np.float64]:
    """Places near ``place_N`` that are ``gap`` apart, or as far as fits, within [low, high], in the same order."""
    if len(place_N) < 2:
        return place_N.clip(low, high)
    gap = min(gap, (high - low) / (len(place_N) - 1))
    order = np.argsort(place_N, kind="stable")
    rank_N = gap * np.arange(len(place_N))
    # Least squares under "each at least a gap above the one before": pool neighbours that clash to their mean.
    blocks: list[list[float]] = []
    for value in place_N[order] - rank_N:
        blocks.append([float(value), 1.0])
        while len(blocks) > 1 and blocks[-2][0] > blocks[-1][0]:
            (a, n), (b, m) = blocks[-2:]
            blocks[-2:] = [[(a * n + b * m) / (n + m), n + m]]
    level_N = np.concatenate([np.full(int(count), value) for value, count in blocks])
    result = np.empty_like(place_N)
    result[order] = level_N.clip(low, high - rank_N[-1]) + rank_N
    return result


def clock(seconds: float) -> str:
    """Seconds as people read them: 7.5 s, 1:05, 1:02:03."""
    if seconds < 60:
        return f"{round(seconds, 1):g} s"
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"
