"""``run:DIR``, ``hub:USER/REPO`` and ``uniemox:PATH``: models that were trained."""

from functools import singledispatch
from pathlib import Path
from typing import Any

from emolens.inference.av_predictor import AVPredictor
from emolens.inference.image_predictor import ImagePredictor
from emolens.inference.predictor import Predictor
from emolens.inference.registry import LoadRequest, register_model
from emolens.runs import hub
from emolens.runs.models import AVModel, ImageModel
from emolens.runs.published import read_published
from emolens.runs.registry import read_model


@register_model("run", "run:DIR")
def load_run(request: LoadRequest) -> Predictor:
    """A run folder of ``emolens train``, or a saved model."""
    folder = Path(request.spec.rest)
    return predictor_of(read_model(folder, request.compute), f"run:{folder.name}", request)


@register_model("hub", "hub:USER/REPO")
def load_hub(request: LoadRequest) -> Predictor:
    """A model that somebody shared on the Hugging Face hub."""
    return predictor_of(read_model(hub.fetch(request.spec.rest), request.compute), request.spec.text, request)


@register_model("uniemox", "uniemox:PATH")
def load_uniemox(request: LoadRequest) -> Predictor:
    """A run folder, or a fine-tuned ViT as published: its classes are those of the label space, sorted by name."""
    if Path(request.spec.rest).is_dir():
        return load_run(request)
    model = read_published(request.spec.rest, request.label_space, request.compute)
    return ImagePredictor(request.spec.text, model, request.cache)


@singledispatch
def predictor_of(model: Any, name: str, request: LoadRequest) -> Predictor:
    """The predictor of a trained model; a function for each shape of model."""
    raise TypeError(f"no predictor is registered for {type(model).__name__}: predictor_of.register")


@predictor_of.register
def _(model: ImageModel, name: str, request: LoadRequest) -> Predictor:
    predictor = ImagePredictor(name, model, request.cache)
    space = request.label_space
    if space is None and model.head.space is None and model.head.gives_point:
        space = request.space_or_default
    return predictor if space is None else predictor.retarget(space)


@predictor_of.register
def _(model: AVModel, name: str, request: LoadRequest) -> Predictor:
    return AVPredictor(name, model, request.label_space)
