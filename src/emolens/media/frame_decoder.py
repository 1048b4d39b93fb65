"""Decodes the wanted frames of a video and as few others as possible.

Legend: K wanted frames.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import chain
from typing import TYPE_CHECKING, Self

import numpy as np
from numpy.typing import NDArray

from emolens.errors import MediaError
from emolens.media.frame_index import FrameIndex, index_stream, wanted_stream
from emolens.media.media_bytes import Medium
from emolens.media.media_file import open_media, packets_of

if TYPE_CHECKING:
    from av.packet import Packet
    from av.video.frame import VideoFrame
    from av.video.stream import VideoStream


@dataclass(frozen=True)
class Run:
    """What is decoded in one go: from key packet ``key`` (None: the start of the file) to the last of ``frames``."""

    key: int | None
    frames: list[int]


def plan_runs(index: FrameIndex, wanted: NDArray[np.int64], back: int = 0) -> list[Run]:
    """Where to begin decoding for which frames.

    A frame can be decoded from the last key packet that is shown no later: what follows a key packet in the file but
    is shown before it may refer to what lies before (an open group of pictures). A later run begins only where its key
    packet lies behind all that was decoded before; otherwise going on is no dearer.

    Args:
        index: of the file.
        wanted: frame numbers, ascending.
        back: so many key packets earlier.
    """
    if not index.exact or not len(index.key_pts_J):
        return [Run(None, wanted.tolist())]
    order_J = np.argsort(index.key_pts_J, kind="stable")
    slot_K = np.searchsorted(index.key_pts_J[order_J], index.pts_N[wanted], side="right") - 1 - back
    runs: list[Run] = []
    done = -1  # place of the last packet that is decoded so far
    for frame, slot in zip(wanted.tolist(), slot_K.tolist(), strict=True):
        key = int(order_J[slot]) if slot >= 0 else None
        if not runs or (key is not None and index.key_place_J[key] > done + 1):
            runs.append(Run(key, []))
        runs[-1].frames.append(frame)
        done = max(done, int(index.place_N[frame]))
    return runs


class FrameDecoder:
    """An open video that gives frames by number; a context manager.

    Attributes:
        index: of its frames.
        aspect: width of a pixel divided by its height, None where the file does not say.
        damaged: numbers of the frames given so far in which the decoder had to guess some part.
    """

    def __init__(self, path: Medium, index: FrameIndex | None = None, threads: int = 1) -> None:
        """
        Args:
            path: of the file.
            index: of the file; made where it is not given.
            threads: of the decoder; 0 for one a core.

        Raises:
            MediaError: if the file cannot be used, or has no picture.
        """
        self.path, self.threads = path, threads
        self.damaged: set[int] = set()
        self._container = open_media(path)
        try:
            self._stream = self._prepare()
            self.index = index or index_stream(self._container, self._stream, path)
        except BaseException:
            self._container.close()
            raise
        self.aspect = self._stream.sample_aspect_ratio

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._container.close()

    def _prepare(self) -> "VideoStream":
        stream = wanted_stream(self._container, self.path)
        stream.thread_count = self.threads
        stream.thread_type = "AUTO" if self.threads != 1 else "NONE"
        return stream

    def frames(self, wanted: NDArray[np.int64], back: int = 0, skip: bool = True) -> Iterator[tuple[int, "VideoFrame"]]:
        """Decode frames by number, ascending; those that cannot be decoded are left out.

        Args:
            wanted: frame numbers, ascending, each once.
            back: begin so many key packets earlier than should be needed.
            skip: whether unwanted frames that no other refers to are passed over.
        """
        for run in plan_runs(self.index, wanted, back):
            for number, frame in self._by_time(run, skip) if self.index.exact else self._by_order(run):
                if frame.is_corrupt:
                    self.damaged.add(number)
                yield number, frame

    def _by_time(self, run: Run, skip: bool) -> Iterator[tuple[int, "VideoFrame"]]:
        number = {int(self.index.pts_N[frame]): frame for frame in run.frames}
        to_send = set(number)
        for packet in self._packets(run.key):
            wanted = packet.pts in to_send
            self._stream.codec_context.skip_frame = "DEFAULT" if wanted or not skip else "NONREF"
            for frame in self._decode(packet):
                if frame.pts in number:
                    yield number.pop(frame.pts), frame
            to_send.discard(packet.pts)
            if not to_send:
                break
        self._stream.codec_context.skip_frame = "DEFAULT"
        for frame in self._decode(None):  # those that wait for being shown in order
            if frame.pts in number:
                yield number.pop(frame.pts), frame

    def _by_order(self, run: Run) -> Iterator[tuple[int, "VideoFrame"]]:
        wanted, count = set(run.frames), 0
        for packet in chain(self._packets(None), [None]):
            for frame in self._decode(packet):
                if count in wanted:
                    yield count, frame
                count += 1
            if count > run.frames[-1]:
                return

    def _decode(self, packet: "Packet[VideoStream] | None") -> "list[VideoFrame]":
        import av

        try:
            return self._stream.codec_context.decode(packet)
        except av.EOFError:
            return []
        except av.FFmpegError:
            return []

    def _packets(self, key: int | None) -> Iterator["Packet[VideoStream]"]:
        """The packets of the file from a key packet on, with the decoder made ready for them."""
        import av

        if key is None:
            self._rewind()
            yield from self._demux()
            return
        pts = int(self.index.key_pts_J[key])
        for seeking in (True, False):  # not every format leads to the place that was asked for
            try:
                if seeking:
                    self._container.seek(int(self.index.key_dts_J[key]), stream=self._stream)
                else:
                    self._rewind()
            except av.FFmpegError:
                continue
            found = False
            for packet in self._demux():
                found = found or (packet.is_keyframe and packet.pts == pts)
                if found:
                    yield packet
                elif seeking and packet.is_keyframe and packet.pts is not None and packet.pts > pts:
                    break
            if found:
                return

    def _demux(self) -> Iterator["Packet[VideoStream]"]:
        try:
            for packet in packets_of(self._container, self._stream):
                if packet.size:
                    yield packet
        except MediaError:  # the index, made from the same packets, has said so
            return

    def _rewind(self) -> None:
        self._container.close()
        self._container = open_media(self.path)
        self._stream = self._prepare()
