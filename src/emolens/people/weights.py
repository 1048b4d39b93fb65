"""Where the weights of a person detector are: a path, or the official release in the user's cache."""

from pathlib import Path

from emolens.errors import ConfigError, WeightsError
from emolens.names import did_you_mean
from emolens.weights.fetch import fetch_weights
from emolens.weights.table import list_weights

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
    releases = [entry.name.removeprefix("yolox_") for entry in list_weights() if entry.family == "yolox"]
    if name in releases:
        return fetch_weights(f"yolox_{name}")
    path = Path(name).expanduser()
    if path.is_file():
        return path
    if path.suffix != ".onnx" and path.name == name:
        raise ConfigError(f'unknown detector "{spec}" ({did_you_mean(name, releases)}): {FORMS}')
    raise WeightsError(f"{path}: no such weights file; {FORMS}")
