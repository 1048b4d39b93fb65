"""Tables of a breakdown, for the terminal and for the report."""

from dataclasses import dataclass

from emolens.evaluation.comparison import Comparison
from emolens.evaluation.score.measure import HEADLINE, MetricSet, rows_of
from emolens.metrics import Interval


@dataclass(frozen=True)
class ValueRow:
    """The rows of one value: their number, and an interval (or None) for each of :attr:`ByValue.heads`."""

    value: str
    cells: tuple[Interval | None, ...]
    n: int


@dataclass(frozen=True)
class ByValue:
    """A table with a row for each value of a column."""

    title: str
    column: str
    heads: tuple[str, ...]
    rows: tuple[ValueRow, ...]


def evaluation_by_value(measured: MetricSet) -> list[ByValue]:
    """The headline metrics of one model: a table for each column."""
    heads = tuple(measured.headline)
    return [
        ByValue(
            f"by {column}",
            column,
            heads,
            tuple(ValueRow(v, tuple(map(metrics.get, heads)), rows_of(metrics)) for v, metrics in values.items()),
        )
        for column, values in measured.breakdown.items()
    ]


def comparison_by_value(comparison: Comparison) -> list[ByValue]:
    """A table for each data set, column and metric of :data:`HEADLINE` that it has: values x models."""
    tables = []
    for data, targets in comparison.targets.items():
        cells = {entry.name: entry.cells[data] for entry in comparison.entries}
        measured = {name: cell.measured for name, cell in cells.items() if cell.measured is not None}
        for column, values in targets.columns.items():
            for metric in HEADLINE:
                models = tuple(name for name, part in measured.items() if metric in part.metrics)
                if not models:
                    continue
                found = {value: [measured[name].breakdown[column][value] for name in models] for value in values}
                rows = tuple(
                    ValueRow(value, tuple(part.get(metric) for part in parts), max(map(rows_of, parts)))
                    for value, parts in sorted(found.items())
                )
                tables.append(ByValue(f"{metric} on {data}, by {column}", column, models, rows))
    return tables
