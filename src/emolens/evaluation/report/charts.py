"""Geometry of the report's drawings; the templates turn it into SVG.

Legend: M rows, B bins, E = B + 1 edges.

The plot area of every chart is 300 x 300 units, its upper left corner at (44, 10).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

LEFT, TOP, SIDE = 44, 10, 300
MAX_POINTS = 2000  # more dots than that hide each other and make the file heavy

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Axis:
    """A linear axis from ``low`` to ``high``."""

    low: float
    high: float

    def x(self, value: float) -> float:
        return round(LEFT + SIDE * self._share(value), 1)

    def y(self, value: float) -> float:
        return round(TOP + SIDE * (1 - self._share(value)), 1)

    def _share(self, value: float) -> float:
        """Place on the axis, 0 to 1; what lies outside is drawn at its end."""
        return min(max((value - self.low) / (self.high - self.low), 0.0), 1.0)

    def ticks(self, values: Sequence[float], vertical: bool) -> list[dict[str, Any]]:
        return [{"at": self.y(v) if vertical else self.x(v), "name": f"{v:g}"} for v in values]


def reliability_chart(
    edge_E: Floats, confidence_B: Floats, accuracy_B: Floats, count_B: npt.NDArray[np.int64]
) -> dict[str, Any]:
    """Share right over stated probability, empty bins are left out."""
    axis = Axis(0.0, 1.0)
    largest = max(float(count_B.max(initial=0)), 1.0)
    bars, points = [], []
    for b in np.flatnonzero(count_B):
        height = round(SIDE / 3 * float(count_B[b]) / largest, 1)
        x = axis.x(float(edge_E[b]))
        bars.append(
            {
                "x": x + 1,
                "y": TOP + SIDE - height,
                "width": round(axis.x(float(edge_E[b + 1])) - x - 2, 1),
                "height": height,
                "n": int(count_B[b]),
            }
        )
        said, right = float(confidence_B[b]), float(accuracy_B[b])
        title = f"said {said:.2f}, right {right:.2f}, {int(count_B[b])} rows"
        points.append({"x": axis.x(said), "y": axis.y(right), "title": title})
    ticks = (0.0, 0.25, 0.5, 0.75, 1.0)
    return {"bars": bars, "points": points, "x_ticks": axis.ticks(ticks, False), "y_ticks": axis.ticks(ticks, True)}


def scatter_chart(name: str, target_M: Floats, value_M: Floats, valence_M: Floats, seed: int) -> dict[str, Any]:
    """Predicted over rated, both in [-1, 1]; dots take the colour of the rated valence."""
    caption = (
        f"{name.capitalize()}, {len(target_M)} rows, -1 to 1. Colour: rated valence (warm positive, cool negative)."
    )
    shown = np.arange(len(target_M))
    if len(shown) > MAX_POINTS:
        caption += f" {MAX_POINTS} of them drawn, at random."
        shown = np.sort(np.random.default_rng(seed).choice(shown, MAX_POINTS, replace=False))
    axis, ticks = Axis(-1.0, 1.0), (-1.0, -0.5, 0.0, 0.5, 1.0)
    points = [
        {"x": axis.x(float(target_M[i])), "y": axis.y(float(value_M[i])), "polarity": _polarity(float(valence_M[i]))}
        for i in shown
    ]
    return {
        "name": name,
        "points": points,
        "radius": 3.5 if len(shown) < 300 else 2.2,
        "caption": caption,
        "x_ticks": axis.ticks(ticks, False),
        "y_ticks": axis.ticks(ticks, True),
    }


def _polarity(valence: float) -> str:
    if not abs(valence) > 0.1:  # a tenth of the half-scale around the middle, or unrated
        return "neutral"
    return "positive" if valence > 0 else "negative"
