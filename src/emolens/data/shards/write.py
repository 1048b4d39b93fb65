"""Files into shards: plain tar files of some hundred megabytes, and the index.

Legend: N rows.
"""

import hashlib
import json
import os
import tarfile
import zlib
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from emolens.data.manifest import Manifest
from emolens.data.shards.index import COLUMNS, INDEX, MAX_SIZE
from emolens.errors import ConfigError, DataError
from emolens.files import atomic_path, read_json, write_json
from emolens.progress import progress

PLAN = "plan.json"  # there while the shards are being written
SHARD_MB = 256.0  # large enough for sequential disks and stores, small enough to copy again when one breaks
BLOCK = 1 << 20
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
        manifest: of files that are all there: pictures, videos, sounds.
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
    if sizes and max(sizes) > MAX_SIZE:
        large = paths[sizes.index(max(sizes))]
        raise DataError(f"{large}: {max(sizes):,} bytes are more than a tar file holds ({MAX_SIZE:,}); cut it first")
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
                crc32, left = 0, member.size
                while left and (block := stream.read(min(left, BLOCK))):  # a video may be larger than memory
                    crc32, left = zlib.crc32(block, crc32), left - len(block)
                yield member.name, member.offset_data, member.size, crc32
    except (OSError, tarfile.TarError) as error:
        raise DataError(f"{place}: cannot be read ({error}); remove it and run again") from error
