"""The report of a comparison: a single HTML file that loads nothing."""

import math
import textwrap
from typing import Any

from emolens.evaluation.comparison import Cell, Comparison, Difference, Entry
from emolens.evaluation.differences import ROUNDING
from emolens.evaluation.report.by_value import comparison_by_value
from emolens.evaluation.report.page import NO_PROTOCOL, render
from emolens.evaluation.score.measure import HEADLINE

SHORT = {
    "native": "own labels",
    "exact": "exact table",
    "text": "labels as text",
    "valence_arousal": "via valence-arousal",
}


REASON_WIDTH = 150  # characters, about two lines of the matrix


def comparison_page(comparison: Comparison) -> str:
    """The whole page. Every value that comes from data is escaped."""
    targets = comparison.targets
    columns = [name for _, names in comparison.columns(targets) for name in names]
    metrics = [m for m in HEADLINE if any(m in _metrics(c) for e in comparison.entries for c in e.cells.values())]
    given = sum(entry.kind == "given" for entry in comparison.entries)
    return render(
        "comparison.html.j2",
        title=f"{given} model{'s' * (given != 1)} and the baselines on {', '.join(targets)}",
        split=next(iter(targets.values())).split,
        clustered=[name for name, t in targets.items() if t.group_N is not None],
        warnings=comparison.warnings,
        matrices=[_matrix(metric, comparison) for metric in metrics],
        seeds=comparison.spreads,
        differences=_difference_views(comparison.differences),
        reported=comparison.reported,
        by_value=comparison_by_value(comparison),
        protocols=[(d, use.words() if use else NO_PROTOCOL) for d, use in comparison.protocols.items()],
        columns=columns,
        rows=[
            {"name": e.name, "description": e.description, "cells": [_how(e.cells[d]) for d in columns]}
            for e in comparison.entries
        ],
        everything=[(data, _everything(data, comparison.entries)) for data in columns],
        provenance={
            "command": comparison.command,
            "facts": [
                *((f"{name}: sha256 of the split's ids", t.ids_sha256) for name, t in targets.items()),
                ("bootstrap", f"seed {comparison.seed}"),
            ],
        },
    )


def _metrics(cell: Cell) -> dict[str, Any]:
    return dict(cell.measured.metrics) if cell.measured is not None else {}


def _matrix(metric: str, comparison: Comparison) -> dict[str, Any]:
    """One metric: models x data sets that have it. The tint runs from the lowest to the highest value of a column."""
    measured = [d for d in comparison.targets if any(metric in _metrics(e.cells[d]) for e in comparison.entries)]
    groups = comparison.columns(measured)
    columns = [name for _, names in groups for name in names]
    ranges = {}
    for data in columns:
        cells = [_metrics(e.cells[data]) for e in comparison.entries if e.cells[data].warning is None]
        finite = [m[metric].value for m in cells if metric in m and math.isfinite(m[metric].value)]
        ranges[data] = (min(finite, default=0.0), max(finite, default=1.0))
    rows = []
    for entry in comparison.entries:
        row_cells: list[dict[str, Any]] = []
        for data in columns:
            cell = entry.cells[data]
            m = _metrics(cell).get(metric)
            low, high = ranges[data]
            level = 0.0
            if m is not None and cell.warning is None and math.isfinite(m.value) and high > low:
                level = (m.value - low) / (high - low)
            kind = "valence_arousal" if "/" in metric else "labels"
            why = "not run" if cell.not_run is not None else "does not give this"
            mapping = SHORT[cell.answers.mapping.get(kind, "native")] if cell.answers is not None else ""
            if kind == "valence_arousal" and mapping == "own labels":
                mapping = "own output"
            row_cells.append(
                {"m": m, "level": level, "home": cell.home, "mapping": mapping, "why": why, "warning": cell.warning}
            )
        note = "baseline" if entry.kind == "baseline" else ""
        rows.append({"name": entry.name, "note": note, "cells": row_cells, "not_run": _reason(entry)})
    ns = ", ".join(f"{data} {_count(metric, data, comparison.entries)}" for data in columns)
    legend = "The stronger the colour, the better in its column. Small print: the interval, and how it was made."
    note = f"Rows scored: {ns}. {legend}"
    headings = [(heading, len(names)) for heading, names in groups if groups[0][0]]
    return {"metric": metric, "headings": headings, "columns": columns, "rows": rows, "note": note}


def _reason(entry: Entry) -> str | None:
    """Why an entry ran nowhere, short; the table at the end has it whole."""
    reasons = {cell.not_run for cell in entry.cells.values()}
    reason = reasons.pop()
    if reasons or reason is None:
        return None
    return textwrap.shorten(reason, REASON_WIDTH, placeholder=" ...")


def _count(metric: str, data: str, entries: list[Entry]) -> str:
    counts = sorted({_metrics(e.cells[data])[metric].n for e in entries if metric in _metrics(e.cells[data])})
    return str(counts[0]) if len(counts) == 1 else f"{counts[0]} to {counts[-1]}"


def _how(cell: Cell) -> str:
    if cell.not_run is not None or cell.answers is None or cell.measured is None:
        return f"not run: {cell.not_run}"
    words = [f"{name.replace('_', '-')}: {SHORT[how]}" for name, how in cell.answers.mapping.items()]
    if cell.answers.view == "person":
        words.append("shown the person of each row")
    words.append(f"{cell.measured.n_scored} of {cell.measured.n_total} rows scored")
    if cell.measured.n_failed:
        words.append(f"{cell.measured.n_failed} failed")
    return "; ".join(words)


def _difference_views(differences: list[Difference]) -> list[dict[str, Any]]:
    tables: dict[tuple[str, str], dict[str, Any]] = {}
    for d in differences:
        view = {"data": d.data, "metric": d.metric, "best": d.best, "others": []}
        low = d.interval.low
        verdict = "better" if low > ROUNDING else "no clear difference"
        table = tables.setdefault((d.data, d.metric), view)
        table["others"].append({"name": d.other, "m": d.interval, "verdict": verdict})
    return list(tables.values())


def _everything(data: str, entries: list[Entry]) -> dict[str, Any]:
    """All metrics of one data set."""
    names = list(dict.fromkeys(n for e in entries for n in _metrics(e.cells[data])))
    rows = [
        {"name": e.name, "metrics": [_metrics(e.cells[data]).get(name) for name in names]}
        for e in entries
        if e.cells[data].measured is not None
    ]
    return {"names": names, "rows": rows}
