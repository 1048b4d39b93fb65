"""emolens: which emotion does a picture or a short video evoke?

Importing the package costs milliseconds: what needs torch is loaded when it is first used.
"""

from typing import TYPE_CHECKING, Any

__version__ = "0.1.0"

_HOMES = {
    "LabelSpace": "emolens.taxonomy",
    "Manifest": "emolens.data.manifest",
    "Predictions": "emolens.inference.results",
    "compare": "emolens.evaluation.compare",
    "evaluate": "emolens.evaluation.evaluate",
    "get_label_space": "emolens.taxonomy",
    "load": "emolens.inference.load",
    "map_scores": "emolens.taxonomy",
    "predict": "emolens.inference.batch",
    "train": "emolens.training.train",
}
__all__ = ["__version__", *sorted(_HOMES)]  # noqa: PLE0604

if TYPE_CHECKING:
    from emolens.data.manifest import Manifest
    from emolens.evaluation.compare import compare
    from emolens.evaluation.evaluate import evaluate
    from emolens.inference.batch import predict
    from emolens.inference.load import load
    from emolens.inference.results import Predictions
    from emolens.taxonomy import LabelSpace, get_label_space, map_scores
    from emolens.training.train import train


def __getattr__(name: str) -> Any:
    if name in _HOMES:
        from importlib import import_module

        return getattr(import_module(_HOMES[name]), name)
    raise AttributeError(f"module 'emolens' has no attribute '{name}'")


def __dir__() -> list[str]:
    return list(__all__)
