"""Embeddings that are computed once, on disk.

``DIR/<first 16 digits of the backbone's fingerprint>/`` holds

- ``meta.json``: of which backbone they are;
- ``part-*.arrow``: ``sha256`` of a file's content, of a person in it that with the box
  (:func:`emolens.embedding.encode.embedding_key`), ``embedding``; and a checksum in the schema;
- ``seen-*.arrow``: ``path``, ``size``, ``mtime_ns`` of a file when it had the content ``sha256``.

Parts are only ever added, each whole or not at all, under names that no other process uses; so several runs may share a
folder, and an interrupted one continues where it was. They are float32: a model trained on cached embeddings is then
the one trained on fresh ones to the last bit, and 100,000 pictures at D = 512 still take only 200 MB; float16 would
halve that but overflows above 65,504, which unnormalised features of some models exceed.

Legend: N files, D embedding.
"""

import os
import time
import uuid
import zlib
from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from emolens.embedding.encode import embedding_key, encode_files
from emolens.errors import DataError, in_short
from emolens.files import atomic_path, read_json, write_json
from emolens.media.content import Claims
from emolens.models.backbones.base import Backbone
from emolens.people.boxes import Box
from emolens.progress import notice, progress

FORMAT = 1
PART_SIZE = 4096  # embeddings a part holds at most; 8 MB at D = 512
PART_SECONDS = 60.0  # and the most work that a power cut can lose

Stamp = tuple[int, int]  # size, mtime_ns


@dataclass(frozen=True)
class Embeddings:
    """What became of N files.

    Attributes:
        embedding_ND: float32, not normalised; NaN rows for files that failed.
        errors: row -> message, starting with the path. Failures are not kept: the next run tries again.
        encoded: how many went through the model; the rest were known, or have the content of one that did.
    """

    embedding_ND: NDArray[np.float32]
    errors: dict[int, str]
    encoded: int

    @property
    def reused(self) -> int:
        """Files that got their embedding without running the model."""
        return len(self.embedding_ND) - len(self.errors) - self.encoded


