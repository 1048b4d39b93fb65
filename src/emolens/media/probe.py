"""What the header of a media file says."""

from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING

from emolens.errors import MediaError
from emolens.media.media_bytes import Medium
from emolens.media.media_file import check_size, codec_name, has_decoder, open_media, packets_of, picture_stream

if TYPE_CHECKING:
    from av.container import InputContainer
    from av.video.stream import VideoStream


@dataclass(frozen=True)
class MediaInfo:
    """What the header of a media file says.

    Attributes:
        duration_s: seconds, or None where it is not stated; headers may be wrong, ``FrameIndex.duration_s`` is not.
        width, height: as shown, with square pixels and upright; 0 without pictures.
        fps: frames a second on the average, or None.
        rotation: degrees counter-clockwise by which the stored picture is turned to be upright: 0, 90, 180 or 270.
        video_codec, audio_codec: FFmpeg's names; None without such a stream, "unknown" without a decoder for it.
        audio_streams: how many there are.
    """

    path: Path
    duration_s: float | None
    width: int
    height: int
    fps: float | None
    rotation: int
    video_codec: str | None
    audio_codec: str | None
    audio_streams: int

    @property
    def has_video(self) -> bool:
        return self.video_codec is not None

    @property
    def has_audio(self) -> bool:
        return self.audio_streams > 0


def probe(path: Medium) -> MediaInfo:
    """Read the header of a media file, and its first frame for the rotation, which not every header carries.

    The cover of a music file is no video.

    Raises:
        MediaError: if it is missing, a folder, empty, no media, without pictures and sound, or over ``MAX_PIXELS``.
            The message starts with the path.
    """
    with open_media(path) as container:
        stream = picture_stream(container)
        sounds = container.streams.audio
        if stream is None and not sounds:
            raise MediaError(f"{path}: has neither moving pictures nor sound")
        width = height = rotation = 0
        fps = None
        if stream is not None and has_decoder(stream):
            check_size(stream, path)
            rotation = _rotation(container, stream)
            width, height = round(stream.width * float(stream.sample_aspect_ratio or 1)), stream.height
            width, height = (height, width) if rotation % 180 else (width, height)
            fps = float(stream.average_rate) if stream.average_rate else None
        return MediaInfo(
            path=Path(str(path)),
            duration_s=container.duration / 1e6 if container.duration and container.duration > 0 else None,
            width=width,
            height=height,
            fps=fps,
            rotation=rotation,
            video_codec=None if stream is None else codec_name(stream),
            audio_codec=codec_name(sounds[0]) if sounds else None,
            audio_streams=len(sounds),
        )


def _rotation(container: "InputContainer", stream: "VideoStream") -> int:
    """Of the first frame, if one of the first packets gives one."""
    import av

    stream.thread_count = 1
    try:
        for packet in islice(packets_of(container, stream), 32):
            try:
                for frame in packet.decode():
                    return round(frame.rotation / 90) % 4 * 90
            except av.FFmpegError:
                continue
    except MediaError:
        pass
    return 0
