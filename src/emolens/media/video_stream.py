"""A video of any length in a few megabytes.

Legend: N frames of the video, W windows, K frames of one window.
"""

from collections.abc import Callable, Iterable, Iterator

import numpy as np
from numpy.typing import NDArray

from emolens.compute import usable_cores
from emolens.media.frame_decoder import FrameDecoder
from emolens.media.frame_index import FrameIndex, index_frames
from emolens.media.frame_scaler import FrameScaler, Size
from emolens.media.media_bytes import Medium
from emolens.media.read_frames import Frames, assemble

MAX_THREADS = 4  # one video at a time is read, so it may use several cores; decoders gain little beyond


def stream_frames(
    path: Medium, rate_hz: float, size: Size = None, index: FrameIndex | None = None
) -> Iterator[tuple[float, NDArray[np.uint8]]]:
    """Frames at a steady rate, one by one, in order; each is decoded and given once.

    At each multiple of ``1 / rate_hz`` seconds the frame that is shown then; where the video is slower than
    ``rate_hz``, just its frames. What cannot be decoded is left out.

    Args:
        path: of the file.
        rate_hz: frames a second, above 0.
        size: as for :func:`emolens.media.video.read_frames`.
        index: of the file, where the caller has it already.

    Yields:
        (seconds from the first frame, uint8 RGB of shape (H, W, 3)).

    Raises:
        MediaError: as :func:`emolens.media.video.read_frames`.
        ValueError: if the rate is not positive.
    """
    if not rate_hz > 0:
        raise ValueError(f"rate_hz {rate_hz}: must be above 0")
    index = index or index_frames(path)
    tick_M = np.arange(0, index.duration_s, 1 / rate_hz) if index.duration_s > 0 else np.zeros(1)
    wanted = np.unique(np.searchsorted(index.time_N, tick_M + 1e-9, side="right") - 1)
    for number, image_HWC in _decode(path, index, wanted, size):
        yield float(index.time_N[number]), image_HWC


def stream_windows(
    path: Medium,
    windows: Iterable[tuple[float, float]],
    frames_of: Callable[[int], NDArray[np.int64]],
    size: Size = None,
    index: FrameIndex | None = None,
) -> Iterator[Frames]:
    """Some frames of each of many windows, in one pass over the file; windows may overlap.

    A frame is decoded once, however many windows it belongs to, and kept, scaled, until the last of them is done.

    Args:
        path: of the file.
        windows: (start, end) in seconds from the first frame, ascending in both; the end is not included.
        frames_of: number of frames in a window -> which of them to take, int64, any shape, in [0, number). For the
            AV models: ``lambda n: sample_segments(n, segments, frames, None)``.
        size: as for :func:`emolens.media.video.read_frames`.
        index: of the file, where the caller has it already.

    Yields:
        For each window the frames of ``frames_of``, flattened. A window in which no frame begins has the one that is
        shown at its start.

    Raises:
        MediaError: as :func:`emolens.media.video.read_frames`; also if nothing in a window, or before, can be decoded.
        ValueError: if windows are empty or not ascending.
    """
    index = index or index_frames(path)
    asked = [_frames_in(window, frames_of, index) for window in _ascending(windows)]
    if not asked:
        return
    wanted = np.unique(np.concatenate(asked))
    # needed_from[w]: the first frame that window w or a later one needs
    needed_from = np.minimum.accumulate([asked_K.min() for asked_K in reversed(asked)])[::-1]
    frames = _decode(path, index, wanted, size)
    found: dict[int, NDArray[np.uint8]] = {}
    reached = -1
    for number, asked_K in enumerate(asked):
        while reached < asked_K.max():
            step = next(frames, None)
            if step is None:
                break
            reached, found[step[0]] = step
        yield assemble(path, asked_K, found, index, index.problems if number == 0 else ())
        following = needed_from[number + 1] if number + 1 < len(asked) else len(index)
        for old in [n for n in found if n < following and n != reached]:  # the newest stands in for what is lost
            del found[old]


def _ascending(windows: Iterable[tuple[float, float]]) -> Iterator[tuple[float, float]]:
    before = (-np.inf, -np.inf)
    for start_s, end_s in windows:
        if not start_s < end_s or start_s < before[0] or end_s < before[1]:
            raise ValueError(f"window {start_s:g} to {end_s:g} s is empty, or does not come after the one before")
        before = (start_s, end_s)
        yield before


def _frames_in(
    window: tuple[float, float], frames_of: Callable[[int], NDArray[np.int64]], index: FrameIndex
) -> NDArray[np.int64]:
    """Numbers of the frames that a window asks for."""
    first, stop = np.searchsorted(index.time_N, np.array(window) - 1e-9)
    if first == stop:
        first, stop = max(first - 1, 0), max(first, 1)
    return np.asarray(first + frames_of(int(stop - first)), dtype=np.int64).ravel()


def _decode(
    path: Medium, index: FrameIndex, wanted: NDArray[np.int64], size: Size
) -> Iterator[tuple[int, NDArray[np.uint8]]]:
    with FrameDecoder(path, index, threads=min(MAX_THREADS, usable_cores())) as decoder:
        scale = FrameScaler(size, decoder.aspect)
        for number, frame in decoder.frames(wanted):
            yield number, scale(frame)
