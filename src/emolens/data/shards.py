"""A data set as a few large files, for disks and object stores that are slow with millions of small ones.

``DIR/shard-00000.tar`` ... hold the encoded pictures as they are; ``DIR/index.parquet`` is the manifest itself, with
the columns ``shard``, ``offset``, ``size`` and ``crc32`` of each row. Everything that reads a manifest reads that one.

Why plain tar with an index, and neither litdata nor WebDataset: a row is found by its offset, so any order of rows can
be asked for, and an epoch resumes in its middle from the sampler's position alone: no shuffle buffer to refill, no
state of a stream to save, the same batches whatever the number of workers, processes or shards. It needs no
dependency, pictures are not encoded again, and any ``tar`` unpacks it. From an object store a row is one
ranged read (pyarrow.fs: S3, GCS, HDFS), many at a time.

Legend: N rows.
"""

import hashlib
import json
import os
import re
import tarfile
import zlib
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from emolens.data.manifest import Manifest
from emolens.errors import ConfigError, DataError
from emolens.files import atomic_path, read_json, write_json
from emolens.prefetch import prefetch
from emolens.progress import progress

INDEX = "index.parquet"
PLAN = "plan.json"  # there while the shards are being written
SHARD_MB = 256.0  # large enough for sequential disks and stores, small enough to copy again when one breaks
COLUMNS = ("shard", "offset", "size", "crc32")
MAX_OPEN = 256  # shards; processes are usually allowed 1,024 files
SHOWN = 3  # missing files that a message names


@dataclass(frozen=True)
class _Shard:
    """Consecutive rows of one file."""

    name: str
    first: int
    last: int
    """Not included."""


def write_shards(manifest: Manifest, folder: Path, shard_mb: float = SHARD_MB) -> Manifest:
    """Copy the files of a manifest into shards; started again after a stop, it continues with the next shard.

    Args:
        manifest: of files that are all there.
        folder: made if need be; empty, or with the beginning of the same work.
        shard_mb: size that a shard should have, in 10^6 bytes; the last file may reach over it.

    Returns:
        The index, as it is written to ``folder/index.parquet``, last of all.

    Raises:
        ConfigError: if the folder holds other shards, or ``shard_mb`` is not above 0.
        DataError: if files are missing, or change while they are copied; nothing is half-written.
    """
    if not shard_mb > 0:
        raise ConfigError(f"shard size {shard_mb} MB: must be above 0")
    if "shard" in manifest.frame.columns:
        raise ConfigError("this manifest is the index of shards already; give the one that they were made of")
    paths = manifest.paths()
    size_N = _sizes(paths)
    shards = _plan(size_N, shard_mb * 1e6)
    _claim(folder, manifest, paths, size_N, shard_mb)
    columns: dict[str, list[Any]] = {name: [] for name in ("path", *COLUMNS)}
    with progress("shards", len(paths)) as advance:
        for shard in shards:
            place = folder / shard.name
            members = [_member(row, paths[row]) for row in range(shard.first, shard.last)]
            if not place.exists():
                _write_tar(place, paths[shard.first : shard.last], members, size_N[shard.first : shard.last])
            for member, (name, offset, size, crc32) in zip(members, _read_tar(place), strict=True):
                if member != name:
                    raise DataError(f"{place}: holds {name} where {member} should be; remove this shard and run again")
                for column, value in zip(
                    columns, (f"{shard.name}/{name}", shard.name, offset, size, crc32), strict=True
                ):
                    columns[column].append(value)
            advance(shard.last - shard.first)
    index = replace(manifest, frame=manifest.frame.assign(**columns), root=folder)
    index.write(folder / INDEX)
    (folder / PLAN).unlink(missing_ok=True)
    return index


def read_index(location: str | Path) -> Manifest:
    """The manifest of a folder of shards, on a disk or in an object store (``s3://bucket/folder``).

    ``metadata["shard_location"]`` then says where the shards are.

    Raises:
        DataError: if there is no index, or it cannot be read.
    """
    text = str(location)
    if not is_remote(text):
        index = Manifest.read(Path(text) / INDEX)
    else:
        import tempfile

        from pyarrow import ArrowException, fs

        with tempfile.TemporaryDirectory() as folder:
            copy = Path(folder) / INDEX
            try:
                store, inside = fs.FileSystem.from_uri(text)
                with store.open_input_stream(f"{inside.rstrip('/')}/{INDEX}") as stream, open(copy, "wb") as out:
                    while block := stream.read(1 << 20):
                        out.write(block)
            except (OSError, ArrowException) as error:
                raise DataError(f"{text.rstrip('/')}/{INDEX}: cannot be read ({error})") from error
            index = Manifest.read(copy)
    if any(column not in index.frame.columns for column in COLUMNS):
        raise DataError(f"{text}: its {INDEX} is not that of shards (columns {', '.join(COLUMNS)})")
    return replace(index, metadata={**index.metadata, "shard_location": text})


def is_remote(location: str) -> bool:
    """Whether this is the address of a store (``s3://``, ``gs://``, ``file://``) and not a path."""
    return re.match(r"[a-z][a-z0-9+.-]+://", location) is not None


def _sizes(paths: list[Path]) -> list[int]:
    sizes, missing = [], []
    for path in paths:
        try:
            sizes.append(os.stat(path).st_size)
        except OSError:
            missing.append(path)
    if missing:
        named = ", ".join(map(str, missing[:SHOWN])) + (", ..." if len(missing) > SHOWN else "")
        raise DataError(
            f"{len(missing):,} of {len(paths):,} files are missing: {named}; `emolens data verify` lists all"
        )
    return sizes


