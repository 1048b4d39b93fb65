"""A table with a row a sample, and its files beside it.

Legend: N rows, C labels.
"""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path, PurePath
from typing import Any, Literal

import numpy as np
import pandas as pd

from emolens.data.importers.csv_tables import read_tables
from emolens.data.importers.path_template import template_columns
from emolens.data.importers.patterns import one_group_pattern
from emolens.data.importers.registry import register_importer
from emolens.data.importers.spaces import own_spaces, resolve_space
from emolens.data.importers.splits import SPLIT_NAMES
from emolens.data.manifest import Manifest
from emolens.data.validate import TARGETS
from emolens.errors import ConfigError, DataError
from emolens.names import did_you_mean
from emolens.taxonomy import LabelSpace

STEM = ":stem"


@dataclass(frozen=True)
class CsvOptions:
    """Which column is what.

    A column is meant by its name, or by its place as ``#0``, ``#1``, ...; ``#0:stem`` is the last part of a path in it,
    without suffix. A template is text with columns in braces:
    ``images/{Theme}.jpg``; in group, split, text, domain and platform, one without braces is the name of a column.
    Cells are stripped of blanks first.
    """

    path: tuple[str, ...] = ("{path}",)
    """Template of the file's path below SRC; of several, the first for which there is a file."""
    table: str = ""
    """The table below SRC; not needed where SRC is the table itself. A * stands for several tables, read as one: what
    it stands for is a further column, called table."""
    header: bool = True
    """Whether the first row names the columns."""
    delimiter: str = ","
    """What separates the cells."""
    quote: str = '"'
    """The character around cells that hold the delimiter."""
    where: Mapping[str, str] = field(default_factory=dict)
    """Column -> regular expression that the whole of its cell must match; other rows are not read."""
    id: str | None = None
    """Template of the id; may use {row}. Default: the path."""
    media: Literal["image", "video", "audio"] = "image"
    """What the files are."""
    label: str | None = None
    """Column of the label."""
    label_pattern: str | None = None
    """Regular expression whose first group, searched in the path, is the label."""
    label_space: str | None = None
    """Name of a label space, or path of a TOML file that describes one."""
    label_fixes: Mapping[str, str] = field(default_factory=dict)
    """Label as the table writes it -> label of the space, where they differ."""
    distribution: Mapping[str, str] = field(default_factory=dict)
    """Label -> column with its votes or share. The label is then the one with the most, if it is one alone."""
    polarity_at: float | None = None
    """Label by valence: above this positive, below it negative, exactly on it none (label space polarity2)."""
    valence: str | None = None
    """Column of the valence; needs a scale."""
    arousal: str | None = None
    """Column of the arousal; needs a scale."""
    dominance: str | None = None
    """Column of the dominance; needs a scale."""
    scale: tuple[float, float] | None = None
    """Ends of the scale of valence, arousal and dominance, such as 1 9."""
    group: str | None = None
    """Column, or template, of what must not straddle splits: theme, actor, source video."""
    group_pattern: str | None = None
    """Regular expression whose first group, matched on the file's name without suffix, is the group."""
    split: str | None = None
    """Column, or template, of the split; training, validation, dev and the like become train and val."""
    text: str | None = None
    """Column, or template, of a description."""
    domain: str | None = None
    """Column, or template, of the domain, such as photo or cartoon."""
    platform: str | None = None
    """Column, or template, of the platform that it was published on, such as TikTok."""
    template: str | None = None
    """Template of a whole path below SRC whose braces become columns: "images/{domain}/{name}"; {name} and * are not
    kept, **/ is any number of folders."""
    boxes: tuple[str, ...] = ()
    """The four columns left, top, right, bottom of a person's box, in pixels."""
    keep: tuple[str, ...] = ()
    """Further columns to keep, under their own names."""
    missing: Literal["error", "keep"] = "error"
    """A target without a value: an error, or kept and stated in the metadata."""


