"""Files -> embeddings, reading and decoding ahead of the model.

Legend: B files of a batch, D embedding.
"""

import hashlib
import os
import stat
from collections import deque
from collections.abc import Callable, Generator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from emolens.errors import ConfigError, EmolensError
from emolens.media.image import MAX_PIXELS, read_image
from emolens.models.backbones.base import Backbone

MAX_BYTES = 8 * MAX_PIXELS  # of the largest picture that is decoded, uncompressed at 16 bits and with alpha
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
        workers: threads; :func:`default_workers` if not given.
        wanted: asked in those threads with the SHA-256 of each file's content; where it answers False, the file is
            neither decoded nor embedded.

    Raises:
        ConfigError: ``batch_size`` or ``workers`` below 1.
    """
    workers = default_workers() if workers is None else workers
    if batch_size < 1 or workers < 1:
        raise ConfigError(f"batch size ({batch_size}) and workers ({workers}) must be at least 1")
    return _encode(backbone, sources, batch_size, workers, wanted)


def default_workers() -> int:
    """Threads that load pictures: one a core this process may use, at most 16, where reading becomes the limit."""
    usable = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return min(usable, 16)


def _encode(
    backbone: Backbone,
    sources: Sequence[Path],
    batch_size: int,
    workers: int,
    wanted: Callable[[str], bool] | None,
) -> Generator[EncodedBatch, None, None]:
    pool = ThreadPoolExecutor(workers, thread_name_prefix="emolens-load")
    waiting = iter(sources)
    ahead: deque[Future[_Loaded]] = deque()

    def fill() -> None:
        # One batch ahead, and each thread busy beyond that: no more memory, however many files there are.
        for source in islice(waiting, batch_size + 2 * workers - len(ahead)):
            ahead.append(pool.submit(_load, backbone, source, wanted))

    try:
        start, rows, samples = 0, [], 0
        fill()
        while ahead:
            loaded = ahead.popleft().result()
            rows.append(loaded)
            samples += loaded.sample is not None
            fill()
            if samples == batch_size or len(rows) == MAX_ROWS * batch_size or not ahead:
                yield _finish(backbone, sources, start, rows)
                start, rows, samples = start + len(rows), [], 0
    finally:
        # Also on Ctrl-C, or when the caller stops listening: forget what is queued, wait for nothing.
        pool.shutdown(wait=False, cancel_futures=True)


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
    sha256 = ""
    try:
        content = _read(source)
        sha256 = hashlib.sha256(content).hexdigest()
        if wanted is not None and not wanted(sha256):
            return _Loaded(sha256)
        image_HWC = read_image(content, backbone.min_side)
        return _Loaded(sha256, backbone.transform(image_HWC))
    except EmolensError as error:
        return _Loaded(sha256, error=f"{source}: {str(error).removeprefix('picture in memory: ')}")
    except FileNotFoundError:
        return _Loaded(sha256, error=f"{source}: no such file")
    except OSError as error:
        return _Loaded(sha256, error=f"{source}: cannot be read ({error.strerror or error})")
    except ValueError as error:  # a name no file can have, or a shape that cannot be scaled
        return _Loaded(sha256, error=f"{source}: cannot be used ({error})")
    except MemoryError:
        return _Loaded(sha256, error=f"{source}: needs more memory than there is")


def _read(source: Path) -> bytes:
    found = os.stat(source)
    if stat.S_ISDIR(found.st_mode):
        raise OSError(None, "it is a folder")
    if not stat.S_ISREG(found.st_mode):  # a pipe would block, a device would never end
        raise OSError(None, "it is no regular file")
    if found.st_size > MAX_BYTES:
        raise OSError(None, f"{found.st_size:,} bytes are more than any picture within the limits has")
    return Path(source).read_bytes()
