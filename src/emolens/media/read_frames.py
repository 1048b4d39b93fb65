"""Exactly the frames of a video that are asked for.

Legend: K frames, H height, W width, C colours.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from emolens.errors import MediaError
from emolens.media.frame_decoder import FrameDecoder
from emolens.media.frame_index import FrameIndex
from emolens.media.frame_scaler import FrameScaler, Size
from emolens.media.media_bytes import Medium


@dataclass(frozen=True)
class Frames:
    """Some frames of a video.

    Attributes:
        image_KHWC: uint8 RGB, upright.
        time_K: float64, seconds from the first frame of the video.
        problems: what a person should know, empty if all is well.
    """

    image_KHWC: NDArray[np.uint8]
    time_K: NDArray[np.float64]
    problems: tuple[str, ...]


def read_frames(
    path: Medium,
    frame_K: NDArray[np.int64] | Sequence[int],
    size: Size = None,
    index: FrameIndex | None = None,
    threads: int = 1,
) -> Frames:
    """Decode exactly the frames that are asked for.

    Decoding begins at the key frame before each of them, and between them frames that no other refers to are passed
    over; each frame is scaled as it is decoded, so that memory is that of the result, whatever the video's size.

    Args:
        path: of the file.
        frame_K: numbers of the frames in the order of showing, in [0, number of frames); any order, repeats allowed.
        size: (height, width) exactly; a number for a square of that side, cut from the middle after the shorter side
            was scaled to it; None for full size. See :class:`emolens.media.frame_scaler.FrameScaler`.
        index: of the file, where the caller has it already.
        threads: of the decoder; 0 for one a core. More than one makes a single video faster, but costs about a fifth
            more computing in all: leave it at 1 where several videos are read at a time.

    Returns:
        The K frames as asked. One that cannot be decoded is replaced by the nearest that can.

    Raises:
        MediaError: as :func:`probe`; also if there are no pictures, or none of the frames could be decoded.
        IndexError: if the video has no frame of a number.
        ValueError: if no number is given.
    """
    asked_K = np.asarray(frame_K, dtype=np.int64).ravel()
    if asked_K.size == 0:
        raise ValueError(f"{path}: no frame is asked for")
    with FrameDecoder(path, index, threads) as decoder:
        index = decoder.index
        if asked_K.min() < 0 or asked_K.max() >= len(index):
            raise IndexError(f"{path}: frames {asked_K.min()} to {asked_K.max()} of a video of {len(index)}")
        scale = FrameScaler(size, decoder.aspect)
        wanted = np.unique(asked_K)
        found = {number: scale(frame) for number, frame in decoder.frames(wanted)}
        if len(found) < len(wanted):  # as where a damaged or unusual stream needs more to decode from than it says
            missing = np.setdiff1d(wanted, list(found))
            found |= {number: scale(frame) for number, frame in decoder.frames(missing, back=1, skip=False)}
        problems = index.problems
        if decoder.damaged:
            problems = (*problems, f"{len(decoder.damaged)} of {len(wanted)} frames are damaged")
    return assemble(path, asked_K, found, index, problems)


def assemble(
    path: Medium,
    asked_K: NDArray[np.int64],
    found: Mapping[int, NDArray[np.uint8]],
    index: FrameIndex,
    problems: tuple[str, ...],
) -> Frames:
    """The frames as asked, the nearest found one in the place of each that is missing.

    Raises:
        MediaError: if none was found.
    """
    if not found:
        raise MediaError(f"{path}: none of its {len(index)} frames that were asked for can be decoded; it is damaged")
    known = np.array(sorted(found), dtype=np.int64)
    right_K = np.searchsorted(known, asked_K).clip(0, len(known) - 1)
    left_K = (right_K - 1).clip(0)
    nearer_K = np.abs(known[left_K] - asked_K) <= np.abs(known[right_K] - asked_K)
    source_K = np.where(nearer_K, known[left_K], known[right_K])
    if lost := len(set(asked_K[source_K != asked_K].tolist())):
        asked = len(set(asked_K.tolist()))
        problems = (*problems, f"{lost} of {asked} frames could not be decoded; their neighbours stand in for them")
    return Frames(np.stack([found[number] for number in source_K.tolist()]), index.time_N[asked_K], problems)
