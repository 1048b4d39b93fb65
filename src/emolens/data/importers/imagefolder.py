"""Pictures in folders named after their labels."""

import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath

import pandas as pd

from emolens.data.importers.patterns import one_group_pattern
from emolens.data.importers.spaces import own_spaces, resolve_space
from emolens.data.manifest import Manifest
from emolens.errors import ConfigError, DataError
from emolens.media.image import IMAGE_SUFFIXES
from emolens.names import did_you_mean
from emolens.taxonomy import LabelSpace, get_label_space, list_label_spaces

SPLIT_FOLDERS = {
    "train": "train",
    "training": "train",
    "val": "val",
    "valid": "val",
    "validation": "val",
    "dev": "val",
    "test": "test",
    "testing": "test",
}


@dataclass(frozen=True)
class ImageFolderOptions:
    """How to read the folders."""

    label_space: str | None = None
    """Name of a label space, or path of a TOML file that describes one; without it, the folders' names must fit one."""
    label_pattern: str | None = None
    """Regular expression whose first group, searched in the path below SRC, is the label; instead of class folders."""
    label_fixes: Mapping[str, str] = field(default_factory=dict)
    """Label as the data set writes it -> label of the space, where they differ."""


def import_imagefolder(source: Path, options: ImageFolderOptions) -> Manifest:
    """``[SPLIT/]LABEL/**/picture``, or labels in the file names with ``label_pattern``.

    A first level of folders called train, val, test (or the like) becomes the split. Below a class folder there may be
    further folders. Files are known by their suffix; hidden ones are left out.

    Raises:
        DataError: no folder, no pictures in it, or a file name without a label.
        ConfigError: no label space is given and the folders' names match none, or several.
    """
    if not source.is_dir():
        raise DataError(f"{source}: is not a folder")
    paths, others = _pictures(source)
    if not paths:
        raise DataError(f"{source}: no pictures below this folder (of {', '.join(sorted(IMAGE_SUFFIXES))})")
    split_of = _split_folders(paths)
    found = [_raw_label(path, split_of, options, source) for path in paths]
    found = [options.label_fixes.get(label, label) for label in found]
    space = resolve_space(options.label_space) if options.label_space else _matching_space(sorted(set(found)), source)
    canonical = {label: _canonical(label, space, source) for label in set(found)}
    columns = {
        "id": paths,
        "path": paths,
        "media": ["image"] * len(paths),
        "label": [canonical[label] for label in found],
        "label_space": [space.name] * len(paths),
    }
    if split_of:
        columns["split"] = [split_of[path.split("/")[0]] for path in paths]
    notes = [f"label space {space.name}, by the names of the folders"] if not options.label_space else []
    if others:
        notes.append(f"{others} files were left out: their suffix is none of a picture's")
    metadata = {"notes": notes, **own_spaces(space)}
    return Manifest(pd.DataFrame(columns), metadata, source).freeze_splits()


def _pictures(source: Path) -> tuple[list[str], int]:
    """Paths relative to ``source``, sorted, and the number of files that are no pictures."""
    paths, others = [], 0
    seen: set[str] = set()
    for folder, subfolders, files in os.walk(source, followlinks=True):
        real = os.path.realpath(folder)
        if real in seen:  # a link to where we have been, perhaps to a parent: it would go on for ever
            subfolders.clear()
            continue
        seen.add(real)
        subfolders[:] = sorted(name for name in subfolders if not name.startswith("."))
        for name in files:
            if name.startswith("."):
                continue
            if os.path.splitext(name)[1].lower() in IMAGE_SUFFIXES:
                paths.append(Path(folder, name).relative_to(source).as_posix())
            else:
                others += 1
    return sorted(paths), others


def _split_folders(paths: list[str]) -> dict[str, str]:
    """First-level folder -> split, if all of them are called like splits."""
    first = {path.split("/")[0] for path in paths}
    splits = {name: SPLIT_FOLDERS[name.lower()] for name in first if name.lower() in SPLIT_FOLDERS}
    return splits if len(splits) == len(first) else {}


def _raw_label(path: str, split_of: Mapping[str, str], options: ImageFolderOptions, source: Path) -> str:
    if options.label_pattern is not None:
        match = one_group_pattern(options.label_pattern, "--label-pattern").search(path)
        if match is None:
            raise DataError(f'{source / path}: no label in its name (pattern "{options.label_pattern}")')
        return match.group(1)
    parts = PurePosixPath(path).parts[1 if split_of else 0 :]
    if len(parts) < 2:
        raise DataError(f"{source / path}: is in no class folder; the layout is [train|val|test/]LABEL/picture.jpg")
    return parts[0]


def _canonical(label: str, space: LabelSpace, source: Path) -> str:
    if space.find(label) is None:
        raise DataError(f'{source}: label "{label}" is not in {space.name}; {did_you_mean(label, space.labels)}')
    return space.canonical(label)


def _matching_space(names: Iterable[str], source: Path) -> LabelSpace:
    """The one built-in space of exactly these labels, or else the one that has them all and more."""
    names = list(names)
    spaces = [get_label_space(name) for name in list_label_spaces()]
    fitting = [space for space in spaces if all(space.find(name) is not None for name in names)]
    whole = [space for space in fitting if len({space.find(name) for name in names}) == len(space)]
    for candidates in (whole, fitting):
        if len(candidates) == 1:
            return candidates[0]
    shown = ", ".join(names[:12]) + (f", ... ({len(names)} in all)" if len(names) > 12 else "")
    if fitting:
        several = ", ".join(space.name for space in fitting)
        raise ConfigError(
            f"{source}: the folders ({shown}) fit several label spaces; choose with --label-space: {several}"
        )
    shared = {space.name: sum(space.find(name) is not None for name in names) for space in spaces}
    nearest = sorted(shared, key=lambda name: -shared[name])[:3]
    near = ", ".join(f"{name} ({shared[name]} of {len(names)} names)" for name in nearest if shared[name])
    raise ConfigError(
        f"{source}: the folders ({shown}) are the labels of no known space"
        + (f"; nearest: {near}" if near else "")
        + ". Rename them, or describe your own space: --label-space FILE.toml"
    )
