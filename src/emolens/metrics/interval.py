"""A metric with its uncertainty."""

import math
from dataclasses import dataclass


@dataclass(frozen=True)
class Interval:
    """A metric with its 95% interval.

    Attributes:
        value: the metric on all rows; NaN where it is not defined (the correlation with a constant).
        low, high: ends of the interval; NaN where it is not defined.
        n: number of rows behind it.
    """

    value: float
    low: float
    high: float
    n: int

    def as_dict(self) -> dict[str, float | int | None]:
        """``value``, ``low``, ``high`` and ``n`` for ``metrics.json``; NaN becomes None, as JSON has no NaN."""
        ends = {"value": self.value, "low": self.low, "high": self.high}
        return {name: None if math.isnan(end) else end for name, end in ends.items()} | {"n": self.n}

    def __str__(self) -> str:
        """As the project writes metrics: ``0.571 [0.541, 0.600], n = 675``."""
        return f"{self.value:.3f} [{self.low:.3f}, {self.high:.3f}], n = {self.n}"


def metrics_json(metrics: dict[str, Interval]) -> dict[str, dict[str, float | int | None]]:
    """Name -> {"value", "low", "high", "n"}; an undefined metric (the correlation with a constant) is null."""
    return {name: interval.as_dict() for name, interval in metrics.items()}
