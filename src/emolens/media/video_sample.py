"""A short video as the input of an audio-visual network.

Legend: S segments of a video, T frames of one, H = W = size, C = 3 channels; F audio frames of a segment, M
coefficients; K different frames, N frames of the whole video.
"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from emolens.errors import ConfigError, MediaError
from emolens.media.audio_config import AudioConfig
from emolens.media.log_mel import log_mel
from emolens.media.mfcc import mfcc, segmented
from emolens.media.segments import sample_segments
from emolens.media.video_source import VideoSource, open_source

SHORT_S = 0.5  # a file that ends this much before its stated end was cut off
NO_SOUND, NO_PICTURES = "no sound", "no pictures"


@dataclass(frozen=True)
class VideoConfig:
    """What a network is given of a video; travels with the weights. Defaults: those of AV-CANet's release.

    Raises:
        ConfigError: if a number is not a positive integer.
    """

    segments: int = 16
    """S, equal parts of the video."""
    frames: int = 8
    """T, consecutive frames from each part."""
    size: int = 112
    """Side of the square picture in pixels: the shorter side is scaled to it, then the centre is cut out."""
    audio_frames: int = 256
    """F, of each segment; the S * F in all are 47.6 s of sound, longer is cut and shorter is repeated."""
    audio: AudioConfig = field(default_factory=AudioConfig)
    """What becomes of the sound."""

    def __post_init__(self) -> None:
        for name in SHAPE:
            value = getattr(self, name)
            if not isinstance(value, int) or value < 1:
                raise ConfigError(f"video: {name} = {value!r}: must be a positive integer")

    @property
    def bands(self) -> int:
        """M: numbers of one frame of sound."""
        return self.audio.bands

    @property
    def sound_s(self) -> float:
        """How much sound the S * F frames cover, in seconds."""
        audio = self.audio
        return ((self.segments * self.audio_frames - 1) * audio.hop + audio.n_fft // 2) / audio.rate

    def to_dict(self) -> dict[str, Any]:
        """As JSON holds it."""
        return asdict(self)

    @staticmethod
    def from_dict(values: Mapping[str, Any]) -> "VideoConfig":
        """The inverse of :meth:`to_dict`. Also reads runs of format 1, whose audio fields stand beside the others.

        Raises:
            ConfigError: if a field is unknown or its value is not valid.
        """
        shape = {name: value for name, value in values.items() if name in SHAPE}
        audio = dict(values.get("audio") or {})
        audio |= {name: value for name, value in values.items() if name in AUDIO}
        unknown = set(values) - {*SHAPE, *AUDIO, "audio"} | set(audio) - {*AUDIO}
        if unknown:
            raise ConfigError(f"video: unknown field {', '.join(sorted(unknown))}")
        return VideoConfig(**shape, audio=AudioConfig(**audio))


AUDIO = tuple(field.name for field in fields(AudioConfig))
SHAPE = tuple(field.name for field in fields(VideoConfig) if field.name != "audio")


@dataclass(frozen=True)
class VideoSample:
    """What a network is given of a video.

    Attributes:
        video_STHWC: uint8 RGB, shape (S, T, size, size, 3); None without pictures.
        audio_SFM: float32, shape (S, F, M); None without sound.
        duration_s: of the whole file.
        start_s, end_s: the part that was asked for, within the file.
        problems: what is wrong with it, for people.
    """

    video_STHWC: Tensor | None
    audio_SFM: Tensor | None
    duration_s: float
    start_s: float
    end_s: float
    problems: tuple[str, ...]

    @property
    def has_video(self) -> bool:
        return self.video_STHWC is not None

    @property
    def has_audio(self) -> bool:
        return self.audio_SFM is not None


@dataclass(frozen=True)
class RawVideo:
    """A video before its sound becomes a feature: what augmentation works on.

    Attributes:
        image_KHWC: the different frames, uint8 RGB; None without pictures.
        place_ST: which of them stands where, int64.
        wave_T: float32 in [-1, 1]; None without sound.
    """

    image_KHWC: NDArray[np.uint8] | None
    place_ST: NDArray[np.int64]
    wave_T: NDArray[np.float32] | None
    duration_s: float
    start_s: float
    end_s: float
    problems: tuple[str, ...] = field(default=())


def read_video(
    path: str | Path,
    config: VideoConfig = VideoConfig(),
    start_s: float | None = None,
    end_s: float | None = None,
    rng: np.random.Generator | None = None,
    video: bool = True,
    audio: bool = True,
) -> VideoSample:
    """Read a video, a sound, or a picture (a video of one frame) as the input of a network.

    T consecutive frames are taken from each of S equal parts, at a random place with ``rng``, else at the centre; those
    of a short video overlap (:func:`emolens.media.segments.sample_segments`). Only the frames and the seconds of sound
    that are needed are decoded.

    Args:
        start_s, end_s: the part of the file to read, in seconds; all of it by default.
        rng: of training.
        video, audio: False leaves that out.

    Raises:
        MediaError: if it is missing, no media, or neither pictures nor sound could be decoded; the message starts with
            the path.
        ValueError: if the part is empty, or nothing is wanted.
    """
    return finish_video(read_raw(open_source(path), config, start_s, end_s, rng, video, audio), config)


def read_raw(
    source: VideoSource,
    config: VideoConfig,
    start_s: float | None = None,
    end_s: float | None = None,
    rng: np.random.Generator | None = None,
    video: bool = True,
    audio: bool = True,
    side: int | None = None,
) -> RawVideo:
    """The frames and the wave of a video; as :func:`read_video`.

    Args:
        side: instead of the centre square, whole frames whose shorter side has this many pixels, to be cropped.
    """
    start = start_s or 0.0
    if start < 0 or (end_s is not None and end_s <= start) or not (video or audio):
        raise ValueError(f"part {start_s} to {end_s} s, video {video}, audio {audio}: nothing to read")
    problems: list[str] = []
    image_KHWC, wave_T = None, None
    place_ST: NDArray[np.int64] = np.zeros((config.segments, config.frames), dtype=np.int64)
    ends_s = [source.duration_s or 0.0]
    if video and source.has_video:
        try:
            time_N = source.times()
            ends_s.append(_end(time_N))
            first, count = _within(time_N, start, end_s)
            if count:
                frame_ST = first + sample_segments(count, config.segments, config.frames, rng)
                frame_K, place = np.unique(frame_ST, return_inverse=True)
                found = source.frames(frame_K, side or config.size, side is None)
                image_KHWC, place_ST = found.image_KHWC, place.reshape(frame_ST.shape).astype(np.int64)
                problems += found.problems
            else:
                problems.append(f"{NO_PICTURES} in this part")
        except MediaError as error:
            problems.append(str(error).removeprefix(f"{source.name}: "))
    elif video:
        problems.append(NO_PICTURES)
    if audio and source.has_audio:
        last_s = start + config.sound_s
        try:
            sound = source.sound(config.audio.rate, start, last_s if end_s is None else min(end_s, last_s))
        except MediaError as error:
            problems.append(str(error).removeprefix(f"{source.name}: "))
        else:
            if sound is not None:
                wave_T = sound.wave_T if len(sound.wave_T) else None
                ends_s.append(start + len(sound.wave_T) / sound.rate)
                problems += sound.problems
    elif audio:
        problems.append(NO_SOUND)
    if image_KHWC is None and wave_T is None:
        raise MediaError(f"{source.name}: nothing of it can be used ({'; '.join(problems)})")
    reached_s, stated_s = max(ends_s[1:], default=0.0), source.duration_s or 0.0
    everything = (video or not source.has_video) and (audio or not source.has_audio) and end_s is None
    if everything and start + config.sound_s > stated_s and stated_s - reached_s > SHORT_S and not problems:
        problems.append(f"the file ends at {reached_s:.1f} s of {stated_s:.1f} s")  # Matroska states no more than that
    duration_s = max(ends_s)
    stop = duration_s if end_s is None else min(end_s, duration_s)
    return RawVideo(image_KHWC, place_ST, wave_T, duration_s, start, max(stop, start), tuple(problems))


def finish_video(raw: RawVideo, config: VideoConfig) -> VideoSample:
    """Put the frames in their places and turn the wave into its feature."""
    video_STHWC, audio_SFM = None, None
    if raw.image_KHWC is not None:
        video_STHWC = torch.from_numpy(np.ascontiguousarray(raw.image_KHWC[raw.place_ST]))
    if raw.wave_T is not None:
        audio_SFM = sound_feature(raw.wave_T, config)
    return VideoSample(video_STHWC, audio_SFM, raw.duration_s, raw.start_s, raw.end_s, raw.problems)


def sound_feature(wave_T: NDArray[np.float32], config: VideoConfig) -> Tensor:
    """A wave of at least one sample as (S, F, M) float32."""
    make = mfcc if config.audio.feature == "mfcc" else log_mel
    feature_1MF = make(torch.from_numpy(wave_T)[None], config.audio)
    return segmented(feature_1MF[0], config.segments, config.audio_frames)


def _end(time_N: NDArray[np.float64]) -> float:
    """When the last frame has been shown, which is shown as long as the others on average."""
    return float(time_N[-1] * len(time_N) / (len(time_N) - 1)) if len(time_N) > 1 else 0.0


def _within(time_N: NDArray[np.float64], start_s: float, end_s: float | None) -> tuple[int, int]:
    """First frame and number of frames that begin in the part; where none does, the one that is being shown."""
    first = int(np.searchsorted(time_N, start_s - 1e-6))
    stop = len(time_N) if end_s is None else int(np.searchsorted(time_N, end_s - 1e-6))
    if first < stop:
        return first, stop - first
    return (first - 1, 1) if first > 0 and start_s < _end(time_N) else (0, 0)
