"""Single frames of a video: for models of pictures, and to be shown.

Legend: K frames, H, W their height and width.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from emolens.errors import MediaError
from emolens.inference.prediction import Prediction
from emolens.media.image import read_image
from emolens.media.video import index_frames, probe, read_frames, stream_frames

VIDEO_FRAMES = 16  # of a whole video: as many as the segments of arXiv 2311.17335, each with its say
RATE_HZ = 2.0  # frames a second of a timeline: emotions of films change over seconds (a window of 4 s sees 8)

Image = NDArray[np.uint8]


@dataclass(frozen=True)
class SampledFrames:
    """Frames that stand for a whole video.

    Attributes:
        image_KHWC: uint8 RGB, upright, shape (K, H, W, 3).
        duration_s: of the video.
        problems: what could not be decoded.
    """

    image_KHWC: NDArray[np.uint8]
    duration_s: float
    problems: tuple[str, ...]


def sampled_frames(path: Path, min_side: int | None, count: int = VIDEO_FRAMES) -> SampledFrames:
    """The frames in the middles of ``count`` equal parts of a video; all of them where there are no more.

    Args:
        min_side: see :func:`frame_size`.

    Raises:
        MediaError: no video, no pictures in it, or none that can be decoded.
    """
    index = index_frames(path)
    place_K = np.unique(((np.arange(count) + 0.5) * len(index) / count).astype(np.int64))
    frames = read_frames(path, place_K, frame_size(path, min_side), index)
    return SampledFrames(frames.image_KHWC, index.duration_s, (*index.problems, *frames.problems))


class SteadyFrames:
    """Two frames a second of a video, from its start to its end, one after the other; memory is that of a batch.

    Attributes:
        time_N: float64, seconds of the frames there should be, ascending; the frames shown at each half second.
        problem: why some of them do not come.

    Raises:
        MediaError: as :func:`sampled_frames`.
    """

    def __init__(self, path: Path, min_side: int | None) -> None:
        self.path, self.size, self.index = path, frame_size(path, min_side), index_frames(path)
        tick_M = np.arange(0, max(self.index.duration_s, 1e-9), 1 / RATE_HZ)
        shown_N = np.unique(np.searchsorted(self.index.time_N, tick_M + 1e-9, side="right") - 1)
        self.time_N = self.index.time_N[shown_N]
        self.problem = "could not be decoded"

    def batches(self, size: int) -> Iterator[list[tuple[float, Image]]]:
        """Seconds and picture of each frame that can be decoded, ``size`` at a time."""
        batch: list[tuple[float, Image]] = []
        try:
            for shown in stream_frames(self.path, RATE_HZ, self.size, self.index):
                batch.append(shown)
                if len(batch) == size:
                    yield batch
                    batch = []
        except MediaError as error:
            self.problem += f" ({error})"
        if batch:
            yield batch

    def within(self, start_s: float, end_s: float) -> NDArray[np.float64]:
        """Times of the frames that begin in a window; where none does, of the one that is being shown."""
        first, stop = np.searchsorted(self.time_N, (start_s - 1e-9, end_s - 1e-9))
        return self.time_N[first:stop] if first < stop else self.time_N[max(first - 1, 0) : max(first, 1)]


def stills(path: Path, seconds: Sequence[float], side: int) -> list[Image]:
    """The frames shown at these times, their shorter side ``side`` pixels, for people to look at.

    Returns:
        uint8 RGB, each (H, W, 3); nothing where there is nothing to see.
    """
    try:
        index = index_frames(path)
        place_K = np.searchsorted(index.time_N, seconds, side="right") - 1
        return list(read_frames(path, place_K.clip(0), frame_size(path, side, 1), index).image_KHWC)
    except MediaError:
        return []


def picture_of(row: Prediction, min_side: int) -> Image:
    """What stands for a file in a drawing: the picture, or the middle frame of a video.

    Args:
        min_side: the caller scales the shorter side down to about this.

    Raises:
        MediaError: it cannot be read, or there is nothing to see.
    """
    if row.media == "image":
        return read_image(row.source, min_side)
    found = stills(Path(row.source), [((row.start_s or 0.0) + (row.end_s or 0.0)) / 2], min_side)
    if not found:
        raise MediaError(f"{row.source}: has no picture to show")
    return found[0]


def frame_size(path: Path, min_side: int | None, factor: int = 2) -> tuple[int, int] | None:
    """Height and width to decode frames at: the shorter side ``factor * min_side``, never more than they have.

    Twice what the model scales to, so that its own filter has the detail it needs, as photographs are read.
    """
    info = probe(path)
    short = min(info.width, info.height)
    if min_side is None or short <= factor * min_side or not short:
        return None
    scale = factor * min_side / short
    return max(1, round(info.height * scale)), max(1, round(info.width * scale))
