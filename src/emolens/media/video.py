"""All that is done with a video file, under one name; each thing in a module of its own."""

from emolens.media.frame_index import FrameIndex, index_frames
from emolens.media.media_file import VIDEO_SUFFIXES, open_media
from emolens.media.probe import MediaInfo, probe
from emolens.media.read_frames import Frames, read_frames
from emolens.media.video_stream import stream_frames, stream_windows

__all__ = [
    "VIDEO_SUFFIXES",
    "FrameIndex",
    "Frames",
    "MediaInfo",
    "index_frames",
    "open_media",
    "probe",
    "read_frames",
    "stream_frames",
    "stream_windows",
]
