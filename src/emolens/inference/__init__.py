"""From what a person gives to predictions: paths, folders and patterns in; one table of rows, in order, out."""

from typing import TYPE_CHECKING

from emolens.lazy import attach

if TYPE_CHECKING:
    from emolens.inference.av_predictor import AVPredictor as AVPredictor
    from emolens.inference.batch import predict_to_file as predict_to_file
    from emolens.inference.image_predictor import ImagePredictor as ImagePredictor
    from emolens.inference.inputs import read_inputs as read_inputs
    from emolens.inference.perturbation import Perturbation as Perturbation
    from emolens.inference.prediction import Prediction as Prediction
    from emolens.inference.predictor import Predictor as Predictor
    from emolens.inference.registry import register_model as register_model
    from emolens.inference.results import Predictions as Predictions
    from emolens.inference.timeline import Timeline as Timeline

__getattr__, __dir__, __all__ = attach(
    __name__,
    {
        "AVPredictor": "emolens.inference.av_predictor",
        "ImagePredictor": "emolens.inference.image_predictor",
        "Perturbation": "emolens.inference.perturbation",
        "Prediction": "emolens.inference.prediction",
        "Predictions": "emolens.inference.results",
        "Predictor": "emolens.inference.predictor",
        "Timeline": "emolens.inference.timeline",
        "predict_to_file": "emolens.inference.batch",
        "read_inputs": "emolens.inference.inputs",
        "register_model": "emolens.inference.registry",
    },
)
