"""Decoded training videos on disk, because epochs repeat: small JPEG frames that are read one by one, and the sound.

One safetensors file a video. Its metadata states the source's size and time of change and how it was made, so that a
changed source, or other settings, are noticed.

Legend: N frames of a video, K of them, H, W height and width, P bytes, T samples.
"""

import hashlib
import io
import json
from collections.abc import Iterator
from contextlib import closing
from dataclasses import asdict, dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from emolens.data.manifest import Manifest
from emolens.data.stored_files import StoredFiles
from emolens.errors import ConfigError, DataError, MediaError
from emolens.files import atomic_path
from emolens.media.audio import Sound
from emolens.media.audio_config import AudioConfig
from emolens.media.video import Frames
from emolens.media.video_sample import VideoConfig
from emolens.media.video_source import VideoSource, fitted, open_source
from emolens.prefetch import prefetch, reason
from emolens.progress import progress

FORMAT = 1  # of the files; another one is made anew
CHUNK = 256  # frames in memory at once: 22 MB at 128 x 228 pixels
FULL_SCALE = 32767  # of int16


@dataclass(frozen=True)
class VideoCacheConfig:
    """What is kept of a video."""

    size: int = 128
    """Pixels of the shorter side: what training crops from (``data.loaders.video_augment``)."""
    quality: int = 90
    """Of the JPEG frames."""
    rate: int = AudioConfig.rate
    """Samples of sound a second."""
    sound_s: float = VideoConfig().sound_s
    """Seconds of sound that training looks at; the rest is left out."""

    def __post_init__(self) -> None:
        if self.size < 8 or not 1 <= self.quality <= 100 or self.rate < 1 or self.sound_s <= 0:
            raise ConfigError(
                f"decoded videos: size {self.size} must be at least 8, quality {self.quality} 1 to 100, "
                f"rate {self.rate} and sound_s {self.sound_s} above 0"
            )


@dataclass(frozen=True)
class BuiltCache:
    """What became of the videos of a manifest.

    Attributes:
        made, known: videos that were decoded now, and those that were decoded already.
        failed: id -> message.
        bytes: of all decoded videos, on disk.
    """

    made: int
    known: int
    failed: dict[str, str]
    bytes: int


class CachedVideo:
    """A video out of the cache; see :class:`emolens.media.video_source.VideoSource`."""

    def __init__(self, place: Path, stated: dict[str, Any]) -> None:
        self._place, self._stated = place, stated
        self.name: str = stated["name"]
        self.duration_s: float | None = stated["duration_s"]
        self.has_video: bool = stated["has_video"]
        self.has_audio: bool = stated["has_audio"]

    @cached_property
    def _tensors(self) -> Any:
        return _opened(self._place)

    def times(self) -> NDArray[np.float64]:
        return np.asarray(self._tensors.get_tensor("time"))

    def frames(self, frame_K: NDArray[np.int64], side: int, square: bool) -> Frames:
        images = []
        try:
            offset_N, jpeg_P = self._tensors.get_tensor("offset"), self._tensors.get_slice("jpeg")
            for frame in frame_K:
                encoded = jpeg_P[int(offset_N[frame]) : int(offset_N[frame + 1])].tobytes()
                images.append(fitted(np.asarray(Image.open(io.BytesIO(encoded))), side, square))
        except Exception as error:  # damaged bytes make decoders raise nearly anything
            raise MediaError(f"{self._place}: is damaged ({error}); delete it") from error
        return Frames(np.stack(images), self.times()[frame_K], tuple(self._stated["picture_problems"]))

    def sound(self, rate: int, start_s: float, end_s: float | None) -> Sound | None:
        if not self.has_audio:
            return None
        stored = self._tensors.get_slice("wave")
        length = int(stored.get_shape()[0])
        first = min(round(start_s * rate), length)
        stop = length if end_s is None else min(first + round((end_s - start_s) * rate), length)
        wave_T = stored[first:stop].astype(np.float32) / FULL_SCALE
        return Sound(wave_T, rate, start_s, tuple(self._stated["sound_problems"]))


def cached_video(
    directory: Path, files: StoredFiles, row: int, side: int, rate: int, sound_s: float
) -> CachedVideo | None:
    """The decoded video of a manifest's row, or None if the cache has none of this source with at least this detail.

    A source that is gone is no reason not to train on what was made of it.

    Args:
        files, row: of the manifest.
        side, rate, sound_s: what training reads: pixels of the shorter side, samples a second, seconds.
    """
    place = cached_place(directory, str(files.names[row]))
    try:
        stated = _stated(place)
    except (OSError, ValueError, KeyError, DataError):
        return None
    enough = stated["size"] >= side and stated["rate"] == rate and stated["sound_s"] >= sound_s - 1 / rate
    try:
        same = files.stamp(row) == stated["source"]
    except FileNotFoundError:
        same = True
    return CachedVideo(place, stated) if enough and same else None


