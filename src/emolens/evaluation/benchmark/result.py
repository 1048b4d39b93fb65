"""What a benchmark found, and its files."""

import math
import statistics
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import pandas as pd

from emolens.evaluation.benchmark.row import Row
from emolens.evaluation.benchmark.suite import Suite
from emolens.evaluation.report.provenance import versions
from emolens.evaluation.reported import ReportedNumber


@dataclass(frozen=True)
class BenchmarkResult:
    """Rows of all data sets of a suite.

    Attributes:
        suite: what was measured on.
        rows: data set by data set, in the order of the suite and of the models.
        absent: data set -> why it was left out.
        reported: numbers from publications, which are never put among ours.
        seed: of the bootstrap.
        command: the command line or call that made it.
        seconds: from start to end.
        computed, reused: cells that were computed now, and that were there.
    """

    suite: Suite
    rows: tuple[Row, ...]
    absent: dict[str, str]
    reported: tuple[ReportedNumber, ...]
    seed: int
    command: str
    seconds: float
    computed: int
    reused: int

    @property
    def present(self) -> list[str]:
        """The data sets that were measured on, in the order of the suite."""
        return [one.name for one in self.suite.data if any(row.data == one.name for row in self.rows)]

    def titles(self) -> list[str]:
        """The titles of the rows, each once, in order."""
        return list(dict.fromkeys(row.title for row in self.rows))

    def find(self, title: str, data: str) -> Row | None:
        """The row of that title on that data set."""
        return next((row for row in self.rows if row.title == title and row.data == data), None)

    def metrics(self) -> list[str]:
        """The metrics that the suite shows and some row has."""
        wanted = dict.fromkeys(name for data in self.present for name in self.suite.shown(data))
        return [name for name in wanted if any(name in row.scores for row in self.rows)]

    def columns(self, metric: str) -> list[str]:
        """The data sets of which the suite shows that metric."""
        return [data for data in self.present if metric in self.suite.shown(data)]

    def mean(self, title: str, metric: str) -> float | None:
        """The plain mean of a metric over the data sets of its table; every data set counts the same, however large.

        None where there is only one data set, or the row lacks one of them, or knew one from training.
        """
        columns = self.columns(metric)
        rows = [self.find(title, data) for data in columns]
        values = [
            row.scores[metric].value for row in rows if row is not None and row.warning is None and metric in row.scores
        ]
        whole = len(columns) > 1 and len(values) == len(columns) and all(map(math.isfinite, values))
        return statistics.fmean(values) if whole else None

    def to_json(self) -> dict[str, Any]:
        """The content of ``metrics.json``."""
        return {
            "suite": {
                "name": self.suite.name,
                "title": self.suite.title,
                "source": self.suite.source,
                "notes": self.suite.notes,
                "metrics": list(self.suite.metrics),
            },
            "rows": [row.to_json() for row in self.rows],
            "not there": self.absent,
            "means": {
                metric: {title: mean for title in self.titles() if (mean := self.mean(title, metric)) is not None}
                for metric in self.metrics()
            },
            "reported, other split": [vars(number) for number in self.reported],
            "bootstrap": {"seed": self.seed},
            "command": self.command,
            "seconds": round(self.seconds, 1),
            "cells": {"computed": self.computed, "reused": self.reused},
            "versions": versions(),
        }

    def to_pandas(self) -> pd.DataFrame:
        """The long table: a row a metric, and one without a metric where a contestant did not run."""
        columns = ("data", "model", "source", "share", "metric", "value", "low", "high", "sd", "n", "folds", "seeds")
        more = ("protocol", "best", "warning", "not_run", "command")
        return pd.DataFrame(list(_records(self.suite.name, self.rows)), columns=["suite", *columns, *more])


def _records(suite: str, rows: Sequence[Row]) -> Iterator[dict[str, Any]]:
    for row in rows:
        shared = {
            "suite": suite,
            "data": row.data,
            "model": row.name,
            "source": row.source,
            "share": row.share,
            "folds": row.folds,
            "seeds": " ".join(map(str, row.seeds)),
            "protocol": row.protocol,
            "warning": row.warning,
            "not_run": row.not_run,
            "command": row.command,
        }
        if not row.scores:
            yield shared
        for name, score in row.scores.items():
            yield {**shared, "metric": name, **vars(score), "best": name in row.best}
