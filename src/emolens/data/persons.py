"""Who is in the pictures of a manifest, as columns of it.

Legend: P rows that are pictures, K persons of one picture.
"""

from collections.abc import Collection
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from emolens.data.loaders.box_table import BoxTable
from emolens.data.manifest import Manifest
from emolens.errors import DataError
from emolens.people.boxes import Box, rounded
from emolens.people.crop import View
from emolens.people.detect_files import FoundPersons
from emolens.people.finder import PersonFinder

COLUMNS = ("boxes", "box_scores", "height", "width")


def picture_rows(manifest: Manifest) -> NDArray[np.int64]:
    """Row numbers of the pictures, int64 (P,); the other rows are videos.

    Raises:
        DataError: no row is a picture.
    """
    row_P = np.flatnonzero(manifest.frame["media"] == "image")
    if not len(row_P):
        raise DataError(f"{manifest.root}: none of its {len(manifest)} rows is a picture (media = image)")
    return row_P


def view_boxes(manifest: Manifest, view: View) -> list[Box | None] | None:
    """What of each row is looked at: None for the scene, else the box of each row's person.

    The box is that of the most confident person; None in its place where nobody is, and of videos: there the person
    view is the scene, as in training.

    Raises:
        DataError: no column ``boxes``, or a box in it is malformed or outside its picture.
    """
    if view == "scene":
        return None
    if "boxes" not in manifest.frame.columns:
        raise DataError(
            'no column "boxes", by which persons are judged; add it with `emolens data people M.parquet --out '
            "M2.parquet`, or name a detector (--people yolox:PATH), or look at the scene (--who scene)"
        )
    table = BoxTable(manifest.frame)
    found: list[Box | None] = []
    for row in range(len(manifest)):
        box_K4, score_K = table.of(row)
        if not len(box_K4):
            found.append(None)
            continue
        best = 0 if score_K is None else int(np.argmax(score_K))
        left, top, right, bottom = map(float, box_K4[best])
        found.append((left, top, right, bottom))
    return found


def add_persons(
    manifest: Manifest, finder: PersonFinder, batch_size: int = 8, splits: Collection[str] | None = None
) -> tuple[Manifest, FoundPersons]:
    """A copy of a manifest with the boxes of persons, so that no detector runs while training.

    Each content goes through the detector once, ever: an interrupted call, made again, continues where it stopped.

    Args:
        manifest: of pictures; rows that are videos get no boxes. Boxes that it has already are replaced.
        finder: of the persons.
        splits: whose pictures are looked at; None for all rows.
        batch_size: pictures that go through the detector together, if its file allows that.

    Returns:
        The manifest with the columns ``boxes`` (K times x0, y0, x1, y1 in pixels of the upright picture) and
        ``box_scores`` (K; the most confident first; an empty list where nobody was found, null where the picture
        cannot be read), ``height`` and ``width``; and what was found in the P pictures, with the errors.

    Raises:
        DataError: no row is a picture, or the cache cannot be written.
    """
    row_P = picture_rows(manifest)
    if splits is not None:
        row_P = row_P[manifest.frame["split"].isin(splits).to_numpy()[row_P]]
    paths = manifest.paths()
    found = finder.in_files([paths[row] for row in row_P], batch_size)
    columns: dict[str, list[Any]] = {name: [None] * len(manifest) for name in COLUMNS}
    for row, persons, size in zip(row_P, found.persons, found.size, strict=True):
        if persons is not None and size is not None:
            columns["boxes"][row] = [list(rounded(box)) for box in persons.box_K4]
            columns["box_scores"][row] = [float(score) for score in persons.score_K]
            columns["height"][row], columns["width"][row] = size
    frame = manifest.frame.copy()
    for name, values in columns.items():
        frame[name] = pd.Series(values, dtype="Int64" if name in ("height", "width") else object, index=frame.index)
    stated = {
        "detector": finder.spec.rpartition("/")[2],
        "fingerprint": finder.detector.fingerprint,
        "threshold": finder.threshold,
    }
    return Manifest(frame, {**manifest.metadata, "people": stated}, manifest.root), found
