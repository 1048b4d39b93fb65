"""Files -> persons, each content through the detector once.

Legend: N files.
"""

from collections.abc import Callable, Sequence
from contextlib import closing
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from emolens.compute import loader_threads
from emolens.media.content import Claims, read_content
from emolens.media.image import read_image
from emolens.people.boxes import PersonBoxes
from emolens.people.cache import FLOOR, BoxCache
from emolens.people.detector import Detector
from emolens.people.letterbox import letterbox
from emolens.prefetch import prefetch, reason
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
class _Loaded:
    sha256: str = ""
    square: tuple[NDArray[np.uint8], int, int] | None = None
    error: str | None = None


def detect_files(
    detector: Detector, paths: Sequence[Path], cache: BoxCache, threshold: float, batch_size: int = 8
) -> FoundPersons:
    """Persons in each file, with at least this score.

    Threads read, hash, decode and letterbox ahead of the detector, in flat memory. A file that cannot be used
    becomes an entry of ``errors``. An interrupted run continues where
    it stopped: what is in ``cache`` is not detected again.

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
    claims = Claims(cache.__contains__)

    def load(path: Path) -> _Loaded:
        return _load(path, detector.side, claims.take)

    threads = loader_threads(None)
    loaded: list[_Loaded] = []
    batch: list[_Loaded] = []
    detected = 0
    with (
        closing(prefetch(load, paths, threads, ahead=batch_size + threads)) as items,
        cache,
        progress("persons", len(paths)) as advance,
    ):
        for item in items:
            row = item.result or _Loaded(error=reason(paths[item.place], item.error))
            loaded.append(replace(row, square=None))  # the pixels are held no longer than the batch
            if row.square is not None:
                batch.append(row)
            if len(batch) == batch_size:
                detected += _detect(detector, batch, cache)
                batch = []
            advance()
        detected += _detect(detector, batch, cache)
    return _gathered(paths, loaded, cache, threshold, detected)


def _detect(detector: Detector, batch: Sequence[_Loaded], cache: BoxCache) -> int:
    """Put the persons of these pictures into the cache; how many pictures that are."""
    squares = [row.square for row in batch if row.square is not None]
    for row, (_, height, width), persons in zip(batch, squares, detector.detect_squares(squares), strict=True):
        cache.add(row.sha256, height, width, persons)
    return len(squares)


def _gathered(
    paths: Sequence[Path], loaded: Sequence[_Loaded], cache: BoxCache, threshold: float, detected: int
) -> FoundPersons:
    """What is known of each file, once all contents are in the cache."""
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


def _load(path: Path, side: int, wanted: Callable[[str], bool]) -> _Loaded:
    content, sha256 = read_content(path)
    if not wanted(sha256):
        return _Loaded(sha256)
    try:
        image_HWC = read_image(content)
        return _Loaded(sha256, (letterbox(image_HWC, side), *image_HWC.shape[:2]))
    except Exception as error:
        return _Loaded(sha256, error=reason(path, error))
