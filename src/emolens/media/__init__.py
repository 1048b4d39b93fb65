"""Files of pictures, videos and sounds go in; arrays come out (uint8 RGB frames, float32 waves, audio features).
Nothing here knows of emotions."""

from typing import TYPE_CHECKING

from emolens.lazy import attach

if TYPE_CHECKING:
    from emolens.media.audio import read_audio as read_audio
    from emolens.media.audio_config import AudioConfig as AudioConfig
    from emolens.media.frame_index import index_frames as index_frames
    from emolens.media.image import read_image as read_image
    from emolens.media.read_frames import Frames as Frames
    from emolens.media.video_sample import VideoConfig as VideoConfig
    from emolens.media.video_sample import VideoSample as VideoSample
    from emolens.media.video_sample import read_video as read_video
    from emolens.media.video_source import open_source as open_source
    from emolens.media.video_stream import stream_frames as stream_frames

__getattr__, __dir__, __all__ = attach(
    __name__,
    {
        "AudioConfig": "emolens.media.audio_config",
        "Frames": "emolens.media.read_frames",
        "VideoConfig": "emolens.media.video_sample",
        "VideoSample": "emolens.media.video_sample",
        "index_frames": "emolens.media.frame_index",
        "open_source": "emolens.media.video_source",
        "read_audio": "emolens.media.audio",
        "read_image": "emolens.media.image",
        "read_video": "emolens.media.video_sample",
        "stream_frames": "emolens.media.video_stream",
    },
)
