"""From the cells of a row to its numbers: over the rows of all folds, and over seeds."""

import math
import statistics
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from emolens.evaluation.differences import ROUNDING, paired_difference
from emolens.evaluation.score.measure import HEADLINE, MetricSet
from emolens.evaluation.score.targets import Targets


@dataclass(frozen=True)
class Score:
    """A metric over the repeats (seeds; folds too, where these share rows).

    Attributes:
        value: the mean over the repeats.
        low, high: the means of the ends of the repeats' 95% intervals. Each is a bootstrap over the rows, or groups, of
            one repeat; the interval of the mean is not wider.
        sd: standard deviation over the repeats (n - 1); NaN for one.
        n: rows behind the metric in one repeat; the fewest, where they differ.
    """

    value: float
    low: float
    high: float
    sd: float
    n: int

    def as_dict(self) -> dict[str, float | int | None]:
        """For JSON: NaN becomes None."""
        ends = {"value": self.value, "low": self.low, "high": self.high, "sd": self.sd}
        return {name: None if math.isnan(end) else end for name, end in ends.items()} | {"n": self.n}


@dataclass(frozen=True)
class Row:
    """One contestant on one data set, trained on one share of one data set.

    Attributes:
        data: what it is judged on.
        name: of the contestant.
        what: it is, one line.
        source: the data set that it was trained on; None of a model that was not trained here.
        share: of the training rows.
        protocol: how the data is divided, in words.
        folds: how many.
        seeds: these.
        command: what computes this row again.
        scores: metric -> number; empty where it did not run.
        not_run: why not.
        warning: why these rows are no test of it.
        mapping: how its output became the targets' labels, and valence and arousal.
        best: metrics in which it is better than every other row of its data set.
        seconds: of fitting and answering, all cells together.
        repeats: the measured repeats, for paired tests; not written.
    """

    data: str
    name: str
    what: str
    source: str | None
    share: float
    protocol: str
    folds: int
    seeds: tuple[int, ...]
    command: str
    scores: Mapping[str, Score] = field(default_factory=dict)
    not_run: str | None = None
    warning: str | None = None
    mapping: Mapping[str, str] = field(default_factory=dict)
    best: frozenset[str] = frozenset()
    seconds: float = 0.0
    repeats: tuple[tuple[MetricSet, Targets], ...] = field(default=(), repr=False, compare=False)

    @property
    def title(self) -> str:
        """Its name, and what it was trained on if that is another data set, or a part of one."""
        words = [self.name]
        if self.source not in (None, self.data):
            words.append(f"from {self.source}")
        if self.share < 1:
            words.append(f"{100 * self.share:g}% of the training rows")
        return ", ".join(words)

    def to_json(self) -> dict[str, Any]:
        """All but the repeats."""
        return {
            "data": self.data,
            "model": self.name,
            "what": self.what,
            "source": self.source,
            "share": self.share,
            "protocol": self.protocol,
            "folds": self.folds,
            "seeds": list(self.seeds),
            "metrics": {name: score.as_dict() for name, score in self.scores.items()},
            "best": sorted(self.best),
            "not_run": self.not_run,
            "warning": self.warning,
            "mapping": dict(self.mapping),
            "seconds": round(self.seconds, 1),
            "command": self.command,
        }


def scores_of(repeats: Sequence[MetricSet]) -> dict[str, Score]:
    """The metrics that every repeat has."""
    found = {}
    for name in repeats[0].metrics:
        if not all(name in repeat.metrics for repeat in repeats):
            continue
        parts = [repeat.metrics[name] for repeat in repeats]
        value, low, high = (
            statistics.fmean(ends) for ends in zip(*((p.value, p.low, p.high) for p in parts), strict=True)
        )
        sd = statistics.stdev([part.value for part in parts]) if len(parts) > 1 and math.isfinite(value) else math.nan
        found[name] = Score(value, low, high, sd, min(part.n for part in parts))
    return found


def with_best(rows: Sequence[Row], seed: int) -> list[Row]:
    """Mark what is better than every other row of its data set.

    The test is a paired bootstrap (:func:`emolens.evaluation.differences.paired_difference`): the best row minus each
    other one on the same resampled rows (or groups), repeat by repeat; the lower ends, averaged over the repeats, must
    all lie above 0. Where they do not, nothing is marked. Rows that knew the test from training take no part, nor does
    a metric that is not among the headline metrics, or is undefined. No correction for the number of rows is made.
    """
    best: dict[int, set[str]] = {}
    for metric in HEADLINE:
        columns: dict[str, list[int]] = {}
        for place, row in enumerate(rows):
            score = row.scores.get(metric)
            if score is not None and math.isfinite(score.value) and row.warning is None:
                columns.setdefault(row.data, []).append(place)
        for places in columns.values():
            first, *others = sorted(places, key=lambda place: -rows[place].scores[metric].value)
            if others and all(_better(metric, rows[first], rows[other], seed) for other in others):
                best.setdefault(first, set()).add(metric)
    return [replace(row, best=frozenset(best.get(place, ()))) for place, row in enumerate(rows)]


def _better(metric: str, a: Row, b: Row, seed: int) -> bool:
    lows = []
    for (mine, targets), (other, _) in zip(a.repeats, b.repeats, strict=True):
        difference = paired_difference(metric, mine.pairs, other.pairs, targets, seed)
        lows.append(math.nan if difference is None else difference.low)
    return statistics.fmean(lows) > ROUNDING
