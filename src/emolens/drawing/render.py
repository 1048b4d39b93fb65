"""The video itself, with its prediction on it.

Legend: H height, W width of the video, h height of the strip.
"""

import sys
from bisect import bisect_right
from collections.abc import Iterator, Mapping, Sequence
from fractions import Fraction
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from emolens.drawing.moving import MovingBoxes
from emolens.drawing.plots import polarities, safe_name
from emolens.drawing.strip import draw_strip, strip_height
from emolens.errors import ConfigError, MediaError
from emolens.files import atomic_path
from emolens.inference.inputs import Input, media_of
from emolens.inference.prediction import Prediction, by_person
from emolens.inference.results import by_input
from emolens.media.frame_scaler import FrameScaler
from emolens.media.media_file import open_media, packets_of, picture_stream
from emolens.media.video import index_frames, probe
from emolens.progress import Advance, notice, progress

if TYPE_CHECKING:
    from av.audio.stream import AudioStream
    from av.container import InputContainer, OutputContainer
    from av.packet import Packet
    from av.stream import Stream
    from av.video.frame import VideoFrame

CONTAINERS = (".mp4", ".mov", ".mkv")
X264 = {"crf": "20", "preset": "veryfast"}  # visually close to lossless; the strip, not the film, is the point
BT709, LIMITED = 1, 1  # ITU-T H.273: what players take an unmarked film for; it is marked all the same


def render_targets(paths: Sequence[Path], target: Path) -> dict[Path, Path]:
    """Which video is drawn where.

    Args:
        paths: what is predicted.
        target: a file, for one video; or a folder, for ``NNNN_NAME.mp4`` of each.

    Raises:
        ConfigError: no video, several videos for one file, or an input would be overwritten.
    """
    videos = [path for path in paths if media_of(path) == "video"]
    if not videos:
        raise ConfigError("--render draws on videos, and there is none among the inputs")
    if target.suffix.lower() in CONTAINERS:
        if len(videos) > 1:
            raise ConfigError(f"--render {target}: is one file for {len(videos)} videos; name a folder")
        targets = {videos[0]: target}
    elif target.suffix or target.is_file():
        raise ConfigError(f"--render {target}: name a file ending in {', '.join(CONTAINERS)}, or a folder")
    else:
        names = [f"{number:04d}_{safe_name(path.stem)}.mp4" for number, path in enumerate(videos, start=1)]
        targets = {path: target / name for path, name in zip(videos, names, strict=True)}
    for path, place in targets.items():
        if place.exists() and path.exists() and place.samefile(path):
            raise ConfigError(f"--render {place}: is the input itself; name another file")
    return targets


def render_all(targets: Mapping[Path, Path], predictions: Sequence[Prediction]) -> None:
    """Render each video; a failure is printed to standard error, and the next one is rendered.

    Args:
        targets: from :func:`render_targets`.
        predictions: of at least these videos.

    Raises:
        MediaError: if none could be rendered.
    """
    rows_of = {rows[0].source: rows for rows in by_input(predictions)}
    errors = []
    for path, target in targets.items():
        parts = by_person(rows_of[Input.of(path).source])
        scene = next((part for part in parts if part[0].person is None), None)
        try:
            if not parts[0][0].answered:
                raise MediaError(f"{path}: has no prediction to draw")
            problems = render(path, scene, [part for part in parts if part[0].person is not None], target)
            notice(f"{target}: rendered{''.join('; ' + problem for problem in problems)}")
        except MediaError as error:
            errors.append(error)
            print(f"emolens: {error}", file=sys.stderr)
    if len(errors) == len(targets):
        raise MediaError("not one of the videos could be rendered")


