"""Files -> embeddings, reading and decoding ahead of the model.

Legend: B files of a batch, D embedding.
"""

from collections.abc import Callable, Generator, Sequence
from contextlib import closing
from dataclasses import dataclass
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
from emolens.prefetch import FAILURES, prefetch, reason

MAX_ROWS = 4  # a batch is handed on after this many times its size in files, however few of them reached the model


@dataclass(frozen=True)
class EncodedBatch:
    """Some consecutive files.

    Attributes:
        index: their places in ``sources``, B ascending numbers.
        embedding_BD: float32, shape (B, D), not normalised; NaN for files that failed or were not wanted.
        errors: place -> message, starting with the path.
        sha256: hexadecimal, of each file's content; "" for files that could not be read.
    """

    index: list[int]
    embedding_BD: NDArray[np.float32]
    errors: dict[int, str]
    sha256: list[str]


@dataclass(frozen=True)
class _Loaded:
    sha256: str
    sample: Tensor | None = None
    error: str | None = None


def encode_files(
    backbone: Backbone,
    sources: Sequence[Path],
    batch_size: int = 32,
    workers: int | None = None,
    wanted: Callable[[str], bool] | None = None,
) -> Generator[EncodedBatch, None, None]:
    """Embed pictures, each file read once, in order, in flat memory.

    Threads read, hash, decode and transform while the model works on the batch before. A file that cannot be used
    becomes an entry of ``errors``; it never ends the run.

    Args:
        batch_size: pictures that go through the model at once.
        workers: threads; one a core, at most 16, if not given.
        wanted: asked in those threads with the SHA-256 of each file's content; where it answers False, the file is
            neither decoded nor embedded.

    Raises:
        ConfigError: if ``batch_size`` or ``workers`` is below 1.
    """
    workers = loader_threads(None) if workers is None else workers
    if batch_size < 1 or workers < 1:
        raise ConfigError(f"batch size ({batch_size}) and workers ({workers}) must be at least 1")
    return _encode(backbone, sources, batch_size, workers, wanted)


def default_workers() -> int:
    """Threads that load pictures; see :func:`emolens.compute.loader_threads`."""
    return loader_threads(None)


def _encode(
    backbone: Backbone,
    sources: Sequence[Path],
    batch_size: int,
    workers: int,
    wanted: Callable[[str], bool] | None,
) -> Generator[EncodedBatch, None, None]:
    def load(source: Path) -> _Loaded:
        return _load(backbone, source, wanted)

    start, rows, samples = 0, list[_Loaded](), 0
    # One batch ahead, and each thread busy beyond that: no more memory, however many files there are.
    with closing(prefetch(load, sources, workers, ahead=batch_size + workers)) as items:
        for item in items:
            rows.append(item.result or _Loaded("", error=reason(sources[item.place], item.error)))
            samples += rows[-1].sample is not None
            if samples == batch_size or len(rows) == MAX_ROWS * batch_size:
                yield _finish(backbone, sources, start, rows)
                start, rows, samples = start + len(rows), [], 0
    if rows:
        yield _finish(backbone, sources, start, rows)


def _finish(backbone: Backbone, sources: Sequence[Path], start: int, rows: list[_Loaded]) -> EncodedBatch:
    """Run the model on those of ``rows`` that have a sample."""
    embedding_BD = np.full((len(rows), backbone.embed_dim), np.nan, dtype=np.float32)
    errors = {start + k: row.error for k, row in enumerate(rows) if row.error is not None}
    good = [k for k, row in enumerate(rows) if row.sample is not None]
    if good:
        embedding_BD[good] = backbone.encode_image(torch.stack([rows[k].sample for k in good])).numpy()  # type: ignore[misc]
        for k in good:
            if not np.isfinite(embedding_BD[k]).all():
                embedding_BD[k] = np.nan
                errors[start + k] = f"{sources[start + k]}: its embedding overflows in {backbone.precision}; use fp32"
    return EncodedBatch(list(range(start, start + len(rows))), embedding_BD, errors, [row.sha256 for row in rows])


def _load(backbone: Backbone, source: Path, wanted: Callable[[str], bool] | None) -> _Loaded:
    content, sha256 = read_content(source)
    if wanted is not None and not wanted(sha256):
        return _Loaded(sha256)
    try:
        return _Loaded(sha256, backbone.transform(read_image(content, backbone.min_side)))
    except FAILURES as error:  # the content is known all the same: a copy of it fails likewise
        return _Loaded(sha256, error=reason(source, error))
