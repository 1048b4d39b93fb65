"""The report of a benchmark: a single HTML file that loads nothing."""

import math
import textwrap
from typing import TYPE_CHECKING, Any

from emolens.evaluation.report.comparison_page import REASON_WIDTH, SHORT
from emolens.evaluation.report.learning_curves import learning_curve
from emolens.evaluation.report.page import render

if TYPE_CHECKING:
    from emolens.evaluation.benchmark.result import BenchmarkResult
    from emolens.evaluation.benchmark.row import Row


def benchmark_page(result: "BenchmarkResult") -> str:
    """The whole page. Every value that comes from data is escaped."""
    suite, metrics = result.suite, result.metrics()
    curves = [
        curve
        for metric in metrics
        for data in result.columns(metric)
        if (curve := learning_curve(result.rows, data, metric)) is not None
    ]
    return render(
        "benchmark.html.j2",
        title=suite.title,
        suite=suite,
        present=result.present,
        absent=result.absent,
        matrices=[_matrix(result, metric) for metric in metrics],
        curves=curves,
        several=any(len(row.repeats) > 1 for row in result.rows),
        not_run=[row for row in result.rows if row.not_run is not None],
        warnings=list(dict.fromkeys(row.warning for row in result.rows if row.warning is not None)),
        reported=result.reported,
        rows=[_details(row) for row in result.rows],
        provenance={
            "command": result.command,
            "facts": [
                ("suite", f"{suite.name}: {suite.source}" if suite.source else suite.name),
                ("bootstrap", f"seed {result.seed}"),
                ("time", f"{result.seconds:,.0f} s; cells computed: {result.computed}, already there: {result.reused}"),
            ],
        },
    )


def _matrix(result: "BenchmarkResult", metric: str) -> dict[str, Any]:
    """Rows x data sets, and the mean over these where every one of them has it."""
    columns = result.columns(metric)
    titles = [t for t in result.titles() if any(_has(result.find(t, data), metric) for data in columns)]
    means = {title: result.mean(title, metric) for title in titles}
    with_mean = any(mean is not None for mean in means.values())
    ranges = {}
    for data in columns:
        rows = [row for row in result.rows if row.data == data and row.warning is None and _has(row, metric)]
        finite = [v for row in rows if math.isfinite(v := row.scores[metric].value)]
        ranges[data] = (min(finite, default=0.0), max(finite, default=0.0))
    return {
        "metric": metric,
        "columns": columns,
        "with_mean": with_mean,
        "rows": [
            {
                "name": title,
                "cells": [_cell(result.find(title, data), metric, ranges[data]) for data in columns],
                "mean": means[title],
            }
            for title in titles
        ],
    }


def _has(row: "Row | None", metric: str) -> bool:
    return row is not None and metric in row.scores


def _cell(row: "Row | None", metric: str, span: tuple[float, float]) -> dict[str, Any]:
    if row is None or metric not in row.scores:
        why = "" if row is None else "not run" if row.not_run is not None else "does not give this"
        return {"m": None, "why": why}
    score, (low, high) = row.scores[metric], span
    level = 0.0
    if row.warning is None and math.isfinite(score.value) and high > low:
        level = (score.value - low) / (high - low)
    return {"m": score, "level": level, "best": metric in row.best, "warning": row.warning}


def _how(kind: str, mapping: str) -> str:
    return "own output" if (kind, mapping) == ("valence_arousal", "native") else SHORT[mapping]


def _details(row: "Row") -> dict[str, Any]:
    counts = sorted({score.n for score in row.scores.values()})
    return {
        "title": row.title,
        "data": row.data,
        "what": row.what,
        "protocol": row.protocol,
        "folds": row.folds,
        "seeds": ", ".join(map(str, row.seeds)),
        "n": "–".join(str(n) for n in dict.fromkeys((counts[0], counts[-1]))) if counts else "–",
        "how": "; ".join(f"{name.replace('_', '-')}: {_how(name, how)}" for name, how in row.mapping.items()),
        "seconds": row.seconds,
        "not_run": row.not_run and textwrap.shorten(row.not_run, 2 * REASON_WIDTH, placeholder=" ..."),
        "command": row.command,
    }
