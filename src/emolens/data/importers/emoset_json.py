"""The layout of the EmoSet release: lists of [emotion, image, annotation] and a file of attributes for each image."""

import json
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from emolens.data.importers.registry import register_importer
from emolens.data.importers.spaces import canonical_label, own_spaces, resolve_space
from emolens.data.manifest import Manifest
from emolens.errors import DataError
from emolens.files import read_json
from emolens.names import did_you_mean
from emolens.progress import track

SPLITS = ("train", "val", "test")
ATTRIBUTES = ("brightness", "colorfulness", "scene", "object", "facial_expression", "human_action")


@dataclass(frozen=True)
class EmoSetOptions:
    """What to read."""

    label_space: str = "mikels8"
    attributes: bool = True
    """Also read the attribute file of each image, into the columns brightness, colorfulness, scene, object, ..."""


@register_importer("emoset_json", EmoSetOptions)
def import_emoset_json(source: Path, options: EmoSetOptions) -> Manifest:
    """``info.json``, ``train.json``, ``val.json``, ``test.json``, ``image/LABEL/*.jpg``, ``annotation/LABEL/*.json``.

    Releases differ in the rows of the lists: [emotion, image, annotation] or [emotion, id, image, annotation].

    Raises:
        DataError: if a list is missing, a row has another form, or info.json lacks a label or attribute value.
    """
    info = read_json(source / "info.json")
    space = resolve_space(options.label_space)
    columns: dict[str, list[Any]] = {name: [] for name in ("id", "path", "media", "split", "label", "label_space")}
    notes: list[str] = []
    annotations: list[Path] = []
    for split in SPLITS:
        listing = source / f"{split}.json"
        rows = read_json(listing)
        absent = 0
        for number, row in enumerate(rows):
            emotion, image, annotation = _fields(row, listing, number)
            label = canonical_label(emotion, space, f"{listing} row {number}")
            if not os.path.isfile(source / image):
                absent += 1
                continue
            values = (Path(image).stem, image, "image", split, label, space.name)
            for column, value in zip(columns.values(), values, strict=True):
                column.append(value)
            annotations.append(source / annotation)
        if absent:
            notes.append(f"{absent} of {len(rows)} rows of {listing.name} were left out: their images are absent")
    if not columns["id"]:
        raise DataError(f"{source}: none of the listed images is there; expected them in {source / 'image'}")
    frame = pd.DataFrame(columns)
    if options.attributes:
        frame = frame.join(_attributes(annotations, info, notes))
    return Manifest(frame, {"notes": notes, **own_spaces(space)}, source).freeze_splits()


def _fields(row: Any, listing: Path, number: int) -> tuple[str, str, str]:
    if not isinstance(row, list) or len(row) not in (3, 4) or not all(isinstance(part, str) for part in row):
        raise DataError(f"{listing} row {number}: expected [emotion, image, annotation], found {json.dumps(row)[:100]}")
    return row[0], row[-2], row[-1]


def _attributes(annotations: list[Path], info: dict[str, Any], notes: list[str]) -> pd.DataFrame:
    """One column an attribute; None where an image has none. Numbers stay numbers, ``object`` is a list of words."""
    if not any(path.is_file() for path in annotations[:1]):
        notes.append(f"no attributes: {annotations[0]} is absent")
        return pd.DataFrame(index=range(len(annotations)))
    columns: dict[str, list[Any]] = {name: [] for name in ATTRIBUTES}
    for path in track(annotations, "attributes"):
        read = read_json(path)
        for name in ATTRIBUTES:
            value = read.get(name)
            known = info.get(name, {}).get("label2idx", {})
            for word in value if isinstance(value, list) else [value] if value is not None else []:
                if known and str(word) not in known:
                    raise DataError(f'{path}: {name} "{word}" is not in info.json; {did_you_mean(str(word), known)}')
            columns[name].append(value)
    # A column in which no image has a value tells nothing, and has no type.
    return pd.DataFrame(
        {name: values for name, values in columns.items() if any(value is not None for value in values)}
    )
