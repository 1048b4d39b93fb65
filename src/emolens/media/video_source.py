"""Where the pictures and the sound of a video come from: a file, or something that was made of one.

Legend: N frames of the whole video, K of them wanted, H, W height and width, T samples.
"""

from functools import cached_property
from pathlib import Path
from typing import Protocol

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from emolens.media.audio import Sound, read_audio
from emolens.media.image import IMAGE_SUFFIXES, read_image
from emolens.media.media_bytes import Medium
from emolens.media.video import FrameIndex, Frames, MediaInfo, index_frames, probe, read_frames


class VideoSource(Protocol):
    """What frames and sound are read from.

    Attributes:
        name: how messages call it.
        duration_s: of the whole, if it is stated.
        has_video, has_audio: whether there is such a stream at all.
    """

    @property
    def name(self) -> str: ...
    @property
    def duration_s(self) -> float | None: ...
    @property
    def has_video(self) -> bool: ...
    @property
    def has_audio(self) -> bool: ...
    def times(self) -> NDArray[np.float64]:
        """When each frame is shown, seconds from the first, ascending, shape (N,)."""
        ...

    def frames(self, frame_K: NDArray[np.int64], side: int, square: bool) -> Frames:
        """These frames with the shorter side at ``side`` pixels: the centre square of them, or all of it."""
        ...

    def sound(self, rate: int, start_s: float, end_s: float | None) -> Sound | None:
        """The sound of a part; None without a stream of it."""
        ...


def open_source(path: Medium) -> VideoSource:
    """A video, a sound or a picture; only pictures are told by their suffix.

    Raises:
        MediaError: if it is missing, or no media; the message starts with the path.
    """
    return StillSource(path) if Path(str(path)).suffix.lower() in IMAGE_SUFFIXES else FileSource(path)


def scaled(height: int, width: int, side: int) -> tuple[int, int]:
    """Height and width when the shorter one becomes ``side``."""
    if height <= width:
        return side, max(side, round(width * side / height))
    return max(side, round(height * side / width)), side


class FileSource:
    """A video or a sound, read anew each time it is asked."""

    has_video: bool
    has_audio: bool

    def __init__(self, path: Medium) -> None:
        self.name, self._path = str(path), path
        self._info: MediaInfo = probe(path)
        self.duration_s = self._info.duration_s
        self.has_video, self.has_audio = self._info.has_video, self._info.has_audio

    @cached_property
    def _index(self) -> FrameIndex:
        return index_frames(self._path)

    def times(self) -> NDArray[np.float64]:
        return self._index.time_N

    def frames(self, frame_K: NDArray[np.int64], side: int, square: bool) -> Frames:
        size = side if square else scaled(self._info.height, self._info.width, side)
        return read_frames(self._path, frame_K, size, self._index)

    def sound(self, rate: int, start_s: float, end_s: float | None) -> Sound | None:
        return read_audio(self._path, rate, start_s, end_s)


class StillSource:
    """A picture: one frame, no sound, no duration."""

    duration_s = 0.0
    has_video = True
    has_audio = False

    def __init__(self, path: Medium) -> None:
        self.name, self._path = str(path), path

    def times(self) -> NDArray[np.float64]:
        return np.zeros(1)

    def frames(self, frame_K: NDArray[np.int64], side: int, square: bool) -> Frames:
        image_HWC = fitted(read_image(self._path, side), side, square)
        return Frames(np.repeat(image_HWC[None], len(frame_K), axis=0), np.zeros(len(frame_K)), ())

    def sound(self, rate: int, start_s: float, end_s: float | None) -> Sound | None:
        return None


def fitted(image_HWC: NDArray[np.uint8], side: int, square: bool) -> NDArray[np.uint8]:
    """A picture with its shorter side at ``side`` pixels (bilinear, antialiased); the centre square of it, or all."""
    height, width = image_HWC.shape[:2]
    h, w = scaled(height, width, side)
    if (h, w) != (height, width):
        image_HWC = np.asarray(Image.fromarray(image_HWC).resize((w, h), Image.Resampling.BILINEAR))
    top, left = (h - side) // 2, (w - side) // 2
    return image_HWC[top : top + side, left : left + side] if square else image_HWC
