"""Files out of shards, by row, read ahead of those who ask.

Legend: N rows.
"""

import os
import zlib
from collections.abc import Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from emolens.data.manifest import Manifest
from emolens.data.shards.cache import FACTS, KEY, cached_place
from emolens.data.shards.index import check_index
from emolens.data.shards.store import LocalStore, open_store

GAP = 64 << 10  # bytes between two rows that are read along with them: cheaper than asking twice
MOST_AT_ONCE = 8 << 20  # bytes of rows that are asked for together
MOST_READ = 2 << 30  # bytes of one file: it is decoded in memory
MOST_AHEAD = 64 << 20  # bytes that wait for the next batch: some hundred pictures, or a few videos


@dataclass(frozen=True)
class _Range:
    """Rows of one shard that are read together."""

    code: int
    rows: tuple[int, ...]
    start: int
    stop: int


class ShardReader:
    """Gives the bytes of rows; may be sent to worker processes, each of which opens files and connections for itself.

    From an object store, rows that lie together are one ranged read, many reads are in flight, and those that
    :meth:`expect` names are on their way while the ones before are being decoded. A copy in the cache is read instead
    where there is one.

    Args:
        index: of :func:`read_index` or :func:`write_shards`; or some rows of it.

    Raises:
        DataError: if a row lies outside of what a shard can hold.
    """

    def __init__(self, index: Manifest) -> None:
        check_index(index, "index of shards")
        where: dict[str, Any] = index.metadata.get("shards") or {}
        self.location = str(where.get("location") or index.root)
        self._store = open_store(self.location)
        self._cache = LocalStore(Path(where["cache"])) if where.get("cache") else None
        self._code_N, names = pd.factorize(index.frame["shard"])
        self._names = [str(name) for name in names]
        # int64 columns, not Python objects: forked workers then share the pages
        self._offset_N, self._size_N, self._crc_N = (index.frame[name].to_numpy(dtype=np.int64) for name in FACTS)
        self._copies: list[str] = []
        if self._cache is not None:
            _, first = np.unique(self._code_N, return_index=True)
            self._copies = [cached_place(Path(), str(key)).name for key in index.frame[KEY].iloc[first]]
        self._present: set[int] = set()
        self._reset()

    def __getstate__(self) -> dict[str, Any]:
        return {**self.__dict__, "_pool": None, "_coming": {}}

    def stamp(self, row: int) -> list[int]:
        """What changes when the bytes of a row do: their size and CRC-32."""
        return [int(self._size_N[row]), int(self._crc_N[row])]

    def expect(self, rows: Sequence[int]) -> None:
        """These rows are asked for next: a store is asked now, for as many of them as memory allows."""
        self._check_process()
        self._coming.clear()  # what was expected and never read
        if self._store.threads > 1:
            total_K = np.cumsum(self._size_N[list(rows)])
            self._ask([row for row, total in zip(rows, total_K, strict=True) if total <= MOST_AHEAD])

    def read(self, rows: Sequence[int]) -> list[bytes | str]:
        """The bytes of each row, or why they cannot be had."""
        self._check_process()
        if self._store.threads == 1:
            return [self._checked(row, self._fetch(self._alone(row))) for row in rows]
        self._ask(rows)
        found = {row: self._checked(row, self._coming[row].result()) for row in set(rows)}
        for row in found:
            del self._coming[row]
        return [found[row] for row in rows]

    def _check_process(self) -> None:
        if self._process != os.getpid():
            self._reset()

    def _reset(self) -> None:
        self._process = os.getpid()
        self._pool: ThreadPoolExecutor | None = None
        self._coming: dict[int, Future[tuple[int, bytes] | str]] = {}

    def _ask(self, rows: Sequence[int]) -> None:
        if self._pool is None:
            self._pool = ThreadPoolExecutor(self._store.threads, thread_name_prefix="emolens-shards")
        for part in self._ranges([row for row in dict.fromkeys(rows) if row not in self._coming]):
            future = self._pool.submit(self._fetch, part)
            self._coming.update(dict.fromkeys(part.rows, future))

    def _span(self, row: int) -> tuple[int, int]:
        start = int(self._offset_N[row])
        return start, start + int(self._size_N[row])

    def _alone(self, row: int) -> _Range:
        return _Range(int(self._code_N[row]), (row,), *self._span(row))

    def _ranges(self, rows: Sequence[int]) -> list[_Range]:
        found: list[_Range] = []
        for row in sorted(rows, key=lambda row: (self._code_N[row], self._offset_N[row])):
            code, (start, stop) = int(self._code_N[row]), self._span(row)
            if found:
                last = found[-1]
                near = last.code == code and start - last.stop <= GAP
                if near and max(stop, last.stop) - last.start <= MOST_AT_ONCE:
                    found[-1] = _Range(code, (*last.rows, row), last.start, max(stop, last.stop))
                    continue
            found.append(_Range(code, (row,), start, stop))
        return found

    def _fetch(self, part: _Range, cached: bool = True) -> tuple[int, bytes] | str:
        """Where the bytes begin, and these; or why they cannot be had."""
        name, size = self._names[part.code], part.stop - part.start
        if size > MOST_READ:
            return f"{self.location}/{name}: {size:,} bytes in one piece are too many to read; keep this file outside"
        if cached and self._has_copy(part.code):
            try:
                assert self._cache is not None
                return part.start, self._cache.read(self._copies[part.code], part.start, size)
            except OSError:  # taken away meanwhile
                pass
        try:
            return part.start, self._store.read(name, part.start, size)
        except OSError as error:
            return f"{self.location}/{name}: cannot be read ({error})"

    def _has_copy(self, code: int) -> bool:
        if self._cache is None:
            return False
        if code not in self._present:
            try:
                os.utime(self._cache.folder / self._copies[code])  # of now: it is in use
            except OSError:
                return False
            self._present.add(code)
        return True

    def _checked(self, row: int, found: tuple[int, bytes] | str, again: bool = True) -> bytes | str:
        if isinstance(found, str):
            return found
        start, stop = (edge - found[0] for edge in self._span(row))
        content = found[1][start:stop]
        if zlib.crc32(content) == self._crc_N[row] and len(content) == stop - start:
            return content
        code = int(self._code_N[row])
        if again and self._cache is not None:  # a copy that has rotted is no reason to lose the row
            return self._checked(row, self._fetch(self._alone(row), cached=False), again=False)
        place = f"{self.location}/{self._names[code]}"
        return f"{place}: is damaged at byte {self._offset_N[row]} (row {row}); copy this shard again"
