"""Where the weights of a person detector are: a path, or the official release in the user's cache."""

from dataclasses import dataclass
from pathlib import Path

from emolens.downloads import download
from emolens.errors import ConfigError, WeightsError
from emolens.files import sha256_file, user_cache
from emolens.names import did_you_mean

RELEASE = "https://github.com/Megvii-BaseDetection/YOLOX/releases/download/0.1.1rc0"  # Apache-2.0


@dataclass(frozen=True)
class Release:
    """One file of the official release."""

    file: str
    sha256: str

    @property
    def url(self) -> str:
        return f"{RELEASE}/{self.file}"


RELEASES = {
    "nano": Release("yolox_nano.onnx", "c789161ed43c8269fcd4e67c67eeeb4e80c622da2eb296a20bc6007bd18a0b7d"),
    "tiny": Release("yolox_tiny.onnx", "427cc366d34e27ff7a03e2899b5e3671425c262ea2291f88bb942bc1cc70b0f7"),
    "s": Release("yolox_s.onnx", "c5c2d13e59ae883e6af3b45daea64af4833a4951c92d116ec270d9ddbe998063"),
}
FORMS = 'a detector is "yolox:PATH.onnx", or "yolox:nano", "yolox:tiny", "yolox:s" of the official release'


def detector_weights(spec: str) -> Path:
    """The ONNX file of a detector.

    Args:
        spec: ``yolox:PATH``, ``yolox:nano|tiny|s`` (fetched once into the user's cache, its SHA-256 checked), or just
            a path.

    Raises:
        ConfigError: no such kind of detector, or no such release.
        WeightsError: no such file; or not in the cache and no network; or other bytes than those released.
    """
    kind, colon, name = spec.partition(":")
    if not colon or len(kind) == 1:  # a path, perhaps with a drive letter
        kind, name = "yolox", spec
    if kind != "yolox":
        raise ConfigError(f'unknown detector "{spec}": {FORMS}')
    if name in RELEASES:
        return _fetched(name)
    path = Path(name).expanduser()
    if path.is_file():
        return path
    if path.suffix != ".onnx" and path.name == name:
        raise ConfigError(f'unknown detector "{spec}" ({did_you_mean(name, RELEASES)}): {FORMS}')
    raise WeightsError(f"{path}: no such weights file; {FORMS}")


def _fetched(name: str) -> Path:
    release = RELEASES[name]
    path = user_cache() / "weights" / release.file
    if not path.is_file() or sha256_file(path) != release.sha256:
        instead = "give another copy's path as yolox:PATH"
        download(release.url, path, f"weights {release.file}", instead, release.sha256)
    return path
