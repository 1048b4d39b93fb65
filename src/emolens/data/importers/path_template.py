"""Columns that stand in the names of folders and files: ``{domain}/{label}/{name}``."""

import re
from collections.abc import Sequence

from emolens.data.importers.splits import SPLIT_NAMES
from emolens.errors import ConfigError, DataError
from emolens.names import did_you_mean

NO_COLUMN = "name"  # of the file, or of a folder: read, and not kept
TAKEN = ("id", "path", "media", "label_space")  # what the importer itself writes
TOKEN = re.compile(r"\{([^{}]*)\}|(\*\*/)|(\*)")


def template_columns(paths: Sequence[str], template: str, elsewhere: Sequence[str] = ()) -> dict[str, list[str]]:
    """Column -> its value in each path.

    Args:
        paths: below SRC, with ``/`` between folders.
        template: of a whole path. ``{column}`` is what stands there, within one folder's or file's name; ``{name}`` and
            ``*`` are not kept; ``**/`` is any number of folders. ``split`` is understood as in folders (train,
            training, validation, ...).
        elsewhere: columns that the importer has from another place.

    Raises:
        ConfigError: if the template names no column, one twice, or one that the importer has already.
        DataError: if a path is not like the template, or a split is called otherwise; the message has the path.
    """
    pattern, columns = _compiled(template, (*TAKEN, *elsewhere))
    found: dict[str, list[str]] = {column: [] for column in columns}
    for path in paths:
        match = pattern.fullmatch(path)
        if match is None:
            raise DataError(f'{path}: is not like the --template "{template}"')
        for column, value in match.groupdict().items():
            found[column].append(value)
    if "split" in found:
        found["split"] = [_split(name, path) for name, path in zip(found["split"], paths, strict=True)]
    return found


def _compiled(template: str, taken: Sequence[str]) -> tuple[re.Pattern[str], list[str]]:
    parts, columns, end = [], [], 0
    for token in TOKEN.finditer(template):
        parts.append(re.escape(template[end : token.start()]))
        column, folders, _ = token.groups()
        end = token.end()
        if column is None or column == NO_COLUMN:
            parts.append("(?:[^/]+/)*" if folders else "[^/]+")
            continue
        if not column.isidentifier() or column in taken or column in columns:
            why = "is there twice" if column in columns else "cannot be read from the path here"
            raise ConfigError(f'--template "{template}": {{{column}}} {why}')
        columns.append(column)
        parts.append(f"(?P<{column}>[^/]+)")
    if not columns:
        raise ConfigError(f'--template "{template}": names no column, such as {{domain}} or {{label}}')
    return re.compile("".join([*parts, re.escape(template[end:])])), columns


def _split(name: str, path: str) -> str:
    if name.lower() not in SPLIT_NAMES:
        raise DataError(f'{path}: "{name}" is no split; {did_you_mean(name, SPLIT_NAMES)}')
    return SPLIT_NAMES[name.lower()]
