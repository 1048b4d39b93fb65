"""What one file of a data set turns out to be when it is read.

Legend: P places in a video, S side of a small picture.
"""

from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from emolens.errors import MediaError
from emolens.files import sha256_file
from emolens.media.audio import read_audio
from emolens.media.image import read_image
from emolens.media.picture.perceptual_hash import SIDE, perceptual_hash
from emolens.media.video import index_frames, probe, read_frames

PLACES = np.array([1, 2, 3])  # quarters of a video at which it is looked at
SOUND_S = 0.5  # of sound that is decoded: enough to find a stream that is none
SOUND_RATE = 8000  # samples a second; cheap, and it is thrown away


@dataclass(frozen=True)
class FileCheck:
    """Findings in one file.

    Attributes:
        error: why it cannot be read; the rest is then empty.
        sha256: of its bytes.
        hash: perceptual hash of the picture, or of the middle frame of a video; 0 for a sound.
        look: three frames of a video, small and grey, uint8, shape (P, S, S); None for everything else.
        has_video, has_audio: whether a video has pictures and sound.
        problems: what is damaged, though the file can be read.
    """

    error: str | None = None
    sha256: str = ""
    hash: int = 0
    look: NDArray[np.uint8] | None = field(default=None, compare=False)
    has_video: bool = True
    has_audio: bool = True
    problems: tuple[str, ...] = ()


def check_file(path: Path, media: str) -> FileCheck:
    """Read a file: a picture whole; of a video four frames and the beginning of its sound.

    Args:
        path: of the file.
        media: image, video or audio; what the manifest says it is.

    Raises:
        MediaError, OSError: if it cannot be read.
    """
    return _check_image(path) if media == "image" else _check_stream(path, media)


def _check_image(path: Path) -> FileCheck:
    # Twice the side of the hash is plenty; the draft mode of JPEG makes it cheap.
    image_hash = perceptual_hash(read_image(path, min_side=2 * SIDE))
    return FileCheck(sha256=sha256_file(path), hash=image_hash)


def _check_stream(path: Path, media: str) -> FileCheck:
    info = probe(path)
    if media == "audio" and not info.has_audio:
        raise MediaError(f"{path}: has no sound; the manifest says that it is a sound")
    problems: tuple[str, ...] = ()
    if info.has_audio:
        sound = read_audio(path, SOUND_RATE, 0.0, SOUND_S)
        problems += sound.problems if sound is not None else ()
    image_hash, look = 0, None
    if media == "video" and info.has_video:
        index = index_frames(path)
        places = np.array([0, *(len(index) * PLACES // (len(PLACES) + 1))])
        frames = read_frames(path, places, (SIDE, SIDE), index)
        image_hash = perceptual_hash(frames.image_KHWC[1 + len(PLACES) // 2])
        look = frames.image_KHWC[1:].mean(axis=3).astype(np.uint8)
        problems += frames.problems
    return FileCheck(
        sha256=sha256_file(path),
        hash=image_hash,
        look=look,
        has_video=info.has_video,
        has_audio=info.has_audio,
        problems=tuple(f"{path}: {problem}" for problem in problems),
    )
