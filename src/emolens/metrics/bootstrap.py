"""Percentile bootstrap, vectorised over the resamples.

Legend: N rows, G groups, R resamples.

A resample is a vector of how often each row was drawn. Metrics take such weights for many resamples at once,
so the metric on all rows (every weight 1) and the resampled ones come from the same code.
"""

from collections.abc import Callable, Mapping

import numpy as np
import numpy.typing as npt

from emolens.metrics.interval import Interval

Floats = npt.NDArray[np.float64]
Statistics = Callable[[Floats], Mapping[str, Floats]]

CHUNK = 2_000_000
"""Weights held at once, 16 MB of float64: memory does not grow with the number of resamples."""


def bootstrap_intervals(
    statistics: Statistics,
    n: int,
    groups: npt.ArrayLike | None = None,
    seed: int = 0,
    resamples: int = 1000,
    level: float = 0.95,
) -> dict[str, Interval]:
    """Intervals of several metrics from the same resamples (Efron & Tibshirani 1993, chapter 13).

    Args:
        statistics: from weights (R, N), float64, whole numbers from 0, to each metric (R,); NaN where a
            resample leaves the metric undefined.
        n: N.
        groups: (N,) which rows belong together (an actor, a theme). Whole groups are then drawn, since rows of
            one group are not independent (the cluster bootstrap).
        seed: the same seed gives the same intervals.
        resamples: how many; 1000 place the ends of a 95% interval to about a tenth of its half-width.
        level: of the interval.

    Returns:
        Name -> interval. Undefined resamples are left out of the percentiles. With fewer than two rows (or
        groups) there is nothing to resample, and the ends are NaN.

    Raises:
        ValueError: no rows, or groups of another length.
    """
    if n < 1:
        raise ValueError("no rows to compute metrics on")
    if groups is None:
        unit_N = np.arange(n)
    else:
        given = np.asarray(groups)
        if given.shape != (n,):
            raise ValueError(f"groups of shape {given.shape} for {n} rows")
        unit_N = np.unique(given, return_inverse=True)[1]
    units = int(unit_N.max()) + 1

    point = {name: float(value[0]) for name, value in statistics(np.ones((1, n))).items()}
    drawn: dict[str, list[Floats]] = {name: [] for name in point}
    generator = np.random.default_rng(seed)
    step = max(1, CHUNK // n)
    for start in range(0, resamples, step) if units > 1 else ():
        count = min(step, resamples - start)
        pick = generator.integers(units, size=(count, units)) + units * np.arange(count)[:, None]
        weight = np.bincount(pick.ravel(), minlength=count * units).reshape(count, units).astype(np.float64)
        for name, values in statistics(weight if groups is None else weight[:, unit_N]).items():
            drawn[name].append(values)

    tails = [50 * (1 - level), 50 * (1 + level)]
    intervals = {}
    for name, value in point.items():
        every = np.concatenate(drawn[name]) if drawn[name] else np.empty(0)
        defined = every[~np.isnan(every)]
        known = defined.size > 0 and not np.isnan(value)
        low, high = np.percentile(defined, tails).tolist() if known else (np.nan, np.nan)
        intervals[name] = Interval(value, low, high, n)
    return intervals
