"""Specs made short enough for a table."""

from collections.abc import Iterable
from pathlib import Path


def spec_names(specs: Iterable[str]) -> dict[str, str]:
    """Spec -> name, all names different.

    The path of a weights file is left out ("torchvision:resnet50//data/w.pt" becomes "torchvision:resnet50"),
    unless two specs would then look alike. A run keeps its folder: that is what tells runs apart. Of a ViT
    ("uniemox:", "mae:") the last part of the path stays.
    """
    short = {spec: _short(spec) for spec in specs}
    names = list(short.values())
    return {spec: name if names.count(name) == 1 else spec for spec, name in short.items()}


def _short(spec: str) -> str:
    scheme, colon, path = spec.partition(":")
    if colon and scheme in ("uniemox", "mae"):
        return f"{scheme}:{Path(path).name}"
    name, slash, weights = spec.partition("/")
    if not slash or name.startswith(("run:", "hub:")):
        return spec
    is_path = "/" in weights or Path(weights).suffix in (".safetensors", ".pt", ".pth", ".bin")
    return name if is_path else spec
