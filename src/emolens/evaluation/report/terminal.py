"""Results as tables for a terminal."""

import math
import sys

from rich.console import Console
from rich.table import Table

from emolens.evaluation.benchmark.result import BenchmarkResult
from emolens.evaluation.benchmark.row import Row
from emolens.evaluation.comparison import Cell, Comparison
from emolens.evaluation.evaluation import Evaluation
from emolens.evaluation.report.by_value import ByValue
from emolens.evaluation.report.page import interval, number
from emolens.evaluation.score.measure import HEADLINE, MetricSet

PLAIN_WIDTH = 160  # of a table that goes into a file or a pipe, which has no width of its own


def evaluation_table(evaluation: Evaluation) -> Table:
    """Every metric."""
    targets = evaluation.targets
    table = Table(title=f"{evaluation.answers.model} on {targets.data}, split {targets.split}", title_justify="left")
    table.add_column("metric")
    for column in ("value", "95% interval", "n"):
        table.add_column(column, justify="right")
    for name, m in evaluation.metrics.items():
        table.add_row(name, number(m.value), interval(m), str(m.n))
    return table


def perturbations_table(title: str, parts: dict[str, MetricSet]) -> Table:
    """The headline metrics of each perturbation or modality, a row each."""
    names = list(dict.fromkeys(name for part in parts.values() for name in part.headline))
    table = Table(title=f"by {title} (95% interval)", title_justify="left")
    table.add_column(title)
    for name in names:
        table.add_column(name, justify="right")
    table.add_column("n", justify="right")
    for perturbation, part in parts.items():
        metrics = [part.metrics.get(name) for name in names]
        shown = ["–" if m is None else f"{number(m.value)} {interval(m)}" for m in metrics]
        table.add_row(perturbation, *shown, str(part.n_scored))
    return table


def by_value_table(view: ByValue) -> Table:
    """A breakdown: a row for each value."""
    table = Table(title=f"{view.title} (95% interval)", title_justify="left")
    table.add_column(view.column, overflow="fold")
    for head in (*view.heads, "n"):
        table.add_column(head, justify="right")
    for row in view.rows:
        cells = ["–" if m is None else f"{number(m.value)} {interval(m)}" for m in row.cells]
        table.add_row(row.value, *cells, str(row.n))
    return table


def comparison_tables(comparison: Comparison) -> list[Table]:
    """A table a headline metric: models x data sets, the scene-centric before the person-centric ones."""
    tables = []
    for metric in HEADLINE:
        measured = [d for d in comparison.targets if any(_has(e.cells[d], metric) for e in comparison.entries)]
        if not measured:
            continue
        groups = comparison.columns(measured)
        table = Table(title=f"{metric} (95% interval)", title_justify="left")
        table.add_column("model", overflow="fold")
        for heading, names in groups:
            for place, data in enumerate(names):
                # A table for a terminal has no cells that span columns: the heading stands over the first of them.
                above = f"{heading if place == 0 else ''}\n" if groups[0][0] else ""
                table.add_column(f"{above}{data}", justify="right")
        for entry in comparison.entries:
            table.add_row(entry.name, *(_cell(entry.cells[d], metric) for _, names in groups for d in names))
        tables.append(table)
    return tables


def benchmark_tables(result: BenchmarkResult) -> list[Table]:
    """A table a metric: rows x data sets. An asterisk: better than every other row of its column."""
    tables = []
    for metric in result.metrics():
        table = Table(title=f"{metric} (95% interval), ± sd over seeds, * best by a paired test", title_justify="left")
        table.add_column("model", overflow="fold")
        columns = result.columns(metric)
        for data in columns:
            table.add_column(data, justify="right")
        for title in result.titles():
            rows = [result.find(title, data) for data in columns]
            table.add_row(title, *("" if row is None else _score(row, metric) for row in rows))
        tables.append(table)
    return tables


def print_table(table: Table) -> None:
    """Print to standard output; names that look like markup stay text."""
    console = Console(file=sys.stdout, markup=False, highlight=False)
    if not console.is_terminal:
        console = Console(file=sys.stdout, markup=False, highlight=False, width=PLAIN_WIDTH)
    console.print(table)


def _has(cell: Cell, metric: str) -> bool:
    return cell.measured is not None and metric in cell.measured.metrics


def _score(row: Row, metric: str) -> str:
    if row.not_run is not None:
        return "not run"
    score = row.scores.get(metric)
    if score is None or not math.isfinite(score.value):
        return "–"
    spread = f" ± {number(score.sd)}" if math.isfinite(score.sd) else ""
    shown = f"{'*' if metric in row.best else ''}{number(score.value)}{spread} {interval(score)}"
    return f"({shown}) seen" if row.warning is not None else shown


def _cell(cell: Cell, metric: str) -> str:
    if cell.measured is None:
        return "not run"
    if metric not in cell.measured.metrics:
        return "–"
    m = cell.measured.metrics[metric]
    shown = f"{number(m.value)} {interval(m)}" if math.isfinite(m.value) else "–"
    return f"({shown}) seen" if cell.warning is not None else shown
