"""emolens: which emotion does a picture or a short video evoke?

Importing the package costs milliseconds: what needs torch is loaded when it is first used.
"""

from typing import TYPE_CHECKING, Any

__version__ = "0.1.0"
__all__ = ["Manifest", "__version__", "get_label_space", "load", "map_scores"]

_HOMES = {
    "Manifest": "emolens.data.manifest",
    "get_label_space": "emolens.taxonomy",
    "load": "emolens.inference.load",
    "map_scores": "emolens.taxonomy",
}

if TYPE_CHECKING:
    from emolens.data.manifest import Manifest
    from emolens.inference.load import load
    from emolens.taxonomy import get_label_space, map_scores


def __getattr__(name: str) -> Any:
    if name in _HOMES:
        from importlib import import_module

        return getattr(import_module(_HOMES[name]), name)
    raise AttributeError(f"module 'emolens' has no attribute '{name}'")
