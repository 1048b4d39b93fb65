"""emolens: which emotion does a picture or a short video evoke?

Importing the package costs milliseconds: what needs torch is loaded when it is first used.
"""

from typing import TYPE_CHECKING

from emolens.lazy import attach

__version__ = "0.1.0"

if TYPE_CHECKING:
    from emolens.data.manifest import Manifest as Manifest
    from emolens.evaluation.benchmark.benchmark import benchmark as benchmark
    from emolens.evaluation.compare import compare as compare
    from emolens.evaluation.evaluate import evaluate as evaluate
    from emolens.inference.batch import predict as predict
    from emolens.inference.load import load as load
    from emolens.inference.results import Predictions as Predictions
    from emolens.taxonomy import LabelSpace as LabelSpace
    from emolens.taxonomy import get_label_space as get_label_space
    from emolens.taxonomy import map_scores as map_scores
    from emolens.training.train import train as train

__getattr__, __dir__, __all__ = attach(
    __name__,
    {
        "LabelSpace": "emolens.taxonomy",
        "Manifest": "emolens.data.manifest",
        "Predictions": "emolens.inference.results",
        "benchmark": "emolens.evaluation.benchmark.benchmark",
        "compare": "emolens.evaluation.compare",
        "evaluate": "emolens.evaluation.evaluate",
        "get_label_space": "emolens.taxonomy",
        "load": "emolens.inference.load",
        "map_scores": "emolens.taxonomy",
        "predict": "emolens.inference.batch",
        "train": "emolens.training.train",
    },
)