def _plan(size_N: list[int], size: float) -> list[_Shard]:
    shards: list[_Shard] = []
    first, filled = 0, 0
    for row, bytes_ in enumerate(size_N):
        filled += bytes_
        if filled >= size or row + 1 == len(size_N):
            shards.append(_Shard(f"shard-{len(shards):05d}.tar", first, row + 1))
            first, filled = row + 1, 0
    return shards


def _claim(folder: Path, manifest: Manifest, paths: list[Path], size_N: list[int], shard_mb: float) -> None:
    """Make the folder this work's own, or see that it is."""
    rows = [[row_id, str(path), size] for row_id, path, size in zip(manifest.frame["id"], paths, size_N, strict=True)]
    plan = {"sha256": hashlib.sha256(json.dumps([shard_mb, rows]).encode()).hexdigest()}
    others = f"{folder}: holds other shards; choose an empty folder, or remove them"
    if (folder / PLAN).is_file():
        if read_json(folder / PLAN) != plan:
            raise ConfigError(others)
    elif (folder / INDEX).exists() or next(folder.glob("shard-*.tar"), None) is not None:
        raise ConfigError(others)
    write_json(folder / PLAN, plan)


def _member(row: int, path: Path) -> str:
    return f"{row:09d}{path.suffix.lower()}"


def _write_tar(place: Path, paths: list[Path], members: list[str], sizes: list[int]) -> None:
    with atomic_path(place) as temporary, tarfile.open(temporary, "w", format=tarfile.USTAR_FORMAT) as tar:
        for path, member, size in zip(paths, members, sizes, strict=True):
            entry = tarfile.TarInfo(member)  # no dates, no owners: the same files give the same shard
            entry.size, entry.mode = size, 0o644
            with open(path, "rb") as stream:
                if os.fstat(stream.fileno()).st_size != size:
                    raise DataError(f"{path}: changed while it was copied; run again into an empty folder")
                tar.addfile(entry, stream)


def _read_tar(place: Path) -> Iterator[tuple[str, int, int, int]]:
    """Name, offset, size and CRC-32 of each member."""
    try:
        with tarfile.open(place) as tar, open(place, "rb") as stream:
            for member in tar:
                stream.seek(member.offset_data)
                yield member.name, member.offset_data, member.size, zlib.crc32(stream.read(member.size))
    except (OSError, tarfile.TarError) as error:
        raise DataError(f"{place}: cannot be read ({error}); remove it and run again") from error


class ShardReader:
    """Files out of shards, by row.

    Opened files and connections are this process's own: a reader that is sent to a worker opens its own.

    Args:
        index: of :func:`read_index` or :func:`write_shards`.
    """

    THREADS = 16  # ranged reads in flight: an object store answers after tens of milliseconds, whatever their number

    def __init__(self, index: Manifest) -> None:
        self.location = str(index.metadata.get("shard_location") or index.root)
        self._code_N, names = pd.factorize(index.frame["shard"])
        self._names = [str(name) for name in names]
        # int64 columns, not Python objects: forked workers then share the pages
        self._offset_N, self._size_N, self._crc_N = (
            index.frame[name].to_numpy(dtype=np.int64) for name in ("offset", "size", "crc32")
        )
        self._open: dict[int, Any] = {}
        self._process = os.getpid()

    def __getstate__(self) -> dict[str, Any]:
        return {**self.__dict__, "_open": {}}

    def read(self, rows: list[int]) -> list[bytes | str]:
        """The bytes of each row, or why they cannot be had."""
        if self._process != os.getpid():
            self._open, self._process = {}, os.getpid()
        if not is_remote(self.location):
            return [self._read(row) for row in rows]
        for code in {int(self._code_N[row]) for row in rows}:
            self._file(code)  # opened here, so that threads do not open one twice
        items = prefetch(self._read, rows, workers=min(self.THREADS, max(1, len(rows))))
        return [item.result if item.result is not None else str(item.error) for item in items]

    def _read(self, row: int) -> bytes | str:
        name = f"{self.location.rstrip('/')}/{self._names[self._code_N[row]]}"
        try:
            file = self._file(int(self._code_N[row]))
            if isinstance(file, OSError):
                raise file
            size, offset = int(self._size_N[row]), int(self._offset_N[row])
            remote = is_remote(self.location)
            content: bytes = file.read_at(size, offset) if remote else os.pread(file.fileno(), size, offset)
        except OSError as error:
            return f"{name}: cannot be read ({error})"
        if zlib.crc32(content) != self._crc_N[row]:
            return f"{name}: is damaged at byte {offset} (row {row}); copy this shard again"
        return content

    def _file(self, code: int) -> Any:
        if code not in self._open:
            if len(self._open) >= MAX_OPEN:
                self._open.pop(next(iter(self._open)))  # closed when the last read of it is done
            try:
                if is_remote(self.location):
                    from pyarrow import fs

                    store, inside = fs.FileSystem.from_uri(self.location)
                    self._open[code] = store.open_input_file(f"{inside.rstrip('/')}/{self._names[code]}")
                else:
                    self._open[code] = open(Path(self.location) / self._names[code], "rb")  # noqa: SIM115
            except OSError as error:
                return error
        return self._open[code]
