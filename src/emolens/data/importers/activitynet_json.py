"""One JSON file in the form of ActivityNet: the labels, and for each video its subset and its annotation."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pandas as pd

from emolens.data.importers.files import Media, absent_note, check_templates, find_file, group_of
from emolens.data.importers.path_template import template_columns
from emolens.data.importers.registry import register_importer
from emolens.data.importers.spaces import canonical_label, matching_space, own_spaces, resolve_space
from emolens.data.importers.splits import SPLIT_NAMES
from emolens.data.manifest import Manifest
from emolens.errors import DataError
from emolens.files import read_json
from emolens.taxonomy import LabelSpace

FORM = '{"labels": [...], "database": {ID: {"subset": ..., "annotations": {"label": ...}}}}'


@dataclass(frozen=True)
class ActivityNetOptions:
    """How to read the file, and where the videos lie."""

    table: str = ""
    """The JSON file below SRC; not needed where SRC is that file, or has no other in it or in its ``annotations``."""
    path: tuple[str, ...] = ("{label}/{id}", "{id}", "videos/{label}/{id}", "videos/{id}")
    """Templates of a file's path below SRC, with or without suffix; the first for which there is a file. ``{label}`` is
    as the JSON file writes it."""
    media: Media = "video"
    label_space: str | None = None
    """Name of a label space, or path of a TOML file that describes one; without it, the labels must fit one."""
    label_fixes: Mapping[str, str] = field(default_factory=dict)
    """Label as the data set writes it -> label of the space, where they differ."""
    subsets: Mapping[str, str] = field(default_factory=dict)
    """Name of a subset -> split, where it is other than its plain meaning (training, validation, testing)."""
    template: str | None = None
    """Template of a whole path below SRC whose braces become columns: "{platform}/{label}/{name}"; {name} and * are not
    kept, **/ is any number of folders."""
    group_pattern: str | None = None
    """Regular expression whose first group, matched on the file's name without suffix, is the group."""


@register_importer("activitynet_json", ActivityNetOptions)
def import_activitynet_json(source: Path, options: ActivityNetOptions) -> Manifest:
    """Read the file, find the videos; rows without a file are left out and counted in the notes.

    ``annotations`` is one object with a ``label``, or a list of such (segments, all of one label); a row with an empty
    list has no label.

    Raises:
        ConfigError: if a template has an unknown name, or no label space is given and the labels fit none, or several.
        DataError: if the file is missing or of another form, a subset is unknown, a label is not in the space, a video
            has several labels, or no video is found.
    """
    check_templates(options.path, ("id", "label"))
    table = _table(source, options)
    root = source if source.is_dir() else source.parent
    database, listed = _read(table)
    space = _space(listed, options, table)
    columns: dict[str, list[Any]] = {name: [] for name in ("id", "path", "media", "split", "label", "label_space")}
    for name, entry in database.items():
        where = f'{table}: "{name}"'
        split, raw = _split(entry, options, where), _label(entry, where)
        label = None if raw is None else canonical_label(options.label_fixes.get(raw, raw), space, where)
        path = find_file(root, options.path, {"id": name, "label": raw or ""}, options.media)
        if path is not None:
            values = (name, path, options.media, split, label, None if label is None else space.name)
            for column, value in zip(columns.values(), values, strict=True):
                column.append(value)
    if not columns["id"]:
        expected = " or ".join(str(root / template) for template in options.path)
        raise DataError(f"{table}: none of its {len(database)} files is there; expected them at {expected}")
    if options.template is not None:
        columns |= template_columns(columns["path"], options.template, ("label", "split"))
    if options.group_pattern is not None:
        columns["group"] = [group_of(path, options.group_pattern) for path in columns["path"]]
    notes = absent_note(len(database) - len(columns["id"]), len(database))
    if options.label_space is None:
        notes.append(f"label space {space.name}, by the labels of the file")
    return Manifest(pd.DataFrame(columns), {"notes": notes, **own_spaces(space)}, root).freeze_splits()


def _table(source: Path, options: ActivityNetOptions) -> Path:
    if options.table:
        return source / options.table
    if not source.is_dir():
        return source
    found = sorted([*source.glob("*.json"), *source.glob("annotations/*.json")])
    if len(found) == 1:
        return found[0]
    if not found:
        raise DataError(f"{source}: no JSON file in it, nor in {source / 'annotations'}; name it with --table")
    names = ", ".join(str(path.relative_to(source)) for path in found)
    raise DataError(f"{source}: several JSON files ({names}); choose with --table")


def _read(table: Path) -> tuple[dict[str, Any], list[str]]:
    """The database, and the labels that the file lists."""
    content = read_json(table)
    database = content.get("database") if isinstance(content, dict) else None
    if not isinstance(database, dict) or not all(isinstance(entry, dict) for entry in database.values()):
        raise DataError(f"{table}: is not of the form {FORM}")
    if not database:
        raise DataError(f'{table}: its "database" is empty')
    return database, [str(label) for label in content.get("labels") or []]


def _space(listed: list[str], options: ActivityNetOptions, table: Path) -> LabelSpace:
    if options.label_space is not None:
        return resolve_space(options.label_space)
    return matching_space([options.label_fixes.get(label, label) for label in listed], "labels", table)


def _split(entry: dict[str, Any], options: ActivityNetOptions, where: str) -> str:
    subset = str(entry.get("subset"))
    known = {**SPLIT_NAMES, **options.subsets}
    if subset.lower() in SPLIT_NAMES or subset in known:
        return known.get(subset) or known[subset.lower()]
    raise DataError(f'{where}: subset "{subset}" is none of training, validation, testing')


def _label(entry: dict[str, Any], where: str) -> str | None:
    annotations = entry.get("annotations", [])
    if isinstance(annotations, dict):
        annotations = [annotations]
    if not isinstance(annotations, list) or not all(isinstance(a, dict) and "label" in a for a in annotations):
        raise DataError(f'{where}: "annotations" must be {{"label": ...}}, or a list of such')
    labels = sorted({str(annotation["label"]) for annotation in annotations})
    if len(labels) > 1:
        raise DataError(f"{where}: several labels ({', '.join(labels)}); a row has one")
    return labels[0] if labels else None
