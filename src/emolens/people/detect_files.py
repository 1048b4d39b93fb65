"""Files -> persons, each content through the detector once.

Legend: N files.
"""

import hashlib
from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from threading import Lock

import numpy as np
from numpy.typing import NDArray

from emolens.compute import loader_threads
from emolens.errors import DataError
from emolens.media.image import read_image
from emolens.people.boxes import PersonBoxes
from emolens.people.cache import FLOOR, BoxCache
from emolens.people.detector import Detector
from emolens.people.letterbox import letterbox
from emolens.progress import progress


@dataclass(frozen=True)
class FoundPersons:
    """What became of N files.

    Attributes:
        persons: None for files that cannot be read.
        size: (height, width) of the upright picture, or None.
        errors: row -> message, starting with the path.
        detected: pictures that went through the detector; the others were known, or are copies.
    """

    persons: list[PersonBoxes | None]
    size: list[tuple[int, int] | None]
    errors: dict[int, str]
    detected: int


@dataclass(frozen=True)
class _LoadResult:
    sha256: str = ""
    square: tuple[NDArray[np.uint8], int, int] | None = None
    error: str | None = None


def detect_files(
    detector: Detector, paths: Sequence[Path], cache: BoxCache, threshold: float, batch_size: int = 8
) -> FoundPersons:
    """Persons in each file, with at least this score.

    Threads read, hash, decode and letterbox ahead of the detector, in flat memory. A file that cannot be used
    becomes an entry of ``errors``. An interrupted run continues where it stopped: what is in ``cache`` is not detected
    again.

    Args:
        detector: its own threshold should be ``cache.FLOOR``, so that the cache serves any threshold.
        batch_size: pictures that go through the detector at once, if its file allows that.

    Raises:
        DataError: the cache cannot be written.
    """
    if detector.threshold > FLOOR:
        raise ValueError(
            f"boxes are cached down to {FLOOR}; the detector leaves out what is under {detector.threshold}"
        )
    claimed: set[str] = set()
    lock = Lock()

    def wanted(sha256: str) -> bool:
        with lock:
            if sha256 in cache or sha256 in claimed:
                return False
            claimed.add(sha256)
            return True

    workers = loader_threads(None)
    pool = ThreadPoolExecutor(workers, thread_name_prefix="emolens-people")
    waiting = iter(paths)
    ahead: deque[Future[_LoadResult]] = deque()
    loaded: list[_LoadResult] = []
    batch: list[tuple[str, tuple[NDArray[np.uint8], int, int]]] = []
    detected = 0

    def flush() -> None:
        nonlocal detected
        for (sha256, square), persons in zip(batch, detector.detect_squares([s for _, s in batch]), strict=True):
            cache.add(sha256, square[1], square[2], persons)
        detected += len(batch)
        batch.clear()

    try:
        with cache, progress("persons", len(paths)) as advance:
            while True:
                for path in islice(waiting, batch_size + 2 * workers - len(ahead)):
                    ahead.append(pool.submit(_load, path, detector.side, wanted))
                if not ahead:
                    break
                row = ahead.popleft().result()
                if row.square is not None:
                    batch.append((row.sha256, row.square))
                loaded.append(_LoadResult(row.sha256, error=row.error))
                if len(batch) == batch_size:
                    flush()
                advance()
            flush()
    finally:
        pool.shutdown(wait=False, cancel_futures=True)
    failed = {row.sha256: row.error for row in loaded if row.error is not None and row.sha256}
    persons: list[PersonBoxes | None] = []
    size: list[tuple[int, int] | None] = []
    errors: dict[int, str] = {}
    for n, row in enumerate(loaded):
        if row.sha256 in cache:
            height, width, found = cache[row.sha256]
            persons.append(found.above(threshold))
            size.append((height, width))
            continue
        # A copy of a picture that failed was left to that one: same content, same failure.
        errors[n] = row.error or f"{paths[n]}: same content as a file that failed ({failed.get(row.sha256)})"
        persons.append(None)
        size.append(None)
    return FoundPersons(persons, size, errors, detected)


def _load(path: Path, side: int, wanted: Callable[[str], bool]) -> _LoadResult:
    sha256 = ""
    try:
        if path.exists() and not path.is_file():
            return _LoadResult(error=f"{path}: is no regular file")
        content = path.read_bytes()
        sha256 = hashlib.sha256(content).hexdigest()
        if not wanted(sha256):
            return _LoadResult(sha256)
        image_HWC = read_image(content)
        return _LoadResult(sha256, (letterbox(image_HWC, side), *image_HWC.shape[:2]))
    except DataError as error:
        return _LoadResult(sha256, error=f"{path}: {str(error).removeprefix('picture in memory: ')}")
    except FileNotFoundError:
        return _LoadResult(error=f"{path}: no such file")
    except OSError as error:
        return _LoadResult(error=f"{path}: cannot be read ({error.strerror or error})")
    except MemoryError:
        return _LoadResult(sha256, error=f"{path}: needs more memory than there is")
