"""Which frames a video has and when each is shown, without decoding one.

Legend: N frames that are shown, in the order of showing; J key packets, in the order of the file.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from emolens.errors import MediaError
from emolens.media.media_bytes import Medium
from emolens.media.media_file import check_size, has_decoder, open_media, packets_of, picture_stream

if TYPE_CHECKING:
    from av.container import InputContainer
    from av.packet import Packet
    from av.video.stream import VideoStream

TIMELESS = ("avi", "h264", "hevc", "m4v", "mpegvideo")  # formats that know the order of decoding, not that of showing


@dataclass(frozen=True)
class FrameIndex:
    """The frames of a video.

    Attributes:
        time_N: float64, seconds from the first frame, ascending.
        key_N: bool, whether the frame can be decoded by itself.
        duration_s: from the first frame to the end of the last one, whatever the header of the file says.
        start_s: when the first frame is shown on the file's own clock, in seconds; sound is timed by the same clock.
        pts_N: int64, presentation timestamps, in the stream's unit.
        place_N: int64, number of the frame's packet in the file: the order of decoding.
        key_pts_J: int64, presentation timestamps of all key packets, hidden ones included.
        key_dts_J: int64, their decoding timestamps: what is sought for.
        key_place_J: int64, their number in the file.
        exact: False where timestamps are missing or do not tell frames apart; such a file is decoded from its start.
        problems: what a person should know, empty if all is well.
    """

    time_N: NDArray[np.float64]
    key_N: NDArray[np.bool_]
    duration_s: float
    start_s: float
    pts_N: NDArray[np.int64]
    place_N: NDArray[np.int64]
    key_pts_J: NDArray[np.int64]
    key_dts_J: NDArray[np.int64]
    key_place_J: NDArray[np.int64]
    exact: bool
    problems: tuple[str, ...]

    def __len__(self) -> int:
        return len(self.time_N)


def index_frames(path: Medium) -> FrameIndex:
    """List the frames of a video by reading its packets, not decoding them: 2 to 5 ms for a video of some seconds.

    Raises:
        MediaError: as :func:`emolens.media.media_file.open_media`; also if there is no picture stream or no frame.
    """
    with open_media(path) as container:
        return index_stream(container, wanted_stream(container, path), path)


def wanted_stream(container: "InputContainer", path: Medium) -> "VideoStream":
    """The stream of moving pictures; nothing else is then read from the file.

    Raises:
        MediaError: if there is none, its codec is unknown, or its frames are too large.
    """
    from av.stream import Discard

    chosen = picture_stream(container)
    if chosen is None:
        raise MediaError(f"{path}: has no pictures, only sound")
    if not has_decoder(chosen):
        raise MediaError(f"{path}: the codec of its pictures is unknown; convert it to H.264, for example")
    check_size(chosen, path)
    for stream in container.streams:
        stream.discard = Discard.default if stream is chosen else Discard.all
    return chosen


def index_stream(container: "InputContainer", stream: "VideoStream", path: Medium) -> FrameIndex:
    """As :func:`index_frames`, of an open file that has not been read from yet."""
    rows: list[tuple[int | None, int | None, bool, bool, int]] = []
    problems = []
    hides = stream.codec_context.name in ("vp8", "libvpx")
    try:
        for packet in packets_of(container, stream):
            if packet.size:
                hidden = packet.is_discard or (hides and _never_shown(packet))
                rows.append((packet.pts, packet.dts, packet.is_keyframe, hidden, packet.duration or 0))
    except MediaError as error:
        problems.append(f"the file cannot be read to its end ({error})")
    shown = [place for place, row in enumerate(rows) if not row[3]]
    if not shown:
        raise MediaError(f"{path}: its picture stream holds no frame")
    unit_s = float(stream.time_base or 1)
    pts_shown: Sequence[int | None] = [rows[place][0] for place in shown]
    exact = None not in pts_shown and len(set(pts_shown)) == len(pts_shown)
    if container.format.name in TIMELESS and stream.codec_context.has_b_frames:
        exact = False
    if not exact:
        pts_shown = _made_up(pts_shown, [rows[place][1] for place in shown], stream)
    place_N = np.array(shown, dtype=np.int64)
    pts_N = np.array(pts_shown, dtype=np.int64)
    order_N = np.argsort(pts_N, kind="stable")
    place_N, pts_N = place_N[order_N], pts_N[order_N]
    time_N = (pts_N - pts_N[0]) * unit_s
    last_s = rows[place_N[-1]][4] * unit_s
    if last_s <= 0:
        last_s = float(np.median(np.diff(time_N))) if len(time_N) > 1 else 0.0
    if container.format.name.startswith("mov") and stream.frames > len(rows):  # elsewhere it is an estimate
        problems.append(
            f"{stream.frames - len(rows)} of {stream.frames} frames are missing from the file: it was cut off"
        )
    keys = [place for place, row in enumerate(rows) if row[2] and row[0] is not None]
    return FrameIndex(
        time_N=time_N,
        key_N=np.array([rows[place][2] for place in place_N], dtype=np.bool_),
        duration_s=float(time_N[-1] + last_s),
        start_s=float(pts_N[0] * unit_s),
        pts_N=pts_N,
        place_N=place_N,
        key_pts_J=np.array([rows[place][0] for place in keys], dtype=np.int64),
        key_dts_J=np.array([rows[place][0] if rows[place][1] is None else rows[place][1] for place in keys], np.int64),
        key_place_J=np.array(keys, dtype=np.int64),
        exact=exact,
        problems=tuple(problems),
    )


def _never_shown(packet: "Packet[VideoStream]") -> bool:
    """Whether a VP8 packet is an "alternate reference", which only helps to decode others (RFC 6386, section 9.1)."""
    return not bytes(packet)[0] >> 4 & 1


def _made_up(pts: Sequence[int | None], dts: list[int | None], stream: "VideoStream") -> Sequence[int | None]:
    """Times for frames whose own do not tell them apart: by decoding time, else evenly at the stated rate."""
    known = [value for value in dts if value is not None]
    if len(known) == len(dts) and len(set(known)) == len(known):
        return sorted(known)
    rate, unit = stream.average_rate or stream.base_rate or 25, stream.time_base
    start = next((value for value in pts if value is not None), 0)
    return [start + round(n / (rate * unit)) for n in range(len(pts))] if unit else list(range(len(pts)))
