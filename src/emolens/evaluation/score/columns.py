"""The columns by whose values the metrics are broken down: domain by domain, platform by platform."""

from collections.abc import Sequence

from emolens.data.manifest import Manifest
from emolens.data.validate import LISTS
from emolens.errors import ConfigError
from emolens.names import did_you_mean

USUAL = ("domain", "platform")  # what is broken down by where nothing else is asked for
MOST_VALUES = 50  # a longer table is read by nobody, and its few rows a value say nothing
NONE = "(none)"


def column_values(part: Manifest, by: Sequence[str] | None) -> dict[str, tuple[str, ...]]:
    """The values of the columns to break down by, a text for each row; ``(none)`` where a row has no value.

    Args:
        part: the rows.
        by: names of columns. None: ``domain`` and ``platform``, where there are such and they have at most 50 values.

    Raises:
        ConfigError: a column is unknown, holds lists, or has more than 50 values.
    """
    found = {}
    for column in USUAL if by is None else dict.fromkeys(by):
        if by is None and not part.has(column):
            continue
        if column not in part.frame.columns:
            known = [str(name) for name in part.frame.columns if name not in LISTS]
            raise ConfigError(f"--by {column}: no such column; {did_you_mean(column, known)}")
        if column in LISTS:
            raise ConfigError(f"--by {column}: holds lists; break down by a column with one value a row")
        values = part.frame[column]
        count = values.nunique()
        if count <= MOST_VALUES:
            found[column] = tuple(
                NONE if gone else str(value) for value, gone in zip(values, values.isna(), strict=True)
            )
        elif by is not None:
            raise ConfigError(
                f"--by {column}: has {count} values, and a breakdown shows at most {MOST_VALUES}; group them in a "
                "column of their own"
            )
    return found
