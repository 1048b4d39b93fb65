"""The cells of one table, or of several that are read as one."""

import re
from pathlib import Path

import pandas as pd

from emolens.errors import DataError

TABLE = "table"  # the column that says which of several tables a row is from


def read_tables(table: Path, delimiter: str, quote: str, header: bool) -> pd.DataFrame:
    """All cells as text without outer blanks; columns are called as the header has them, or 0, 1, ... without one.

    Args:
        table: its path. Where its name, or that of its folder, holds a ``*``, every table that fits is read, in the
            order of their names; what the ``*`` stands for is in a further column ``table``.
        delimiter, quote: one character each.
        header: whether the first row names the columns.

    Raises:
        DataError: if there is no table, one is unreadable or without rows, or several have different columns.
    """
    root = table.parent.parent if "*" in table.parent.name else table.parent
    name = table.relative_to(root).as_posix()
    if "*" not in name:
        return _read(table, delimiter, quote, header)
    pattern, parts = re.compile("(.+)".join(map(re.escape, name.split("*")))), []
    for path in sorted(root.glob(name)):
        cells, stands = _read(path, delimiter, quote, header), pattern.fullmatch(path.relative_to(root).as_posix())
        if TABLE in cells.columns:
            raise DataError(f'{path}: has a column "{TABLE}", which here says which of the tables a row is from')
        parts.append(cells.assign(**{TABLE: stands.group(1) if stands is not None else path.stem}))
    if not parts:
        raise DataError(f"{table}: no such table")
    if len({tuple(cells.columns) for cells in parts}) > 1:
        raise DataError(f"{table}: these tables have different columns, so they cannot be read as one")
    return pd.concat(parts, ignore_index=True)


def _read(table: Path, delimiter: str, quote: str, header: bool) -> pd.DataFrame:
    """pandas takes LF, CRLF and bare CR line ends alike."""
    if not table.is_file():
        raise DataError(f"{table}: no such table")
    try:
        cells = pd.read_csv(
            table,
            sep=delimiter,
            quotechar=quote,
            header=0 if header else None,
            dtype=str,
            keep_default_na=False,
            encoding="utf-8-sig",
        )
    except (OSError, ValueError) as error:
        raise DataError(f"{table}: is not a readable table ({error})") from error
    if cells.empty:
        raise DataError(f"{table}: has no rows")
    cells.columns = cells.columns.astype(str).str.strip()
    return pd.DataFrame({column: cells[column].str.strip() for column in cells.columns})
