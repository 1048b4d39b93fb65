"""Any sound that FFmpeg knows -> one wave in true time.

Legend: T samples, P samples of one piece.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from emolens.errors import MediaError
from emolens.media.media_bytes import Medium
from emolens.media.media_file import open_media, packets_of, picture_stream

if TYPE_CHECKING:
    from av.audio.frame import AudioFrame
    from av.audio.resampler import AudioResampler
    from av.audio.stream import AudioStream
    from av.container import InputContainer

AUDIO_SUFFIXES = frozenset({".wav", ".mp3", ".m4a", ".aac", ".flac", ".ogg", ".opus", ".wma", ".aiff"})

TOLERANCE_S = 0.04  # timestamps of good files waver by some ms; sound stays within one picture (25 a second) of them
PREROLL_S = 0.25  # decoders of MP3, AAC and Opus need up to 80 ms to swing in after a seek
LONGEST_SILENCE_S = 3600.0  # timestamps that leave out more than this in all are broken, not a pause
SHORT_S = 0.5  # a sound that ends this much before its stated end was cut off


@dataclass(frozen=True)
class Sound:
    """A decoded sound.

    Attributes:
        wave_T: float32, mono, in [-1, 1]; empty where nothing could be decoded, or nothing is in the window.
        rate: samples a second.
        start_s: time of the first sample, in seconds from the first picture (without pictures: the first sample).
        problems: what a person should know of it; empty if all is well.
    """

    wave_T: NDArray[np.float32]
    rate: int
    start_s: float
    problems: tuple[str, ...]


def read_audio(
    path: Medium, rate: int = 44100, start_s: float | None = None, end_s: float | None = None
) -> Sound | None:
    """Decode the sound of a file, or the part of it from ``start_s`` to ``end_s`` (seconds).

    Channels are mixed down to one with swresample's matrix, scaled so that full channels stay in [-1, 1] (of stereo:
    the mean). Sound stays in time with the pictures: 0 s is the first picture; what was heard before it is left out, a
    late start or a gap of more than ``TOLERANCE_S`` is silence. Memory is that of the window, however long the file is.
    Of several streams the one marked as default is taken, else the first with a known codec.

    Returns:
        None where the file has no stream of sound.

    Raises:
        MediaError: as :func:`emolens.media.media_file.open_media`; the message starts with the path.
        ValueError: if the window is empty, or the rate below 1.
    """
    start = start_s or 0.0
    if start < 0 or (end_s is not None and end_s <= start) or rate < 1:
        raise ValueError(f"window {start_s} to {end_s} s at rate {rate}: 0 <= start < end, rate >= 1")
    seek = start > PREROLL_S
    while True:
        with open_media(path) as container:
            stream, remarks = _choose(container)
            if stream is None:
                return Sound(np.zeros(0, np.float32), rate, start, remarks) if remarks else None
            reading = _Reading(rate, start, end_s, _origin_s(container, stream), float(stream.time_base or 1))
            if reading.run(container, stream, seek):
                return Sound(reading.wave(), rate, start, (*remarks, *reading.problems(stream)))
        seek = False  # the file's index led to behind the window: once more, from the beginning


def _choose(container: "InputContainer") -> tuple["AudioStream | None", tuple[str, ...]]:
    """The stream to decode, and the remark that there are others."""
    from av.stream import Disposition

    streams = container.streams.audio
    known = [stream for stream in streams if stream.codec_context is not None]
    if not known:
        return None, (("the codec of its sound is unknown",) if streams else ())
    chosen = next((stream for stream in known if stream.disposition & Disposition.default), known[0])
    if len(streams) == 1:
        return chosen, ()
    return chosen, (f"{len(streams)} streams of sound; number {streams.index(chosen) + 1} was taken",)


def _origin_s(container: "InputContainer", stream: "AudioStream") -> float:
    """When the first picture is shown, on the file's own clock; without pictures, when the sound begins."""
    first = picture_stream(container) or stream
    if first.start_time is not None and first.time_base is not None:
        return float(first.start_time * first.time_base)
    return (container.start_time or 0) / 1e6


