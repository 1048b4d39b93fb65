"""Lists in the form of UCF-101: ``classInd.txt``, ``trainlist01.txt``, ``testlist01.txt``, and so on for each fold."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pandas as pd

from emolens.data.importers.files import Media, absent_note, check_templates, find_file, group_of
from emolens.data.importers.path_template import template_columns
from emolens.data.importers.registry import register_importer
from emolens.data.importers.spaces import canonical_label, matching_space, own_spaces, resolve_space
from emolens.data.manifest import Manifest
from emolens.errors import ConfigError, DataError
from emolens.files import read_text
from emolens.names import did_you_mean

CLASSES = "classInd.txt"
LISTS = ("train", "val", "test")


@dataclass(frozen=True)
class SplitListsOptions:
    """Which lists, and where the files lie."""

    lists: str = ""
    """Folder of the lists below SRC; without it they are in SRC, or else in ``annotations``."""
    fold: int = 1
    """Which of the numbered splits, from 1."""
    path: tuple[str, ...] = ("{path}", "videos/{path}")
    """Templates of a file's path below SRC; ``{path}`` is as in the lists, with or without suffix."""
    media: Media = "video"
    label_space: str | None = None
    """Name of a label space, or path of a TOML file that describes one; without it, the classes must fit one."""
    label_fixes: Mapping[str, str] = field(default_factory=dict)
    """Label as the data set writes it -> label of the space, where they differ."""
    template: str | None = None
    """Template of a whole path below SRC whose braces become columns: "{platform}/{label}/{name}"; {name} and * are not
    kept, **/ is any number of folders."""
    group_pattern: str | None = None
    """Regular expression whose first group, matched on the file's name without suffix, is the group."""


@register_importer("splitlists", SplitListsOptions)
def import_splitlists(source: Path, options: SplitListsOptions) -> Manifest:
    """Read the lists of one fold, find the files; rows without a file are left out and counted in the notes.

    ``classInd.txt`` has lines ``1 Anger``; without it the folders' names are the classes. The lists have lines
    ``Anger/NAME.mp4 1`` or ``Anger/NAME``: the folder is the label, and the number, if there is one, must agree. A
    ``vallist01.txt`` is read where it exists.

    Raises:
        ConfigError: if the fold is below 1, or no label space is given and the classes fit none, or several.
        DataError: if there are no lists of that fold, ``classInd.txt`` lacks a class, a file is listed twice, a label
            is not in the space, or no file is found.
    """
    check_templates(options.path, ("path",))
    folder = _folder(source, options)
    lists = _lists(folder, options.fold)
    classes = _classes(folder / CLASSES)
    entries = [entry for split, path in lists.items() for entry in _entries(split, path, classes, source, options)]
    _check_once(entries)
    names = sorted({options.label_fixes.get(entry.label, entry.label) for entry in entries})
    space = resolve_space(options.label_space) if options.label_space else matching_space(names, "classes", folder)
    columns: dict[str, list[Any]] = {name: [] for name in ("id", "path", "media", "split", "label", "label_space")}
    for entry in entries:
        label = canonical_label(options.label_fixes.get(entry.label, entry.label), space, entry.where)
        if entry.file is not None:
            values = (entry.path, entry.file, options.media, entry.split, label, space.name)
            for column, value in zip(columns.values(), values, strict=True):
                column.append(value)
    if not columns["id"]:
        expected = " or ".join(str(source / template) for template in options.path)
        raise DataError(
            f"{folder}: none of the {len(entries)} listed files is there; expected them at {expected}, the first being "
            f"{entries[0].path}"
        )
    if options.template is not None:
        columns |= template_columns(columns["path"], options.template, ("label", "split"))
    if options.group_pattern is not None:
        columns["group"] = [group_of(path, options.group_pattern) for path in columns["path"]]
    notes = absent_note(len(entries) - len(columns["id"]), len(entries))
    metadata = {"notes": notes, "fold": options.fold, **own_spaces(space)}
    return Manifest(pd.DataFrame(columns), metadata, source).freeze_splits()


@dataclass(frozen=True)
class _Entry:
    """One line of a list."""

    where: str
    split: str
    path: str
    label: str
    file: str | None


def _folder(source: Path, options: SplitListsOptions) -> Path:
    if options.lists:
        return source / options.lists
    places = (source, source / "annotations")
    return next((place for place in places if any(place.glob("trainlist*.txt"))), source)


def _lists(folder: Path, fold: int) -> dict[str, Path]:
    """Split -> its list, of one fold; train and test must be there."""
    if fold < 1:
        raise ConfigError(f"--fold {fold}: the folds are numbered from 1")
    numbers = [re.fullmatch(r"trainlist(\d+)", path.stem) for path in folder.glob("trainlist*.txt")]
    known = sorted(int(number.group(1)) for number in numbers if number is not None)
    if not known:
        raise DataError(f"{folder}: no trainlist01.txt; the lists are trainlist01.txt, testlist01.txt, ...")
    if fold not in known:
        raise DataError(f"{folder}: no fold {fold}; there are {', '.join(map(str, known))}")
    found = {}
    for split in LISTS:
        candidates = [folder / f"{split}list{number}.txt" for number in (f"{fold:02d}", fold)]
        present = next((path for path in candidates if path.is_file()), None)
        if present is not None:
            found[split] = present
        elif split != "val":
            raise DataError(f"{candidates[0]}: is missing, the {split} list of fold {fold}")
    return found


def _lines(path: Path) -> list[tuple[int, str]]:
    """Number (from 1) and text of the lines that are not blank."""
    lines = read_text(path).splitlines()
    return [(number, line.strip()) for number, line in enumerate(lines, start=1) if line.strip()]


def _classes(path: Path) -> dict[str, int] | None:
    """Class -> its number; None where there is no such file."""
    if not path.is_file():
        return None
    classes = {}
    for number, line in _lines(path):
        match = re.fullmatch(r"(\d+)\s+(\S.*)", line)
        if match is None:
            raise DataError(f'{path} line {number}: expected "NUMBER LABEL", found "{line[:100]}"')
        classes[match.group(2)] = int(match.group(1))
    return classes


def _entries(
    split: str, path: Path, classes: dict[str, int] | None, source: Path, options: SplitListsOptions
) -> list[_Entry]:
    found = []
    for number, line in _lines(path):
        where = f"{path} line {number}"
        name, stated = line, None
        file = find_file(source, options.path, {"path": line}, options.media)
        match = re.fullmatch(r"(.*\S)\s+(\d+)", line)
        if file is None and match is not None:  # a name may itself end in a blank and a number
            name, stated = match.group(1), int(match.group(2))
            file = find_file(source, options.path, {"path": name}, options.media)
        label, slash, _ = name.partition("/")
        if not slash:
            raise DataError(f'{where}: expected "LABEL/FILE [NUMBER]", found "{line[:100]}"')
        if classes is not None and label not in classes:
            raise DataError(f'{where}: class "{label}" is not in {CLASSES}; {did_you_mean(label, classes)}')
        if classes is not None and stated is not None and stated != classes[label]:
            raise DataError(f'{where}: class "{label}" has the number {classes[label]} in {CLASSES}, not {stated}')
        found.append(_Entry(where, split, name, label, file))
    return found


def _check_once(entries: list[_Entry]) -> None:
    seen: dict[str, _Entry] = {}
    for entry in entries:
        first = seen.setdefault(entry.path, entry)
        if first is not entry:
            raise DataError(f"{entry.where}: {entry.path} is listed already in {first.where}")
