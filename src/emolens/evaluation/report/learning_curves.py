"""Geometry of learning curves: a metric over the share of the training rows. The template turns it into SVG."""

import math
from collections.abc import Sequence
from typing import Any

from emolens.evaluation.benchmark.row import Row
from emolens.evaluation.report.charts import LEFT, SIDE, Axis

COLOURS = 8  # classes line-0 to line-7 of the style sheet; further rows take them again, with other dashes
GAP = 5  # units by which the rows of one share are moved apart, so that their intervals do not hide each other


def learning_curve(rows: Sequence[Row], data: str, metric: str) -> dict[str, Any] | None:
    """One chart: a line for each row that was trained on several shares, a dashed one for each that was not trained.

    Args:
        rows: of a benchmark.
        data: the data set.
        metric: whose value and 95% interval is drawn, the share on a logarithmic axis.

    Returns:
        None where no row was trained on more than one share.
    """
    mine = [r for r in rows if r.data == data and metric in r.scores and math.isfinite(r.scores[metric].value)]
    flat = [row for row in mine if row.source is None and row.warning is None]
    lines: dict[str, list[Row]] = {}
    for row in sorted((row for row in mine if row.source == data), key=lambda row: row.share):
        lines.setdefault(row.name, []).append(row)
    shares = sorted({row.share for line in lines.values() for row in line})
    if len(shares) < 2:
        return None
    across = Axis(math.log10(shares[0]) - 0.12, 0.12)
    ends = [end for row in [*flat, *(r for line in lines.values() for r in line)] for end in _ends(row, metric)]
    up, ticks = _axis(min(ends), max(ends))
    drawn = []
    for number, (name, line) in enumerate(lines.items()):
        moved = GAP * (number - (len(lines) - 1) / 2)
        points = [_point(row, metric, across, up, moved) for row in line]
        drawn.append({"name": name, "colour": number % COLOURS, "points": points})
    return {
        "data": data,
        "metric": metric,
        "lines": drawn,
        "flat": [{"name": row.name, "y": up.y(row.scores[metric].value)} for row in flat],
        "left": LEFT,
        "right": LEFT + SIDE,
        "x_ticks": [{"at": across.x(math.log10(share)), "name": f"{100 * share:g}%"} for share in shares],
        "y_ticks": up.ticks(ticks, vertical=True),
    }


def _point(row: Row, metric: str, across: Axis, up: Axis, moved: float) -> dict[str, Any]:
    score, ends = row.scores[metric], _ends(row, metric)
    title = f"{row.name}, {100 * row.share:g}%: {score.value:.3f} [{score.low:.3f}, {score.high:.3f}]"
    x = round(across.x(math.log10(row.share)) + moved, 1)
    return {"x": x, "y": up.y(score.value), "low": up.y(min(ends)), "high": up.y(max(ends)), "title": title}


def _ends(row: Row, metric: str) -> list[float]:
    score = row.scores[metric]
    return [end for end in (score.low, score.value, score.high) if math.isfinite(end)]


def _axis(low: float, high: float) -> tuple[Axis, list[float]]:
    """An axis that holds both, and its ticks: a step of 1, 2 or 5 times a power of ten."""
    room = max(high - low, 0.02)
    power = 10.0 ** math.floor(math.log10(room / 4))
    step = next(step for step in (power, 2 * power, 5 * power, 10 * power) if room / step <= 6)
    first, last = math.floor(low / step), math.ceil(high / step)
    if first == last:  # all values alike
        first, last = first - 1, last + 1
    return Axis(first * step, last * step), [round(step * k, 10) for k in range(first, last + 1)]
