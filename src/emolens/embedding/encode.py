"""Files, or persons in them, -> embeddings, reading and decoding ahead of the model.

Legend: B sources of a batch, D embedding.
"""

import hashlib
import struct
from collections.abc import Callable, Generator, Iterable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from itertools import groupby, islice, repeat
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from emolens.compute import loader_threads
from emolens.errors import ConfigError
from emolens.media.content import read_content
from emolens.media.image import read_image
from emolens.models.backbones.base import Backbone
from emolens.people.boxes import Box
from emolens.people.crop import person_part
from emolens.prefetch import prefetch, reason

MAX_ROWS = 4  # a batch is handed on after this many times its size in files, however few of them reached the model
PERSONS = 8  # of one picture that a thread loads together: decoded once for them, and no more samples in memory


@dataclass(frozen=True)
class EncodedBatch:
    """Some consecutive sources.

    Attributes:
        index: their places in ``paths``, B ascending numbers.
        embedding_BD: float32, shape (B, D), not normalised; NaN for those that failed or were not wanted.
        errors: place -> message, starting with the path.
        sha256: hexadecimal, of each file's content; "" for files that could not be read.
        key: hexadecimal, of what was embedded: the content, and the box (:func:`embedding_key`).
    """

    index: list[int]
    embedding_BD: NDArray[np.float32]
    errors: dict[int, str]
    sha256: list[str]
    key: list[str]


@dataclass(frozen=True)
class _Loaded:
    sha256: str
    key: str = ""
    sample: Tensor | None = None
    error: str | None = None


Source = tuple[Path, Box | None]


def embedding_key(sha256: str, box: Box | None) -> str:
    """What an embedding is of, in hexadecimal: the content of a file; or that, and the box of a person in it."""
    if box is None:
        return sha256
    return hashlib.sha256(bytes.fromhex(sha256) + struct.pack("<4d", *box)).hexdigest()


def encode_files(
    backbone: Backbone,
    paths: Sequence[Path],
    batch_size: int = 32,
    workers: int | None = None,
    wanted: Callable[[str], bool] | None = None,
    boxes: Sequence[Box | None] | None = None,
) -> Generator[EncodedBatch, None, None]:
    """Embed pictures, or persons in them, in order, in flat memory.

    Threads read, hash, decode and transform while the model works on the batch before. A file that cannot be used
    becomes an entry of ``errors``; it never ends the run. Persons of one picture that follow each other share the
    reading and the decoding.

    Args:
        batch_size: pictures that go through the model at once.
        workers: threads; one a core, at most 16, if not given.
        wanted: asked in those threads with the key of each source (:func:`embedding_key`); where it answers False, it
            is neither decoded nor embedded.
        boxes: of the person that is embedded, with context, for each path (:func:`emolens.people.crop.person_part`);
            None, or None in its place, embeds the whole picture.

    Raises:
        ConfigError: if ``batch_size`` or ``workers`` is below 1.
    """
    workers = loader_threads(None) if workers is None else workers
    if batch_size < 1 or workers < 1:
        raise ConfigError(f"batch size ({batch_size}) and workers ({workers}) must be at least 1")
    return _encode(backbone, paths, boxes, batch_size, workers, wanted)


def default_workers() -> int:
    """Threads that load pictures; see :func:`emolens.compute.loader_threads`."""
    return loader_threads(None)


def _encode(
    backbone: Backbone,
    paths: Sequence[Path],
    boxes: Sequence[Box | None] | None,
    batch_size: int,
    workers: int,
    wanted: Callable[[str], bool] | None,
) -> Generator[EncodedBatch, None, None]:
    def load(file: list[Source]) -> list[_Loaded]:
        return _load(backbone, file, wanted)

    sources = zip(paths, repeat(None), strict=False) if boxes is None else zip(paths, boxes, strict=True)
    start, rows, samples = 0, list[_Loaded](), 0
    # One batch ahead, and each thread busy beyond that: no more memory, however many files there are.
    with closing(prefetch(load, _by_file(sources), workers, ahead=batch_size + workers)) as items:
        for item in items:
            for row in item.result or ():
                rows.append(row)
                samples += row.sample is not None
                if samples == batch_size or len(rows) == MAX_ROWS * batch_size:
                    yield _finish(backbone, paths, start, rows)
                    start, rows, samples = start + len(rows), [], 0
    if rows:
        yield _finish(backbone, paths, start, rows)


def _by_file(sources: Iterable[Source]) -> Iterator[list[Source]]:
    """Neighbours of one file together, at most ``PERSONS`` of them."""
    for _, run in groupby(sources, key=lambda source: source[0]):
        while part := list(islice(run, PERSONS)):
            yield part


def _finish(backbone: Backbone, paths: Sequence[Path], start: int, rows: list[_Loaded]) -> EncodedBatch:
    """Run the model on those of ``rows`` that have a sample."""
    embedding_BD = np.full((len(rows), backbone.embed_dim), np.nan, dtype=np.float32)
    errors = {start + k: row.error for k, row in enumerate(rows) if row.error is not None}
    good = [k for k, row in enumerate(rows) if row.sample is not None]
    if good:
        embedding_BD[good] = backbone.encode_image(torch.stack([rows[k].sample for k in good])).numpy()  # type: ignore[misc]
        for k in good:
            if not np.isfinite(embedding_BD[k]).all():
                embedding_BD[k] = np.nan
                errors[start + k] = f"{paths[start + k]}: its embedding overflows in {backbone.precision}; use fp32"
    index = list(range(start, start + len(rows)))
    return EncodedBatch(index, embedding_BD, errors, [row.sha256 for row in rows], [row.key for row in rows])


def _load(backbone: Backbone, file: Sequence[Source], wanted: Callable[[str], bool] | None) -> list[_Loaded]:
    """The samples of one file: the whole picture, persons in it, or both."""
    path = file[0][0]
    try:
        content, sha256 = read_content(path)
    except Exception as error:
        return [_Loaded("", error=reason(path, error))] * len(file)
    whole: list[NDArray[np.uint8]] = []  # decoded when the first person is wanted

    def sample(box: Box | None) -> Tensor:
        if box is None:
            return backbone.transform(read_image(content, backbone.min_side))
        if not whole:  # a person may fill a small part of the picture: that is read whole, as in training
            whole.append(read_image(content))
        return backbone.transform(person_part(whole[0], box, str(path)))

    rows = []
    for _, box in file:
        key = embedding_key(sha256, box)
        if wanted is not None and not wanted(key):
            rows.append(_Loaded(sha256, key))
            continue
        try:
            rows.append(_Loaded(sha256, key, sample(box)))
        except Exception as error:  # the content is known all the same: a copy of it fails likewise
            rows.append(_Loaded(sha256, key, error=reason(path, error)))
    return rows
