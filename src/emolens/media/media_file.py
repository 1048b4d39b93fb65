"""Opens a media file, that one file and nothing else."""

import errno
import io
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from emolens.errors import MediaError
from emolens.media.image import MAX_PIXELS
from emolens.media.media_bytes import MediaBytes, Medium

if TYPE_CHECKING:
    from av import FFmpegError
    from av.container import InputContainer
    from av.packet import Packet
    from av.stream import Stream
    from av.video.stream import VideoStream

VIDEO_SUFFIXES = frozenset(
    {".mp4", ".mov", ".mkv", ".webm", ".avi", ".m4v", ".mpg", ".mpeg", ".ts", ".flv", ".wmv", ".3gp", ".ogv"}
    | {".mts", ".m2ts"}
)

# What may be opened, whatever a file's name says. Playlists (hls, dash, concat, sdp, ...) name further files and hosts:
# they are left out, and so is every protocol but files.
FORMATS = (
    "aac,ac3,aiff,amr,ape,asf,au,avi,caf,dts,dv,eac3,flac,flv,h264,hevc,ivf,m4v,matroska,webm,mov,mp4,mp3,mpc,mpc8,"
    "mpeg,mpegts,mpegvideo,mxf,nut,ogg,rm,tak,tta,voc,w64,wav,wv"
)
SAFE = {"protocol_whitelist": "file", "format_whitelist": FORMATS, "max_pixels": str(MAX_PIXELS)}


def open_media(path: Medium) -> "InputContainer":
    """Open a file for demuxing; the content decides, not the suffix.

    Raises:
        MediaError: if it is missing, a folder, empty, no media, or has neither pictures nor sound. The message starts
            with the path.
    """
    import av

    if isinstance(path, MediaBytes):
        return _open_bytes(path)
    place = Path(path)
    try:
        if place.is_dir():
            raise MediaError(f"{path}: is a folder, not a video or a sound")
        if not place.exists():
            raise MediaError(f"{path}: no such file")
        if not place.is_file():  # a pipe would be waited for, a device never ends
            raise MediaError(f"{path}: is not an ordinary file")
        with open(place, "rb") as stream:
            head = stream.read(16)
        if not head:
            raise MediaError(f"{path}: is empty (0 bytes)")
        container = av.open(f"file:{place.absolute()}", options=SAFE, metadata_errors="replace")
    except av.FFmpegError as error:
        raise MediaError(f"{path}: {_reason(head, error)}") from error
    except (OSError, ValueError) as error:  # ValueError: a NUL in the name
        raise MediaError(f"{path}: cannot be read ({getattr(error, 'strerror', None) or error})") from error
    return _with_streams(container, path)


def _open_bytes(media: MediaBytes) -> "InputContainer":
    import av

    if not media.content:
        raise MediaError(f"{media}: is empty (0 bytes)")
    try:
        # No protocol at all: whatever the bytes say, nothing but them is opened.
        options = {**SAFE, "protocol_whitelist": "none"}
        container = av.open(io.BytesIO(media.content), "r", options=options, metadata_errors="replace")
    except av.FFmpegError as error:
        raise MediaError(f"{media}: {_reason(media.content[:16], error)}") from error
    return _with_streams(container, media)


def _with_streams(container: "InputContainer", path: Medium) -> "InputContainer":
    if not container.streams.video and not container.streams.audio:
        container.close()
        raise MediaError(f"{path}: has neither pictures nor sound")
    return container


def _reason(head: bytes, error: "FFmpegError") -> str:
    if head[4:8] in (b"ftyp", b"mdat", b"wide", b"free"):
        return "has no index (moov): the recording or the copy of the file broke off; copy or record it again"
    if error.errno == errno.EINVAL:  # the answer to a format outside of FORMATS
        return "is a playlist or of an unusual format; name the video itself, or convert it to MP4"
    return f"is not a video or a sound, whatever its name says ({error.strerror})"


def packets_of(container: "InputContainer", *streams: "Stream") -> Iterator["Packet[Any]"]:
    """The packets of some streams, to the end of the file, or to where it cannot be read on.

    Raises:
        MediaError: where it cannot be read on. PyAV fails in its own code, not in FFmpeg's, where a stream appears that
            the header did not name (FLV, MPEG), and names none of it.
    """
    import av

    packets = container.demux(*streams)
    while True:
        try:
            packet = next(packets)
        except StopIteration:
            return
        except av.FFmpegError as error:
            raise MediaError(error.strerror) from error
        except (IndexError, AttributeError) as error:
            raise MediaError("a stream appears that its header does not name") from error
        yield packet


def picture_stream(container: "InputContainer") -> "VideoStream | None":
    """The stream of moving pictures: the default one, else the first; None where there is none.

    The cover of a music file is stored as a stream too, and is none.
    """
    from av.stream import Disposition

    still = Disposition.attached_pic | Disposition.timed_thumbnails
    streams = [stream for stream in container.streams.video if not stream.disposition & still]
    streams = [stream for stream in streams if has_decoder(stream)] or streams
    return next((stream for stream in streams if stream.disposition & Disposition.default), next(iter(streams), None))


def has_decoder(stream: "Stream") -> bool:
    """Whether the stream's codec is known; its name, its size and the like can be asked only then."""
    return getattr(stream, "codec_context", None) is not None


def codec_name(stream: "Stream") -> str:
    """FFmpeg's name of a stream's codec; "unknown" where there is no decoder for it."""
    return str(stream.codec_context.name) if has_decoder(stream) else "unknown"


def check_size(stream: "VideoStream", path: Medium) -> None:
    """
    Raises:
        MediaError: if the header promises frames of no pixels or of more than ``MAX_PIXELS``.
    """
    if not has_decoder(stream):
        return
    width, height = stream.codec_context.width, stream.codec_context.height
    if width * height == 0:
        raise MediaError(f"{path}: its pictures have no size ({width} x {height}); the file is damaged")
    if width * height > MAX_PIXELS:
        limit = MAX_PIXELS // 1_000_000
        raise MediaError(f"{path}: {width} x {height} pixels are over the limit of {limit} megapixels; scale it down")