@dataclass
class _Reading:
    """One pass over a stream: pieces of wave, each at its place."""

    rate: int
    start_s: float
    end_s: float | None
    origin_s: float
    tick_s: float  # of timestamps
    pieces: list[tuple[int, NDArray[np.float32]]] = field(default_factory=list)  # (first sample in the window, samples)
    bad_packets: int = 0
    broken_off: str | None = None
    broken_times: bool = False
    complete: bool = True  # the file was read to its end, not just to that of the window
    silence_s: float = 0.0
    next_s: float | None = None  # where the next frame belongs if nothing is missing
    last_sample: int = 0
    _resampler: "AudioResampler | None" = None
    _kind: tuple[str, str, int] | None = None
    _cursor: int = 0

    def run(self, container: "InputContainer", stream: "AudioStream", seek: bool) -> bool:
        """Decode; False where seeking led to behind the window's start, so that its beginning was missed."""
        import av
        from av.stream import Discard

        for other in container.streams:  # pictures are then not even read
            other.discard = Discard.default if other is stream else Discard.all
        if seek:
            try:
                container.seek(int((self.start_s - PREROLL_S + self.origin_s) / self.tick_s), stream=stream)
            except av.FFmpegError:
                return False
        for frame in self._frames(container, stream):
            begin_s = self._begin(frame)
            if seek and not self.pieces and self._cursor == 0 and self.next_s is None and begin_s > self.start_s:
                return False
            if self.end_s is not None and begin_s >= self.end_s:
                self.complete = False
                break
            try:
                self._take(frame, begin_s)
            except (av.FFmpegError, ValueError, ZeroDivisionError):  # a damaged frame states what cannot be
                self.bad_packets, self._resampler, self._kind = self.bad_packets + 1, None, None
        self._flush()
        return True

    def _frames(self, container: "InputContainer", stream: "AudioStream") -> Iterator["AudioFrame"]:
        """What can be decoded, whatever lies between."""
        import av

        try:
            for packet in packets_of(container, stream):
                try:
                    yield from packet.decode()  # type: ignore[misc]  # of a stream of sound, frames of sound
                except av.EOFError:
                    return
                except av.FFmpegError:
                    self.bad_packets += 1
        except MediaError as error:
            self.broken_off = str(error)

    def _begin(self, frame: "AudioFrame") -> float:
        """When the frame begins, in seconds from the first picture."""
        if frame.pts is None:
            return self.next_s or 0.0
        begin_s = frame.pts * self.tick_s - self.origin_s
        expected_s = self.next_s if self.next_s is not None else min(begin_s, self.start_s)
        if begin_s - expected_s > LONGEST_SILENCE_S - self.silence_s:
            self.broken_times = True
            self.origin_s += begin_s - expected_s
            return expected_s
        return begin_s

    def _take(self, frame: "AudioFrame", begin_s: float) -> None:
        """Resample one frame; a new piece where it does not continue the last one."""
        from av.audio.resampler import AudioResampler

        kind = (frame.format.name, frame.layout.name, frame.sample_rate)
        gap_s = abs(begin_s - self.next_s) if self.next_s is not None else np.inf
        if kind != self._kind or gap_s > TOLERANCE_S:
            self._flush()
            self.silence_s += max(0.0, begin_s - (self.start_s if self.next_s is None else self.next_s))
            # A matrix of at most 1: swresample otherwise makes mono of stereo 1.4 times as loud.
            options = {"rematrix_maxval": "1"}
            self._resampler = AudioResampler(format="flt", layout="mono", rate=self.rate, options=options)
            self._kind, self._cursor = kind, round((begin_s - self.start_s) * self.rate)
            self.next_s = begin_s
        assert self._resampler is not None
        assert self.next_s is not None
        self.next_s += frame.samples / frame.sample_rate
        frame.pts = None  # the filter would make its own use of jumps
        for made in self._resampler.resample(frame):
            self._add(np.frombuffer(memoryview(made.planes[0]), np.float32, made.samples))

    def _flush(self) -> None:
        if self._resampler is not None:
            for made in self._resampler.resample(None):
                self._add(np.frombuffer(memoryview(made.planes[0]), np.float32, made.samples))
        self._resampler = None

    def _add(self, wave_P: NDArray[np.float32]) -> None:
        """Keep what is inside the window."""
        begin, self._cursor = self._cursor, self._cursor + len(wave_P)
        stop = self._cursor if self.end_s is None else min(self._cursor, self._window())
        if stop > max(begin, 0):
            self.pieces.append((max(begin, 0), wave_P[max(-begin, 0) : stop - begin]))
            self.last_sample = max(self.last_sample, stop)

    def _window(self) -> int:
        assert self.end_s is not None
        return round((self.end_s - self.start_s) * self.rate)

    def wave(self) -> NDArray[np.float32]:
        wave_T = np.zeros(self.last_sample, dtype=np.float32)
        for begin, wave_P in self.pieces:
            wave_T[begin : begin + len(wave_P)] = wave_P
        np.nan_to_num(wave_T, copy=False, nan=0.0)
        return np.clip(wave_T, -1.0, 1.0, out=wave_T)

    def problems(self, stream: "AudioStream") -> tuple[str, ...]:
        """What went wrong, for people."""
        found = []
        if self.bad_packets:
            found.append(f"{self.bad_packets} packets of sound could not be decoded")
        if self.broken_off is not None:
            found.append(f"the file breaks off within its sound ({self.broken_off})")
        elif self.complete and self.next_s is not None and stream.duration and stream.time_base is not None:
            begin_s = float((stream.start_time or 0) * stream.time_base) - self.origin_s
            stated_s = begin_s + float(stream.duration * stream.time_base)
            if stated_s - self.next_s > SHORT_S:
                found.append(f"the sound ends at {self.next_s:.1f} s of {stated_s:.1f} s")
        if self.broken_times:
            found.append("the sound's timestamps are broken; it was joined without a gap")
        if not self.pieces:
            nothing = "no sound could be decoded" if self.next_s is None else "no sound in this part"
            found.append(nothing)
        return tuple(found)