@register_importer("csv", CsvOptions)
def import_csv(source: Path, options: CsvOptions) -> Manifest:
    """Read the table, find the files; rows without a file are left out and counted in the notes.

    Raises:
        ConfigError: if options contradict each other, or name a column that the table lacks.
        DataError: if there is no table or no row with a file, a label is not in the space, or a cell is no number.
    """
    table = source / options.table if options.table else source
    root = table.parent if source == table else source
    cells = _chosen(read_tables(table, options.delimiter, options.quote, options.header), options, table)
    paths = _paths(cells, root, options, table)
    present_N = np.array([os.path.isfile(root / path) for path in paths], dtype=bool)
    if not present_N.any():
        raise DataError(
            f"{root / paths.iloc[0]}: no such file, and none for the other {len(paths) - 1} rows of {table}"
        )
    cells, paths = cells[present_N].reset_index(drop=True), paths[present_N].reset_index(drop=True)

    frame = pd.DataFrame({"id": paths, "path": paths, "media": options.media})
    if options.id is not None:
        frame["id"] = _fill(options.id, cells, table)
    metadata: dict[str, Any] = {"notes": _notes(present_N)}
    for column in ("group", "split", "text", "domain", "platform"):
        template = getattr(options, column)
        if template is not None:
            frame[column] = _fill(template if "{" in template else f"{{{template}}}", cells, table).replace("", None)
    if options.split is not None:
        frame["split"] = frame["split"].map(lambda name: SPLIT_NAMES.get(name.lower(), name), na_action="ignore")
    if options.template is not None:
        frame = frame.assign(**template_columns(list(paths), options.template, ("label",)))
    if options.group_pattern is not None:
        frame["group"] = _match(options.group_pattern, paths.map(lambda path: Path(path).stem), "group", table)
    _add_targets(frame, metadata, cells, options, table)
    if options.boxes:
        corners = [_numbers(cells, column, table) for column in options.boxes]
        frame["boxes"] = pd.Series([[list(box)] for box in zip(*corners, strict=True)], dtype=object)
    for column in options.keep:
        frame[column] = _column(cells, column, table)
    _add_labels(frame, metadata, cells, options, table)
    return Manifest(frame, metadata, root).freeze_splits()


def _column(cells: pd.DataFrame, name: str, table: Path) -> pd.Series[str]:
    if name.endswith(STEM) and name not in cells.columns:
        return _column(cells, name.removesuffix(STEM), table).map(lambda path: PurePath(path).stem)
    if re.fullmatch(r"#\d+", name) and int(name[1:]) < cells.shape[1]:
        return cells.iloc[:, int(name[1:])]
    if name not in cells.columns:
        raise ConfigError(f'{table}: no column "{name}"; {did_you_mean(name, map(str, cells.columns))}')
    return cells[name]


def _chosen(cells: pd.DataFrame, options: CsvOptions, table: Path) -> pd.DataFrame:
    for column, pattern in options.where.items():
        cells = cells[_column(cells, column, table).str.fullmatch(pattern)].reset_index(drop=True)
        if cells.empty:
            raise DataError(f'{table}: no row whose "{column}" is like "{pattern}"')
    return cells


def _fill(template: str, cells: pd.DataFrame, table: Path) -> pd.Series[str]:
    """The template with each row's cells put in."""
    names = re.findall(r"\{([^{}]+)\}", template)
    columns = {name: _column(cells, name, table) for name in names if name != "row"}
    if "row" in names:
        columns["row"] = pd.Series(np.arange(len(cells)).astype(str), index=cells.index)
    filled = pd.Series("", index=cells.index, dtype="str")
    for index, part in enumerate(re.split(r"\{([^{}]+)\}", template)):
        filled = filled + (columns[part] if index % 2 else part)
    return filled


def _paths(cells: pd.DataFrame, root: Path, options: CsvOptions, table: Path) -> pd.Series[str]:
    """Paths by the first template for which there is a file; by the first one where there is none at all."""
    candidates = [_fill(template, cells, table) for template in options.path]
    for paths in candidates:
        if any(os.path.isfile(root / path) for path in paths):
            return paths
    return candidates[0]


def _notes(present_N: np.ndarray[Any, Any]) -> list[str]:
    absent = int((~present_N).sum())
    return [f"{absent} of {len(present_N)} rows were left out: their files are absent"] if absent else []


def _numbers(cells: pd.DataFrame, column: str, table: Path) -> pd.Series[float]:
    texts = _column(cells, column, table)
    numbers = pd.to_numeric(texts, errors="coerce")
    wrong = numbers.isna() & ~texts.str.lower().isin(("", "nan", "na", "null"))
    if wrong.any():
        row = int(wrong.to_numpy().argmax())
        raise DataError(f'{table} row {row}: "{texts.iloc[row]}" in column "{column}" is not a number')
    return numbers.astype(np.float64)