class EmbeddingCache:
    """The embeddings of one backbone in a folder that many may share.

    A content is known by its SHA-256 whatever its name, so copies cost nothing. A file whose path, size and time of
    change are as they were is not even read.

    Args:
        directory: made if need be.
        backbone: its fingerprint (weights, preprocessing, precision) chooses the part of the folder.

    Raises:
        DataError: if the folder holds embeddings of another backbone, or the folder cannot be written.
    """

    def __init__(self, directory: str | os.PathLike[str], backbone: Backbone) -> None:
        self.backbone = backbone
        self.directory = Path(directory) / backbone.fingerprint[:16]
        self._place: dict[bytes, tuple[Path, int]] = {}  # content -> part, row
        self._seen: dict[bytes, tuple[Stamp, bytes]] = {}  # absolute path -> what it was, its content
        self._check_meta()
        for path in sorted(self.directory.glob("part-*.arrow")):
            if (table := self._read(path, ("sha256", "embedding"))) is not None:
                shas = table["sha256"].to_pylist()
                self._place.update((sha, (path, row)) for row, sha in enumerate(shas))
        for path in sorted(self.directory.glob("seen-*.arrow")):
            if (table := self._read(path, ("path", "size", "mtime_ns", "sha256"))) is not None:
                columns = [table[name].to_pylist() for name in ("path", "size", "mtime_ns", "sha256")]
                for name, size, mtime_ns, sha in zip(*columns, strict=True):
                    self._seen[name] = (size, mtime_ns), sha

    def __len__(self) -> int:
        """How many contents have their embedding here."""
        return len(self._place)

    def embed(
        self,
        paths: Sequence[Path],
        batch_size: int = 32,
        workers: int | None = None,
        boxes: Sequence[Box | None] | None = None,
    ) -> Embeddings:
        """The embeddings of ``paths``, in order: from the cache where they are there, else computed and kept.

        What is done is written every minute, and when the run is interrupted.

        Args:
            batch_size, workers, boxes: as for :func:`emolens.embedding.encode.encode_files`.

        Raises:
            ConfigError: if ``batch_size`` or ``workers`` is below 1.
            DataError: if the disk is full, or the folder cannot be written; all parts before that are kept.
        """
        box_N = [None] * len(paths) if boxes is None else list(boxes)
        stamps = [_stamp(path) for path in paths]
        names = [os.fsencode(os.path.abspath(path)) for path in paths]  # a file name need not be text
        key_N = [self._known(*given) for given in zip(names, stamps, box_N, strict=True)]
        todo = [i for i, key in enumerate(key_N) if key is None]
        errors: dict[int, str] = {}
        failed: dict[bytes, str] = {}
        encoded = 0
        if todo:
            claims = Claims(lambda key: bytes.fromhex(key) in self._place)
            writer = _Writer(self)
            batches = encode_files(
                self.backbone, [paths[i] for i in todo], batch_size, workers, claims.take, [box_N[i] for i in todo]
            )
            with closing(batches), progress("embed", len(todo)) as advance:
                try:
                    for batch in batches:
                        for k, place in enumerate(batch.index):
                            i, key = todo[place], bytes.fromhex(batch.key[k])
                            if place in batch.errors:
                                errors[i] = failed[key] = batch.errors[place]
                                continue
                            key_N[i] = key
                            if not np.isnan(batch.embedding_BD[k, 0]):
                                writer.embedding[key] = batch.embedding_BD[k]
                                encoded += 1
                            if (stamp := stamps[i]) is not None:
                                writer.seen.append((names[i], stamp, bytes.fromhex(batch.sha256[k])))
                        writer.flush_if_due()
                        advance(len(batch.index))
                finally:
                    writer.flush()
        # A copy of a file that failed was left to that file: same content, same failure.
        for i, known in enumerate(key_N):
            if known is not None and known not in self._place:
                errors[i], key_N[i] = f"{paths[i]}: same content as a file that failed ({failed.get(known, '')})", None
        return Embeddings(self._gather(key_N), errors, encoded)

    def _known(self, name: bytes, stamp: Stamp | None, box: Box | None) -> bytes | None:
        before = self._seen.get(name)
        if before is None or before[0] != stamp:
            return None
        key = bytes.fromhex(embedding_key(before[1].hex(), box))
        return key if key in self._place else None

    def _gather(self, key_N: Sequence[bytes | None]) -> NDArray[np.float32]:
        embedding_ND = np.full((len(key_N), self.backbone.embed_dim), np.nan, dtype=np.float32)
        wanted: dict[Path, tuple[list[int], list[int]]] = {}
        for i, key in enumerate(key_N):
            if key is not None:
                path, row = self._place[key]
                rows, sources = wanted.setdefault(path, ([], []))
                rows.append(i)
                sources.append(row)
        for path, (rows, sources) in wanted.items():  # one part open at a time, of a thousand
            with pa.memory_map(str(path)) as stream:
                embedding_ND[rows] = _embeddings(pa.ipc.open_file(stream).read_all())[sources]
        return embedding_ND

    def _check_meta(self) -> None:
        path, backbone = self.directory / "meta.json", self.backbone
        if not path.exists():
            facts = {"format": FORMAT, "fingerprint": backbone.fingerprint, "embed_dim": backbone.embed_dim}
            write_json(path, {**facts, "spec": backbone.spec, "precision": backbone.precision})
            return
        meta = read_json(path)
        wanted = {"format": FORMAT, "fingerprint": backbone.fingerprint, "embed_dim": backbone.embed_dim}
        for name, value in wanted.items():
            found = meta.get(name) if isinstance(meta, dict) else None
            if found != value:
                raise DataError(
                    f"{path}: {name} is {found}, but {backbone.spec} has {value}: these are embeddings of "
                    "something else; delete that folder or use another --out"
                )

    def _read(self, path: Path, columns: tuple[str, ...]) -> Any:
        """The table in ``path``, or None, with a line on standard error, where it is damaged."""
        try:
            with pa.memory_map(str(path)) as stream:
                table = pa.ipc.open_file(stream).read_all()
                if tuple(table.column_names) != columns:
                    raise ValueError(f"its columns are {table.column_names}")
                if "embedding" in columns:
                    embedding_ND = _embeddings(table)
                    if embedding_ND.shape != (len(table), self.backbone.embed_dim):
                        raise ValueError(f"its embeddings are {embedding_ND.shape}")
                    if (table.schema.metadata or {}).get(b"crc32") != _checksum(embedding_ND):
                        raise ValueError("its checksum does not fit")
                return table
        except FileNotFoundError:  # tidied away by someone since it was listed
            return None
        except (pa.ArrowException, OSError, ValueError) as error:
            notice(f"emolens: {path}: is damaged ({in_short(error)}); ignored, computed again")
            return None

    def _add_part(self, embedding: dict[bytes, NDArray[np.float32]]) -> None:
        embedding_ND = np.stack(list(embedding.values()))
        values = pa.FixedSizeListArray.from_arrays(pa.array(embedding_ND.reshape(-1)), self.backbone.embed_dim)
        table = pa.table({"sha256": pa.array(list(embedding), pa.binary(32)), "embedding": values})
        path = self._new("part")
        _write(path, table.replace_schema_metadata({"crc32": _checksum(embedding_ND)}))
        self._place.update((sha, (path, row)) for row, sha in enumerate(embedding))

    def _add_seen(self, rows: list[tuple[bytes, Stamp, bytes]]) -> None:
        columns = {
            "path": pa.array([name for name, _, _ in rows], pa.binary()),
            "size": pa.array([stamp[0] for _, stamp, _ in rows], pa.int64()),
            "mtime_ns": pa.array([stamp[1] for _, stamp, _ in rows], pa.int64()),
            "sha256": pa.array([sha for _, _, sha in rows], pa.binary(32)),
        }
        _write(self._new("seen"), pa.table(columns))
        self._seen.update((name, (stamp, sha)) for name, stamp, sha in rows)

    def _new(self, kind: str) -> Path:
        # In order of time, so that the latest word on a path is read last; and like no other process's.
        return self.directory / f"{kind}-{time.time_ns():020d}-{uuid.uuid4().hex[:8]}.arrow"


