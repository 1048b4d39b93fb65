"""Persons in files and in frames of videos, each content through the detector once.

Legend: K frames.
"""

import hashlib
from collections.abc import Sequence
from functools import cached_property
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from emolens.errors import ConfigError
from emolens.files import user_cache
from emolens.people.boxes import PersonBoxes
from emolens.people.cache import FLOOR, BoxCache
from emolens.people.detect_files import FoundPersons, detect_files
from emolens.people.detector import Detector

DETECTOR = "yolox:nano"
NOBODY = "none"  # the word for no detector
THRESHOLD = 0.3  # of YOLOX's own demonstration


class PersonFinder:
    """A detector with its cache. The weights are read, or fetched, when the first picture is looked at.

    Args:
        spec: ``yolox:PATH.onnx``, or ``yolox:nano|tiny|s`` of the official release, fetched once.
        threshold: least score of a person, 0.05 to 1; the cache serves any.
        device: auto, cpu or cuda.
        cache: folder of the boxes; None for the user's own.

    Raises:
        ConfigError: a threshold out of range. When a picture is looked at: onnxruntime is missing, or no such detector.
        WeightsError: when a picture is looked at: no such file, or no network.
    """

    def __init__(
        self, spec: str = DETECTOR, threshold: float = THRESHOLD, device: str = "auto", cache: Path | None = None
    ) -> None:
        if not FLOOR <= threshold <= 1:
            raise ConfigError(f"threshold {threshold:g}: must be {FLOOR} to 1, the least score of a person")
        self.spec, self.threshold, self.device = spec, threshold, device
        self.folder = cache or user_cache() / "people"
        self._video: tuple[str, BoxCache] | None = None

    @classmethod
    def of(cls, people: "PersonFinder | str | None") -> "PersonFinder | None":
        """The finder itself, the one of a spec, or None for None and ``none``."""
        if people is None or people == NOBODY:
            return None
        return people if isinstance(people, PersonFinder) else cls(people)

    @cached_property
    def detector(self) -> Detector:
        """The network; it gives everything that the cache keeps."""
        return Detector(self.spec, self.device, FLOOR)

    @cached_property
    def cache(self) -> BoxCache:
        """What this detector found in pictures before; what it found in a video has a file of its own."""
        return BoxCache(self.folder, self.detector.fingerprint)

    def in_files(self, paths: Sequence[Path], batch_size: int = 8) -> FoundPersons:
        """See :func:`emolens.people.detect_files.detect_files`."""
        return detect_files(self.detector, paths, self.cache, self.threshold, batch_size)

    def in_frames(self, content: str, times: Sequence[float], images: Sequence[NDArray[np.uint8]]) -> list[PersonBoxes]:
        """Persons in frames of a video, the most confident first, in pixels of these frames.

        Args:
            content: hexadecimal SHA-256 of the video's file.
            times: of the frames, in seconds.
            images: K of them, uint8 RGB, each (H, W, 3).
        """
        known = self._in_video(content)
        keys = [_frame_key(content, time_s, image) for time_s, image in zip(times, images, strict=True)]
        new = [k for k, key in enumerate(keys) if key not in known]
        if new:
            found = self.detector.detect([images[k] for k in new])
            with known:
                for k, persons in zip(new, found, strict=True):
                    height, width = images[k].shape[:2]
                    known.add(keys[k], height, width, persons)
        return [known[key][2].above(self.threshold) for key in keys]

    def _in_video(self, content: str) -> BoxCache:
        """What was found in one video before. Its 7,200 frames an hour are nothing that another file needs to read."""
        if self._video is None or self._video[0] != content:
            self._video = content, BoxCache(self.folder / self.detector.fingerprint[:16], content)
        return self._video[1]


def _frame_key(content: str, time_s: float, image_HWC: NDArray[np.uint8]) -> str:
    height, width = image_HWC.shape[:2]
    return hashlib.sha256(f"{content} {time_s:.6f} {height}x{width}".encode()).hexdigest()