def _match(pattern: str, texts: pd.Series[str], what: str, table: Path) -> pd.Series[str]:
    compiled = one_group_pattern(pattern, f"--{what}-pattern")
    found: pd.Series[str] = texts.str.extract(compiled.pattern, expand=True).iloc[:, 0]
    if found.isna().any():
        row = int(found.isna().to_numpy().argmax())
        raise DataError(f'{table} row {row}: no {what} in "{texts.iloc[row]}" (pattern "{pattern}")')
    return found


def _add_targets(
    frame: pd.DataFrame, metadata: dict[str, Any], cells: pd.DataFrame, options: CsvOptions, table: Path
) -> None:
    columns = {name: getattr(options, name) for name in TARGETS if getattr(options, name) is not None}
    if columns and options.scale is None:
        raise ConfigError(f"{table}: {', '.join(columns)} need the ends of their scale: --scale LOW HIGH")
    for name, column in columns.items():
        frame[name] = _numbers(cells, column, table)
        metadata.setdefault("scales", {})[name] = list(options.scale or ())
        missing = int(frame[name].isna().sum())
        if missing and options.missing == "keep":
            metadata.setdefault("missing", {})[name] = missing


def _add_labels(
    frame: pd.DataFrame, metadata: dict[str, Any], cells: pd.DataFrame, options: CsvOptions, table: Path
) -> None:
    given = [name for name in ("label", "label_pattern", "polarity_at") if getattr(options, name) is not None]
    if len(given) > 1:
        raise ConfigError(f"{table}: {' and '.join(given)} both make the label; give one")
    if not given and not options.distribution:
        return
    if options.polarity_at is not None:
        _add_polarity(frame, metadata, options, table)
        return
    if options.label_space is None:
        raise ConfigError(f"{table}: labels need their space: --label-space NAME, or a TOML file that describes it")
    space = resolve_space(options.label_space)
    metadata.update(own_spaces(space))
    if options.distribution:
        share_NC = _shares(cells, options, space, table)
        frame["distribution"] = pd.Series([list(row) for row in share_NC], dtype=object)
    if options.label is not None:
        raw = _column(cells, options.label, table)
    elif options.label_pattern is not None:
        raw = _match(options.label_pattern, frame["path"], "label", table)
    else:
        alone_N = (share_NC == share_NC.max(axis=1, keepdims=True)).sum(axis=1) == 1
        winners = [space.labels[best] for best in share_NC.argmax(axis=1)]
        raw = pd.Series(winners, index=frame.index, dtype="str").where(alone_N, "")
        metadata["label_rule"] = "the label with the most votes; none where several have as many"
    frame["label"] = _canonical(raw.replace(dict(options.label_fixes)), space, table)
    frame["label_space"] = space.name


def _add_polarity(frame: pd.DataFrame, metadata: dict[str, Any], options: CsvOptions, table: Path) -> None:
    if "valence" not in frame.columns:
        raise ConfigError(f"{table}: a polarity by the valence needs a valence column")
    middle = options.polarity_at
    label = pd.Series(pd.NA, index=frame.index, dtype="str")
    frame["label"] = label.mask(frame["valence"] > middle, "positive").mask(frame["valence"] < middle, "negative")
    frame["label_space"] = "polarity2"
    metadata["label_rule"] = f"positive above a mean valence of {middle:g}, negative below it, no label exactly on it"


def _shares(cells: pd.DataFrame, options: CsvOptions, space: LabelSpace, table: Path) -> np.ndarray[Any, Any]:
    """Share of each label, float64, shape (N, C), rows summing to 1."""
    vote_NC = np.zeros((len(cells), len(space)))
    for label, column in options.distribution.items():
        vote_NC[:, space.index(label)] = _numbers(cells, column, table)
    total_N = vote_NC.sum(axis=1)
    if not (total_N > 0).all():
        raise DataError(f"{table} row {int((~(total_N > 0)).argmax())}: no votes for any label of {space.name}")
    shares: np.ndarray[Any, Any] = vote_NC / total_N[:, None]
    return shares


def _canonical(raw: pd.Series[str], space: LabelSpace, table: Path) -> pd.Series[str]:
    """Labels as the space writes them; an empty cell is no label."""
    known: dict[str, str | None] = {"": None}
    for label in raw.unique():
        if label and space.find(label) is None:
            row = int((raw == label).to_numpy().argmax())
            hint = did_you_mean(label, space.labels)
            raise DataError(f'{table} row {row}: label "{label}" is not in {space.name}; {hint}')
        if label:
            known[label] = space.canonical(label)
    return raw.map(known).astype("str")
