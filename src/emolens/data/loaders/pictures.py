"""The pictures of a manifest, by row: from files or out of shards.

Legend: N rows, K persons of one picture, H, W height and width, C = 3 channels.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from emolens.data.loaders.bad_rows import BadRows
from emolens.data.loaders.box_table import BoxTable
from emolens.data.manifest import Manifest
from emolens.data.stored_files import Stored, StoredFiles
from emolens.errors import DataError, MediaError
from emolens.media.image import read_image_and_size
from emolens.people.boxes import boxes_inside


@dataclass(frozen=True)
class Picture:
    """One decoded row.

    Attributes:
        row: its number; not the one that was asked for if that could not be read.
        image_HWC: uint8 RGB; a JPEG may be decoded at 1/2, 1/4 or 1/8 of its size.
        box_K4: persons in pixels of ``image_HWC``, float64, shape (K, 4).
        score_K: their scores, or None if the table has none.
    """

    row: int
    image_HWC: NDArray[np.uint8]
    box_K4: NDArray[np.float64]
    score_K: NDArray[np.float64] | None


class Pictures:
    """Reads rows of a manifest; may be sent to worker processes.

    Args:
        manifest: all its rows are pictures; ``boxes``, ``box_scores``, ``height`` and ``width`` are used if present.

    Raises:
        DataError: if a row is not a picture, or a box is not inside its picture, as far as its size is stated.
    """

    def __init__(self, manifest: Manifest) -> None:
        frame = manifest.frame
        other = np.flatnonzero(frame["media"] != "image")
        if len(other):
            media = frame["media"].iloc[other[0]]
            raise DataError(f'row {other[0]} (id "{frame["id"].iloc[other[0]]}"): is media "{media}", not a picture')
        self._files = StoredFiles(manifest)
        self._boxes = BoxTable(frame)
        self._bad = BadRows(len(frame), "picture", self._files.location)

    def __len__(self) -> int:
        return len(self._files)

    def name(self, row: int) -> str:
        """The row as messages call it."""
        return self._boxes.name(row)

    def expect(self, rows: Sequence[int]) -> None:
        """See :meth:`emolens.data.stored_files.StoredFiles.expect`."""
        self._files.expect(rows)

    def read(self, rows: Sequence[int], min_side: int | None = None) -> list[Picture]:
        """These rows, decoded.

        Args:
            min_side: see :func:`emolens.media.image.read_image`.

        Raises:
            MediaError: if a picture cannot be read; names the row.
            DataError: if a box is outside its picture, or a picture has another size than the table states.
        """
        return [self._decode(row, source, min_side) for row, source in zip(rows, self._files.read(rows), strict=True)]

    def read_or_next(self, rows: Sequence[int], min_side: int | None = None) -> list[Picture]:
        """For training: a row that cannot be read is replaced by the next that can; see :class:`BadRows`.

        Raises:
            DataError: if many rows one after another cannot be read; or as for :meth:`read`.
        """
        found = []
        for row, source in zip(rows, self._files.read(rows), strict=True):

            def decode(other: int, row: int = row, source: Stored = source) -> Picture:
                return self._decode(other, source if other == row else self._files.read([other])[0], min_side)

            found.append(self._bad.read_or_next(row, self.name(row), decode)[1])
        return found

    def _decode(self, row: int, source: Stored, min_side: int | None) -> Picture:
        if isinstance(source, MediaError):
            raise MediaError(f"{self.name(row)}: {source}")
        (boxes, scores), stated_2 = self._boxes.of(row), self._boxes.size_N2[row]
        try:
            image_HWC, (height, width) = read_image_and_size(source, min_side)
        except MediaError as error:
            raise MediaError(f"{self.name(row)}: {error}") from error
        box_K4 = np.empty((0, 4))
        if len(boxes):
            if not np.isnan(stated_2).any() and (height, width) != tuple(stated_2):
                raise DataError(
                    f"{self.name(row)}: the picture is {width} x {height} pixels, but its boxes are of one of "
                    f"{stated_2[1]:.0f} x {stated_2[0]:.0f}; it was changed: detect its persons again with "
                    "`emolens data people`"
                )
            h, w = image_HWC.shape[:2]
            box_K4 = boxes_inside(boxes, height, width, self.name(row)) * (w / width, h / height, w / width, h / height)
        return Picture(row, image_HWC, box_K4, scores)
