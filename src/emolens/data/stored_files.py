"""The files of a manifest, by row: where they are, or their bytes out of shards.

Legend: K rows.
"""

from collections.abc import Sequence
from pathlib import Path

from emolens.data.manifest import Manifest
from emolens.data.shards.reader import ShardReader
from emolens.errors import MediaError
from emolens.media.media_bytes import MediaBytes

Stored = Path | MediaBytes | MediaError


class StoredFiles:
    """What a decoder is given for a row; may be sent to worker processes.

    Attributes:
        location: where the files are, in messages.

    Args:
        manifest: of files, or the index of shards.

    Raises:
        DataError: if it is an index that points outside of its shards.
    """

    def __init__(self, manifest: Manifest) -> None:
        self._reader = ShardReader(manifest) if "shard" in manifest.frame.columns else None
        self._root = manifest.root.absolute()
        self.names = manifest.frame["path"].to_numpy()
        self.location = self._reader.location if self._reader is not None else str(self._root)

    def __len__(self) -> int:
        return len(self.names)

    def read(self, rows: Sequence[int]) -> list[Stored]:
        """K sources; an error in the place of one that cannot be had. A path is not looked at yet."""
        if self._reader is None:
            return [self._root / self.names[row] for row in rows]
        found = self._reader.read(list(rows))
        return [
            MediaError(content)
            if isinstance(content, str)
            else MediaBytes(f"{self.location}/{self.names[row]}", content)
            for row, content in zip(rows, found, strict=True)
        ]

    def expect(self, rows: Sequence[int]) -> None:
        """These are read next; what is far away is asked for now."""
        if self._reader is not None:
            self._reader.expect(rows)

    def stamp(self, row: int) -> list[int]:
        """What changes when a file does: its size and time of change, or CRC-32.

        Raises:
            OSError: if there is no such file.
        """
        if self._reader is not None:
            return self._reader.stamp(row)
        status = (self._root / self.names[row]).stat()
        return [status.st_size, status.st_mtime_ns]