def cached_place(directory: Path, name: str) -> Path:
    """The file of a decoded video."""
    digest = hashlib.sha256(name.encode()).hexdigest()[:32]
    return directory / digest[:2] / f"{digest[2:]}.safetensors"


def build_cache(
    manifest: Manifest, directory: Path, config: VideoCacheConfig = VideoCacheConfig(), workers: int = 1
) -> BuiltCache:
    """Decode each video of a manifest once. One that was decoded from the same source with the same settings stays.

    Args:
        workers: videos that are decoded at once.

    Raises:
        DataError: if the place cannot be written.
    """
    frame, files = manifest.frame, StoredFiles(manifest)
    names, ids = [str(name) for name in frame["path"]], [str(identity) for identity in frame["id"]]
    first_row = {name: row for row, name in reversed(list(enumerate(names)))}  # rows may share a file
    rows = sorted(first_row.values())
    made, failed, total = 0, {}, 0

    def make(row: int) -> bool:
        return _make(files, row, cached_place(directory, names[row]), config)

    with closing(prefetch(make, rows, workers, ahead=workers)) as items, progress("videos", len(rows)) as advance:
        for row, item in zip(rows, items, strict=True):
            if item.error is None:
                made += bool(item.result)
                total += cached_place(directory, names[row]).stat().st_size
            elif isinstance(item.error, MediaError):
                failed[ids[row]] = str(item.error)
            else:  # the place cannot be written: no other video could be kept either
                raise item.error
            advance()
    return BuiltCache(made, len(rows) - made - len(failed), failed, total)


def _make(files: StoredFiles, row: int, place: Path, config: VideoCacheConfig) -> bool:
    """Write the file of one video; False if it is there already."""
    try:
        source_stamp = files.stamp(row)
    except OSError as error:
        raise MediaError(reason(Path(files.location) / files.names[row], error)) from error
    wanted = {"format": FORMAT, "source": source_stamp, **asdict(config)}
    try:
        if wanted.items() <= _stated(place).items():
            return False
    except (OSError, ValueError, KeyError, DataError):
        pass
    (stored,) = files.read([row])
    if isinstance(stored, MediaError):
        raise stored
    tensors, found = _decoded(open_source(stored), config)
    from safetensors.numpy import save_file

    with atomic_path(place) as temporary:
        save_file(tensors, temporary, {"emolens": json.dumps({**wanted, **found})})
    return True


def _decoded(source: VideoSource, config: VideoCacheConfig) -> tuple[dict[str, NDArray[Any]], dict[str, Any]]:
    """Tensors and facts of a video; a modality that fails is left out, and its reason kept."""
    problems: dict[str, list[str]] = {"picture_problems": [], "sound_problems": []}
    tensors: dict[str, NDArray[Any]] = {}
    try:
        if source.has_video:
            time_N = source.times()
            jpegs = list(_encoded(source, len(time_N), config, problems["picture_problems"]))
            tensors["time"], tensors["offset"] = time_N, np.cumsum([0, *map(len, jpegs)], dtype=np.int64)
            tensors["jpeg"] = np.frombuffer(b"".join(jpegs), dtype=np.uint8)
    except MediaError as error:
        problems["picture_problems"] = [str(error)]
    sound = None
    try:
        sound = source.sound(config.rate, 0.0, config.sound_s)
    except MediaError as error:
        problems["sound_problems"] = [str(error)]
    if sound is not None:
        problems["sound_problems"] += sound.problems
        tensors["wave"] = np.rint(sound.wave_T * FULL_SCALE).astype(np.int16)
    if "jpeg" not in tensors and not len(tensors.get("wave", ())):
        reasons = "; ".join(problems["picture_problems"] + problems["sound_problems"])
        raise MediaError(f"{source.name}: nothing of it can be used ({reasons or 'neither pictures nor sound'})")
    facts = {"name": source.name, "duration_s": source.duration_s, **problems}
    return tensors, {**facts, "has_video": "jpeg" in tensors, "has_audio": "wave" in tensors}


def _encoded(source: VideoSource, count: int, config: VideoCacheConfig, problems: list[str]) -> Iterator[bytes]:
    for first in range(0, count, CHUNK):
        found = source.frames(np.arange(first, min(first + CHUNK, count)), config.size, False)
        problems += [problem for problem in found.problems if problem not in problems]
        for image_HWC in found.image_KHWC:
            stream = io.BytesIO()
            Image.fromarray(image_HWC).save(stream, "JPEG", quality=config.quality)
            yield stream.getvalue()


def _opened(place: Path) -> Any:
    from safetensors import SafetensorError, safe_open

    try:
        return safe_open(place, framework="np")
    except SafetensorError as error:
        raise MediaError(f"{place}: is damaged ({error}); delete it") from error


def _stated(place: Path) -> dict[str, Any]:
    """What a cached file says of itself."""
    if not place.is_file():
        raise FileNotFoundError(place)
    stated: dict[str, Any] = json.loads(_opened(place).metadata()["emolens"])
    if stated["format"] != FORMAT:
        raise DataError(f"{place}: is of format {stated['format']}")
    return stated
