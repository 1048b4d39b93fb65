"""Pictures, videos or sounds in folders named after their labels."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath

import pandas as pd

from emolens.data.importers.files import MEDIA, Media, group_of
from emolens.data.importers.path_template import template_columns
from emolens.data.importers.patterns import one_group_pattern
from emolens.data.importers.registry import register_importer
from emolens.data.importers.spaces import canonical_label, matching_space, own_spaces, resolve_space
from emolens.data.importers.splits import SPLIT_NAMES
from emolens.data.manifest import Manifest
from emolens.errors import DataError
from emolens.files import walk


@dataclass(frozen=True)
class ImageFolderOptions:
    """How to read the folders."""

    media: Media = "image"
    """What the files are; those with other suffixes are left out and counted."""
    label_space: str | None = None
    """Name of a label space, or path of a TOML file that describes one; without it, the folders' names must fit one."""
    label_pattern: str | None = None
    """Regular expression whose first group, searched in the path below SRC, is the label; instead of class folders."""
    label_fixes: Mapping[str, str] = field(default_factory=dict)
    """Label as the data set writes it -> label of the space, where they differ."""
    template: str | None = None
    """Template of a whole path below SRC whose braces become columns, label and split too:
    "{platform}/{label}/{name}"; {name} and * are not kept, **/ is any number of folders."""
    group_pattern: str | None = None
    """Regular expression whose first group, matched on the file's name without suffix, is the group."""


@dataclass(frozen=True)
class VideoFolderOptions(ImageFolderOptions):
    """The same for videos."""

    media: Media = "video"


@register_importer("imagefolder", ImageFolderOptions)
@register_importer("videofolder", VideoFolderOptions)
def import_imagefolder(source: Path, options: ImageFolderOptions) -> Manifest:
    """``[SPLIT/]LABEL/**/FILE``, or labels in the file names with ``label_pattern``, or where ``template`` says.

    A first level of folders called train, val, test (or the like) becomes the split. Below a class folder there may be
    further folders. Files are known by their suffix; hidden ones are left out.

    Raises:
        DataError: if there is no folder, no file of that kind in it, or a file name has no label or no group, or is not
            like the template.
        ConfigError: if the template cannot be read, or if no label space is given and the folders' names match none, or
            several.
    """
    if not source.is_dir():
        raise DataError(f"{source}: is not a folder")
    what, suffixes = MEDIA[options.media]
    paths, others = _files(source, suffixes)
    if not paths:
        raise DataError(f"{source}: no {what} below this folder (of {', '.join(sorted(suffixes))})")
    named = template_columns(paths, options.template) if options.template is not None else {}
    split_of = _split_folders(paths) if "split" not in named else {}
    found = named.pop("label", None) or [_raw_label(path, split_of, options, source) for path in paths]
    found = [options.label_fixes.get(label, label) for label in found]
    if options.label_space:
        space = resolve_space(options.label_space)
    else:
        space = matching_space(sorted(set(found)), "folders", source)
    canonical = {label: canonical_label(label, space, str(source)) for label in set(found)}
    columns = {
        "id": paths,
        "path": paths,
        "media": [options.media] * len(paths),
        "label": [canonical[label] for label in found],
        "label_space": [space.name] * len(paths),
    }
    if split_of:
        columns["split"] = [split_of[path.split("/")[0]] for path in paths]
    columns |= named
    if options.group_pattern is not None:
        columns["group"] = [group_of(path, options.group_pattern) for path in paths]
    notes = [f"label space {space.name}, by the names of the folders"] if not options.label_space else []
    if others:
        notes.append(f"{others} files were left out: their suffix is none of {what}")
    metadata = {"notes": notes, **own_spaces(space)}
    return Manifest(pd.DataFrame(columns), metadata, source).freeze_splits()


def _files(source: Path, suffixes: frozenset[str]) -> tuple[list[str], int]:
    """Paths relative to ``source``, sorted, and the number of files with another suffix."""
    files = walk(source)
    paths = [path.relative_to(source).as_posix() for path in files if path.suffix.lower() in suffixes]
    return sorted(paths), len(files) - len(paths)


def _split_folders(paths: list[str]) -> dict[str, str]:
    """First-level folder -> split, if all of them are called like splits."""
    first = {path.split("/")[0] for path in paths}
    splits = {name: SPLIT_NAMES[name.lower()] for name in first if name.lower() in SPLIT_NAMES}
    return splits if len(splits) == len(first) else {}


def _raw_label(path: str, split_of: Mapping[str, str], options: ImageFolderOptions, source: Path) -> str:
    if options.label_pattern is not None:
        match = one_group_pattern(options.label_pattern, "--label-pattern").search(path)
        if match is None:
            raise DataError(f'{source / path}: no label in its name (pattern "{options.label_pattern}")')
        return match.group(1)
    parts = PurePosixPath(path).parts[1 if split_of else 0 :]
    if len(parts) < 2:
        raise DataError(f"{source / path}: is in no class folder; the layout is [train|val|test/]LABEL/FILE")
    return parts[0]