class _Writer:
    """What is computed and not yet on disk."""

    def __init__(self, cache: EmbeddingCache) -> None:
        self.cache = cache
        self.embedding: dict[bytes, NDArray[np.float32]] = {}
        self.seen: list[tuple[bytes, Stamp, bytes]] = []
        self.last = time.monotonic()

    def flush_if_due(self) -> None:
        if max(len(self.embedding), len(self.seen)) >= PART_SIZE or time.monotonic() - self.last > PART_SECONDS:
            self.flush()

    def flush(self) -> None:
        if self.embedding:
            self.cache._add_part(self.embedding)
            self.embedding = {}
        if self.seen:
            self.cache._add_seen(list(dict.fromkeys(self.seen)))  # several persons of a picture are one file
            self.seen = []
        self.last = time.monotonic()


def _stamp(path: Path) -> Stamp | None:
    # Taken before the file is read: a change in between makes the next run read it again, never the reverse.
    try:
        found = os.stat(path)
    except (OSError, ValueError):
        return None
    return found.st_size, found.st_mtime_ns


def _embeddings(table: Any) -> NDArray[np.float32]:
    """(N, D), without a copy where the table has one chunk, as the parts have."""
    column = table["embedding"].combine_chunks()
    values: NDArray[np.float32] = column.flatten().to_numpy(zero_copy_only=False)
    return values.reshape(len(table), column.type.list_size)


def _checksum(embedding_ND: NDArray[np.float32]) -> bytes:
    return f"{zlib.crc32(np.ascontiguousarray(embedding_ND).data):08x}".encode()


def _write(path: Path, table: Any) -> None:
    with (
        atomic_path(path) as temporary,
        pa.OSFile(str(temporary), "wb") as sink,
        pa.ipc.new_file(sink, table.schema) as out,
    ):
        out.write_table(table)