def render(
    path: Path, scene: Sequence[Prediction] | None, persons: Sequence[Sequence[Prediction]], target: Path
) -> list[str]:
    """Draw the prediction on a video: that of the window whose middle is nearest, or of the whole where there are none.

    The scene is a strip at the foot, a person a box with number and label
    (:class:`emolens.drawing.moving.MovingBoxes`). H.264, yuv420p, upright, sides even (one pixel less where need be),
    each frame at its own time. The sound is copied as it is where the container can hold it, else encoded as AAC.
    Memory does not grow with the video.

    Args:
        path: the video.
        scene: its rows, the whole, then its windows; None for no strip.
        persons: the same of each person.
        target: .mp4, .mov or .mkv; written whole or not at all.

    Returns:
        What went wrong on the way.

    Raises:
        MediaError: it cannot be read, or has no pictures.
        DataError: the place cannot be written.
    """
    info, index = probe(path), index_frames(path)
    width, height = max(2, info.width // 2 * 2), max(2, info.height // 2 * 2)
    polarity_of = polarities([row for part in (scene or (), *persons) for row in part])
    strips = None if scene is None else _Strips(scene, polarity_of, width, height)
    moving = MovingBoxes(persons, polarity_of, strips.height if strips is not None else 0)
    with (
        atomic_path(target) as temporary,
        open_media(path) as source,
        progress(f"render {path.name}", len(index)) as advance,
    ):
        import av

        with av.open(str(temporary), "w") as sink:
            return _Render(source, sink, (width, height), strips, moving, index.start_s, path).run(advance)


class _Strips:
    """The strip for a time; each is drawn once, when its time has come."""

    def __init__(self, scene: Sequence[Prediction], polarity_of: Mapping[str, str], width: int, height: int) -> None:
        self.rows = list(scene[1:] or scene)
        self.polarity_of = polarity_of
        self.width, self.height = width, strip_height(width, height)
        middles = [((row.start_s or 0.0) + (row.end_s or 0.0)) / 2 for row in self.rows]
        self.changes = [(a + b) / 2 for a, b in pairwise(middles)]
        self._place = -1

    def blend(self, image_HWC: NDArray[np.uint8], time_s: float) -> None:
        """Lay the strip of this time over the bottom of a picture, in place."""
        place = bisect_right(self.changes, time_s)
        if place != self._place:
            self._place = place
            strip_hWC = draw_strip(self.rows[place], self.polarity_of, self.width, self.height).astype(np.uint16)
            alpha_hW1 = strip_hWC[..., 3:]
            self._paint, self._keep = strip_hWC[..., :3] * alpha_hW1 + 127, 255 - alpha_hW1
        below = image_HWC[-self.height :]
        below[:] = (below * self._keep + self._paint) // 255


class _Render:
    """One pass over the packets of a file, in the order they lie there."""

    def __init__(
        self,
        source: "InputContainer",
        sink: "OutputContainer",
        size: tuple[int, int],
        strips: _Strips | None,
        moving: MovingBoxes,
        start_s: float,
        path: Path,
    ) -> None:
        width, height = size
        self.source, self.sink, self.strips, self.moving = source, sink, strips, moving
        self.start_s, self.path = start_s, path
        film = picture_stream(source)
        if film is None or film.codec_context is None:
            raise MediaError(f"{path}: has no pictures that can be decoded")
        film.thread_type = "AUTO"
        self.film, self.sound = film, _sound_stream(source)
        self.scale = FrameScaler((height, width), film.sample_aspect_ratio)
        self.unit = film.time_base or Fraction(1, 90000)
        rate = film.average_rate or Fraction(25)
        self.video: Any = sink.add_stream("libx264", rate=rate, options=X264)
        self.video.width, self.video.height, self.video.pix_fmt = width, height, "yuv420p"
        codec = self.video.codec_context
        codec.time_base = self.unit
        codec.colorspace, codec.color_primaries, codec.color_trc, codec.color_range = BT709, BT709, BT709, LIMITED
        self.last_pts, self.step = -(2**62), max(1, round(1 / (rate * self.unit)))
        self.problems: list[str] = []
        self.audio: Any = None
        self.copies = False
        if self.sound is not None:
            name = self.sound.codec_context.name
            self.copies = name in sink.supported_codecs or self.sound.codec.canonical_name in sink.supported_codecs
            if self.copies:
                self.audio = sink.add_stream_from_template(self.sound)
            else:
                self.audio = sink.add_stream("aac", rate=self.sound.sample_rate)
                self.problems.append(f"its sound ({name}) does not fit into this container and was encoded as AAC")

    def _packets(self, streams: "Sequence[Stream]") -> Iterator["Packet[Any]"]:
        try:
            yield from packets_of(self.source, *streams)
        except MediaError as error:
            self.problems.append(f"could not be read to its end ({error})")

    def run(self, advance: Advance) -> list[str]:
        import av
        from av.video.frame import VideoFrame

        broken = 0
        streams = [self.film] if self.audio is None or self.sound is None else [self.film, self.sound]
        for packet in self._packets(streams):
            if packet.stream is self.sound and self.copies:
                if packet.dts is not None:
                    packet.stream = self.audio
                    self.sink.mux(packet)
                continue
            try:
                frames: list[Any] = packet.decode()
            except av.FFmpegError:
                broken += 1
                continue
            for frame in frames:
                if isinstance(frame, VideoFrame):
                    self._show(frame)
                    advance()
                else:
                    self.sink.mux(self.audio.encode(frame))
        self.sink.mux(self.video.encode(None))
        if self.audio is not None and not self.copies:
            self.sink.mux(self.audio.encode(None))
        if broken:
            self.problems.append(f"{broken} packets could not be decoded and are left out")
        return self.problems

    def _show(self, frame: "VideoFrame") -> None:
        from av import VideoFrame

        pts = self.last_pts + self.step if frame.pts is None else frame.pts
        if pts <= self.last_pts:
            return  # shown at the time of another: a damaged or doubled frame
        self.last_pts = pts
        time_s = float(pts * self.unit) - self.start_s
        image_HWC = self.moving.draw(self.scale(frame), time_s)
        if not image_HWC.flags.writeable:
            image_HWC = image_HWC.copy()
        if self.strips is not None:
            self.strips.blend(image_HWC, time_s)
        drawn = VideoFrame.from_ndarray(image_HWC, format="rgb24")
        drawn = drawn.reformat(format="yuv420p", dst_colorspace="ITU709", dst_color_range="MPEG")
        drawn.pts, drawn.time_base, drawn.duration = pts, self.unit, frame.duration or self.step
        self.sink.mux(self.video.encode(drawn))


def _sound_stream(source: "InputContainer") -> "AudioStream | None":
    """The one marked as default, else the first with a known codec, as :func:`emolens.media.audio.read_audio` takes."""
    from av.stream import Disposition

    known = [stream for stream in source.streams.audio if stream.codec_context is not None]
    return next((stream for stream in known if stream.disposition & Disposition.default), next(iter(known), None))
