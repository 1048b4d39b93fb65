"""Which frames stand for a video.

Legend: S segments, L consecutive frames of each.
"""

import numpy as np
from numpy.typing import NDArray


def sample_segments(frames: int, segments: int, length: int, rng: np.random.Generator | None) -> NDArray[np.int64]:
    """Cut a video into equal segments and take some consecutive frames from each (arXiv 2311.17335, section IV).

    Segment s covers the frames from ``s * frames / segments`` to ``(s + 1) * frames / segments``. The run of ``length``
    frames lies in its middle, or with ``rng`` anywhere inside. What happens to short videos is ours: a segment that is
    shorter than the run centres it (with ``rng``, still covers the segment), moved to stay within the video; a video
    that is shorter than one run is looped. (The release loops every video of fewer than S * L frames as a whole.)

    Args:
        frames: number of frames of the video, at least 1.
        segments: S.
        length: L.
        rng: None for the centre: the same frames each time.

    Returns:
        int64, shape (S, L), in [0, frames).

    Raises:
        ValueError: if an argument is below 1.
    """
    if min(frames, segments, length) < 1:
        raise ValueError(f"frames {frames}, segments {segments}, length {length}: each must be at least 1")
    edge = np.arange(segments + 1) * frames / segments
    low_S = np.minimum(edge[:-1], edge[1:] - length)  # where the run is longer than the segment, it covers it
    high_S = np.maximum(edge[:-1], edge[1:] - length)
    place_S = (low_S + high_S) / 2 if rng is None else rng.uniform(low_S, high_S)
    first_S = np.clip(np.floor(place_S + 0.5), 0, max(frames - length, 0)).astype(np.int64)
    return (first_S[:, None] + np.arange(length)) % frames
