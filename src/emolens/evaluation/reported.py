"""Numbers from publications, for a table of their own."""

import os
from dataclasses import dataclass

from emolens.errors import DataError
from emolens.files import read_toml
from emolens.names import did_you_mean


@dataclass(frozen=True)
class ReportedNumber:
    """A number somebody published, measured on rows that are not ours.

    Attributes:
        name: the system.
        metric: of what.
        value: as printed.
        source: publication and table.
        split: the rows it was measured on, in words.
        data: the data set; "" if the name says it.
    """

    name: str
    metric: str
    value: float
    source: str
    split: str
    data: str = ""


def read_reported(path: str | os.PathLike[str]) -> list[ReportedNumber]:
    """Read a TOML file of ``[[reported]]`` tables with name, metric, value, source, split and, if wanted, data.

    Raises:
        DataError: not readable, or a table with a missing, unknown or mistyped field.
    """
    content = read_toml(path)
    tables = content.get("reported")
    if not isinstance(tables, list) or not all(isinstance(table, dict) for table in tables):
        raise DataError(f"{path}: has no [[reported]] tables")
    return [_reported(table, f"{path}: reported number {i}") for i, table in enumerate(tables, start=1)]


def _reported(table: dict[str, object], where: str) -> ReportedNumber:
    texts = ("name", "metric", "source", "split", "data")
    for field in table:
        if field not in (*texts, "value"):
            raise DataError(f'{where}: unknown field "{field}"; {did_you_mean(field, (*texts, "value"))}')
    for field in texts:
        if field == "data" and field not in table:
            continue
        if not isinstance(table.get(field), str):
            raise DataError(f'{where}: needs the text "{field}"')
    value = table.get("value")
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise DataError(f'{where}: needs the number "value"')
    return ReportedNumber(value=float(value), **{field: str(table[field]) for field in texts if field in table})
