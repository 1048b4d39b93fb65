"""The windows of a long video as samples, its frames decoded in one pass.

Legend: N frames of the whole video, K of a window.
"""

from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from emolens.inference.timeline import Span
from emolens.media.audio import Sound
from emolens.media.segments import sample_segments
from emolens.media.video import Frames, stream_windows
from emolens.media.video_sample import VideoConfig
from emolens.media.video_source import VideoSource, open_source


class WindowSource:
    """A :class:`~emolens.media.video_source.VideoSource` that is read window after window, in order.

    Windows that are read one by one decode a frame once for each window it lies in, and what lies before it back to the
    last key frame as often: 4 to 5 times the work at the usual key frame every 10 s, windows of 4 s and hops of 2 s.

    Args:
        path: a video or a sound.
        spans: the windows, ascending.
        config: of the samples.
        pictures: whether frames will be asked for.

    Raises:
        MediaError: as :func:`emolens.media.video_source.open_source`.
    """

    def __init__(self, path: Path, spans: Sequence[Span], config: VideoConfig, pictures: bool = True) -> None:
        self.whole: VideoSource = open_source(path)
        self.name, self.duration_s = self.whole.name, self.whole.duration_s
        self.has_video, self.has_audio = self.whole.has_video, self.whole.has_audio

        def different(count: int) -> NDArray[np.int64]:
            return np.unique(sample_segments(count, config.segments, config.frames, None))

        self._stream: Iterator[Frames] = iter(())
        if pictures and self.has_video:
            self._stream = stream_windows(path, spans, different, config.size)

    def times(self) -> NDArray[np.float64]:
        return self.whole.times()

    def frames(self, frame_K: NDArray[np.int64], side: int, square: bool) -> Frames:
        """The frames of the next window; sought one by one where the pass over the file has come to an early end."""
        found = next(self._stream, None)
        if found is None or len(found.image_KHWC) != len(frame_K):
            return self.whole.frames(frame_K, side, square)
        return found

    def sound(self, rate: int, start_s: float, end_s: float | None) -> Sound | None:
        return self.whole.sound(rate, start_s, end_s)
