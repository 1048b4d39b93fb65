"""The pictures of a manifest, by row: from files or out of shards.

Legend: N rows, H, W height and width, C = 3 channels.
"""

import sys
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from emolens.data.loaders.box_table import BoxTable
from emolens.data.manifest import Manifest
from emolens.data.shards import ShardReader
from emolens.errors import DataError, MediaError
from emolens.media.image import read_image
from emolens.people.boxes import boxes_inside

MAX_BAD = 8  # unreadable rows one after another: then it is not a bad file, it is the wrong root
DRAFTS = (1, 2, 4, 8)  # what a JPEG may be shrunk by while it is decoded


@dataclass(frozen=True)
class Picture:
    """One decoded row.

    Attributes:
        row: which; another one than was asked for where that could not be read.
        image_HWC: uint8 RGB, perhaps decoded at a fraction of its size.
        box_K4: persons in pixels of ``image_HWC``, float64, shape (K, 4).
        score_K: their scores, or None where the table has none.
    """

    row: int
    image_HWC: NDArray[np.uint8]
    box_K4: NDArray[np.float64]
    score_K: NDArray[np.float64] | None


class Pictures:
    """Reads rows of a manifest; may be sent to worker processes.

    Args:
        manifest: all its rows are pictures; ``boxes``, ``box_scores``, ``height`` and ``width`` are used if there.

    Raises:
        DataError: rows that are no pictures, or boxes that are not inside their picture, as far as its size is stated.
    """

    def __init__(self, manifest: Manifest) -> None:
        frame = manifest.frame
        other = np.flatnonzero(frame["media"] != "image")
        if len(other):
            media = frame["media"].iloc[other[0]]
            raise DataError(f'row {other[0]} (id "{frame["id"].iloc[other[0]]}"): is media "{media}", not a picture')
        self._reader = ShardReader(manifest) if "shard" in frame.columns else None
        self._root = manifest.root.absolute()
        self._paths = frame["path"].to_numpy()
        self._boxes = BoxTable(frame)
        self._said: set[int] = set()

    def __len__(self) -> int:
        return len(self._paths)

    def name(self, row: int) -> str:
        """The row as messages call it."""
        return self._boxes.name(row)

    def read(self, rows: Sequence[int], min_side: int | None = None) -> list[Picture]:
        """These rows, decoded.

        Args:
            min_side: see :func:`emolens.media.image.read_image`. Where a row has boxes but its size is not stated, the
                picture is decoded whole, since its boxes could not be scaled.

        Raises:
            MediaError: a picture that cannot be read; names the row.
            DataError: a box outside its picture, or a picture of another size than the table states.
        """
        found = []
        for row, source in zip(rows, self._sources(rows), strict=True):
            found.append(self._decode(row, source, min_side))
        return found

    def read_or_next(self, rows: Sequence[int], min_side: int | None = None) -> list[Picture]:
        """For training: a row that cannot be read is replaced by the next that can, and said once.

        One bad file among a million must not end a run of days; the replacement is the same each time.

        Raises:
            DataError: ``MAX_BAD`` rows one after another cannot be read; or as for :meth:`read`.
        """
        found = []
        for row, source in zip(rows, self._sources(rows), strict=True):
            for step in range(MAX_BAD):
                other = (row + step) % len(self)
                try:
                    found.append(self._decode(other, source if step == 0 else self._sources([other])[0], min_side))
                    break
                except MediaError as error:
                    if other not in self._said:
                        self._said.add(other)
                        print(f"emolens: {error}; the next picture is taken instead", file=sys.stderr, flush=True)
            else:
                raise DataError(
                    f"{self.name(row)} and the {MAX_BAD - 1} rows after it cannot be read; are the pictures still "
                    f"where the manifest says ({self._reader.location if self._reader else self._root})?"
                )
        return found

    def _sources(self, rows: Sequence[int]) -> list[Any]:
        """A path, or bytes, or a MediaError for each row."""
        if self._reader is None:
            return [self._root / self._paths[row] for row in rows]
        return [MediaError(got) if isinstance(got, str) else got for got in self._reader.read(list(rows))]

    def _decode(self, row: int, source: Any, min_side: int | None) -> Picture:
        if isinstance(source, MediaError):
            raise MediaError(f"{self.name(row)}: {source}")
        (boxes, scores), size_2 = self._boxes.of(row), self._boxes.size_N2[row]
        stated = not np.isnan(size_2).any()
        try:
            image_HWC = read_image(source, min_side if stated or not len(boxes) else None)
        except MediaError as error:
            raise MediaError(f"{self.name(row)}: {error}") from error
        box_K4 = np.empty((0, 4))
        if len(boxes):
            h, w = image_HWC.shape[:2]
            height, width = (int(size_2[0]), int(size_2[1])) if stated else (h, w)
            if not any((h, w) == (-(-height // by), -(-width // by)) for by in DRAFTS):
                raise DataError(
                    f"{self.name(row)}: the picture is {w} x {h} pixels, but its boxes are of one of {width} x "
                    f"{height}; it was changed: detect its persons again with `emolens data people`"
                )
            box_K4 = boxes_inside(boxes, height, width, self.name(row)) * (w / width, h / height, w / width, h / height)
        return Picture(row, image_HWC, box_K4, scores)
