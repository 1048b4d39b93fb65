"""The index of a folder of shards, checked before anything is read by it.

Legend: N rows.
"""

import hashlib
import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from emolens.data.manifest import Manifest
from emolens.data.shards.cache import FACTS, KEY, ShardCacheConfig
from emolens.data.shards.store import RemoteStore, is_remote
from emolens.errors import DataError

INDEX = "index.parquet"
COLUMNS = ("shard", *FACTS)
PLAIN_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")
MAX_SIZE = 8 << 30  # bytes of a member: more does not fit in plain tar


def read_index(location: str | Path, cache: ShardCacheConfig | None = None) -> Manifest:
    """The manifest of a folder of shards, on a disk or in an object store (``s3://bucket/folder``).

    ``metadata["shards"]`` then says where the shards are, and where copies of them.

    Args:
        cache: where copies of an object store's shards are kept; see :func:`emolens.data.shards.fill_cache`.

    Raises:
        ConfigError: the address is of an unknown kind, or its package is not installed.
        DataError: if there is no index, it cannot be read, or it points outside of its shards.
    """
    text = str(location).rstrip("/") or "/"
    if not is_remote(text):
        index = Manifest.read(Path(text) / INDEX)
    else:
        import tempfile

        with tempfile.TemporaryDirectory() as folder:
            copy = Path(folder) / INDEX
            try:
                RemoteStore(text).copy(INDEX, copy)
            except OSError as error:
                raise DataError(f"{text}/{INDEX}: cannot be read ({error})") from error
            index = Manifest.read(copy)
    check_index(index, f"{text}/{INDEX}")
    where = {"location": text, "cache": str(cache.folder) if cache is not None and is_remote(text) else None}
    frame = index.frame.assign(**{KEY: _keys(index.frame)})
    return replace(index, frame=frame, metadata={**index.metadata, "shards": where})


def check_index(index: Manifest, name: str) -> None:
    """
    Raises:
        DataError: if it is no index of shards, a shard is not a plain file name, or a row lies outside of what a shard
            can hold. The message begins with ``name``.
    """
    frame = index.frame
    if any(column not in frame.columns for column in COLUMNS):
        raise DataError(f"{name}: is not that of shards (columns {', '.join(COLUMNS)})")
    for shard in frame["shard"].unique():
        if not isinstance(shard, str) or not PLAIN_NAME.fullmatch(shard):
            raise DataError(f'{name}: shard "{shard}" is not the name of a file beside it; make the shards again')
    columns = [pd.to_numeric(frame[column], errors="coerce").to_numpy(np.float64) for column in FACTS]
    offset_N, size_N, crc_N = columns
    fine_N = (offset_N >= 0) & (size_N >= 0) & (size_N <= MAX_SIZE) & (offset_N <= 2**62)
    fine_N &= (crc_N >= 0) & (crc_N < 2**32) & np.all([column % 1 == 0 for column in columns], axis=0)
    if not fine_N.all():
        row = int(np.flatnonzero(~fine_N)[0])
        found = ", ".join(f"{column} {frame[column].iloc[row]}" for column in FACTS)
        raise DataError(f'{name} row {row} (id "{frame["id"].iloc[row]}"): {found} cannot be; make the shards again')


def _keys(frame: pd.DataFrame) -> "pd.Series[Any]":
    """For each row the SHA-256 of what the index says of its shard: other bytes are then another key."""
    code_N, names = pd.factorize(frame["shard"])
    facts_N3 = frame[list(FACTS)].to_numpy(np.int64)
    order_N = np.argsort(code_N, kind="stable")
    ends = np.searchsorted(code_N[order_N], np.arange(len(names)), side="right")
    keys = [
        hashlib.sha256(np.ascontiguousarray(facts_N3[rows]).tobytes()).hexdigest()
        for rows in np.split(order_N, ends[:-1])
    ]
    return pd.Series(np.array(keys, dtype=object)[code_N], index=frame.index).astype("category")
