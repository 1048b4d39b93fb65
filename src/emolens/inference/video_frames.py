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
from emolens.people.boxes import Box, boxes_inside
from emolens.people.crop import cut

VIDEO_FRAMES = 16  # of a whole video: as many as the segments of arXiv 2311.17335, each with its say
PERSON_SIDE = 720  # px of the shorter side of a frame from which a person is cut for a drawing
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


def middle_of(row: Prediction) -> float:
    """Seconds of the middle of a row's span."""
    return ((row.start_s or 0.0) + (row.end_s or 0.0)) / 2


def person_alone(image_HWC: Image, box: Box, where: str) -> Image:
    """What is in a person's box, for people to look at; a model sees some of the surroundings, too.

    Raises:
        DataError: the box is not of this picture.
    """
    height, width = image_HWC.shape[:2]
    left, top, right, bottom = boxes_inside([box], height, width, where)[0].tolist()
    return cut(image_HWC, (left, top, right, bottom))


def seen_at(row: Prediction, whole: Prediction) -> float:
    """Seconds of the frame that a person's box is of, as far as rows tell: the middle of the span, if seen by then.

    Args:
        row: of a window, or ``whole`` itself.
        whole: of the same person, from the first sight to the last.
    """
    first, last = whole.start_s or 0.0, (whole.end_s or 0.0) - 0.5 / RATE_HZ
    return max(first, min(middle_of(row), last))


def person_stills(path: Path, rows: Sequence[Prediction], whole: Prediction) -> list[Image]:
    """A person of a video in the middle of each of these rows, for people to look at.

    Args:
        rows: of windows, or ``whole`` itself.
        whole: of this person.

    Returns:
        uint8 RGB, each (H, W, 3); nothing where there is nothing to see.
    """
    images = stills(path, [seen_at(row, whole) for row in rows], PERSON_SIDE)
    if len(images) != len(rows):
        return []
    info = probe(path)
    parts = []
    for row, image in zip(rows, images, strict=True):
        assert row.box is not None
        scale = image.shape[1] / info.width, image.shape[0] / info.height
        left, top, right, bottom = (side * factor for side, factor in zip(row.box, scale * 2, strict=True))
        parts.append(person_alone(image, (left, top, right, bottom), str(path)))
    return parts


def picture_of(row: Prediction, min_side: int) -> Image:
    """What stands for a row in a drawing: the picture, or the middle frame of a video; of a person, that part of it.

    Args:
        min_side: the caller scales the shorter side of the whole picture down to about this.

    Raises:
        MediaError: it cannot be read, or there is nothing to see.
        DataError: it is no longer the picture that the person's box is of.
    """
    if row.media == "image":
        if row.box is not None:
            return person_alone(read_image(row.source), row.box, row.source)
        return read_image(row.source, min_side)
    if row.box is not None:
        found = person_stills(Path(row.source), [row], row)
    else:
        found = stills(Path(row.source), [middle_of(row)], min_side)
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
