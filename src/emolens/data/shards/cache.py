"""Copies of an object store's shards on the local disk, as many as a budget allows, shared by all processes.

A copy is named by what the index says of its bytes, and checked against it before it counts; so a shard that has
changed is another one, and stores and data sets may share a folder.
"""

import shutil
import threading
import zlib
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from emolens.data.manifest import Manifest
from emolens.data.shards.store import Store, open_store
from emolens.errors import ConfigError, DataError
from emolens.files import atomic_path
from emolens.progress import notice

FACTS = ("offset", "size", "crc32")
KEY = "shard_key"  # column of an index that was read: the name of the copy of a row's shard

AT_ONCE = 4  # shards that are copied together: enough to fill a link of 10 Gbit/s
SPARE = 1 << 30  # bytes that are left free on the disk
SUFFIX = ".tar"


@dataclass(frozen=True)
class ShardCacheConfig:
    """Where copies of shards are kept."""

    folder: Path
    """On a fast disk of this machine."""
    gigabytes: float = 100.0
    """What all copies in the folder may take together, in 10^9 bytes. Over it, those go first that were not read for
    longest; never those of the data set that is being read: in random order each of its shards is as near as any."""

    def __post_init__(self) -> None:
        if not self.gigabytes > 0:
            raise ConfigError(f"shard cache of {self.gigabytes} GB: must be above 0")
        if self.folder.exists() and not self.folder.is_dir():
            raise ConfigError(f"{self.folder}: is a file; name a folder for the copies of shards")


def cached_place(folder: Path, key: str) -> Path:
    """Where the copy of a shard is, or would be."""
    return folder / f"{key}{SUFFIX}"


def fill_in_background(index: Manifest, config: ShardCacheConfig) -> threading.Thread:
    """:func:`fill_cache` beside the training, which meanwhile reads from the store what is not there yet."""
    thread = threading.Thread(target=fill_cache, args=(index, config), daemon=True, name="emolens-shard-cache")
    thread.start()
    return thread


def fill_cache(index: Manifest, config: ShardCacheConfig) -> int:
    """Copy the shards of an index that are not there yet, in order, until the budget or the disk is full.

    One process at a time fills a folder; another waits for it, and then finds its copies. What cannot be copied stays
    in the store, from where it is read; a line on standard error says how many.

    Args:
        index: of :func:`emolens.data.shards.read_index`.

    Returns:
        How many shards of the index are there now.
    """
    from filelock import FileLock

    store = open_store(index.metadata["shards"]["location"])
    rows_of = {str(key): rows for key, rows in index.frame.groupby(KEY, observed=True, sort=False)}
    try:
        config.folder.mkdir(parents=True, exist_ok=True)
        with FileLock(config.folder / ".fill.lock"), ThreadPoolExecutor(AT_ONCE) as pool:
            for torn in config.folder.glob(".*.part*"):  # of one that was killed
                torn.unlink(missing_ok=True)
            wanted = _make_room(config, rows_of, store)
            copies = [pool.submit(_copy, store, rows_of[key], cached_place(config.folder, key)) for key in wanted]
            failed = [error for copy in copies if (error := copy.exception()) is not None]
    except OSError as error:
        failed = [error]
    present = sum(cached_place(config.folder, key).exists() for key in rows_of)
    if present < len(rows_of):
        why = str(failed[0]) if failed else f"{config.gigabytes:g} GB, or the disk, hold no more"
        notice(f"emolens: {config.folder}: has {present} of {len(rows_of)} shards, the others stay remote ({why})")
    return present


def _make_room(config: ShardCacheConfig, rows_of: Mapping[str, pd.DataFrame], store: Store) -> list[str]:
    """The shards to copy; copies of other data sets go, the longest unread first, as far as they are in the way."""
    others, used = [], 0
    for path in config.folder.glob(f"*{SUFFIX}"):
        found = path.stat()
        used += found.st_size
        if path.stem not in rows_of:
            others.append((found.st_mtime, found.st_size, path))
    others.sort(reverse=True)
    free = shutil.disk_usage(config.folder).free - SPARE
    wanted = []
    for key, rows in rows_of.items():
        if cached_place(config.folder, key).exists():
            continue
        size = store.size(str(rows["shard"].iloc[0]))
        while others and (used + size > config.gigabytes * 1e9 or free < size):
            _, released, path = others.pop()
            path.unlink(missing_ok=True)
            used, free = used - released, free + released
        if used + size > config.gigabytes * 1e9 or free < size:
            break
        used, free = used + size, free - size
        wanted.append(key)
    return wanted


def _copy(store: Store, rows: pd.DataFrame, place: Path) -> None:
    name = str(rows["shard"].iloc[0])
    with atomic_path(place) as temporary:
        try:
            store.copy(name, temporary)
        except OSError as error:
            raise DataError(f"{name} cannot be copied: {error}") from error
        with open(temporary, "rb") as stream:
            for offset, size, crc32 in rows.sort_values("offset")[list(FACTS)].itertuples(index=False):
                stream.seek(offset)
                if zlib.crc32(stream.read(size)) != crc32:
                    raise DataError(f"{name} is damaged at byte {offset}, or not what the index says")
