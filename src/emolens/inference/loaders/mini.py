"""``mini``: the embedded baseline."""

from emolens.heads.mini import MiniHead
from emolens.inference.image_predictor import ImagePredictor
from emolens.inference.registry import LoadRequest, register_model
from emolens.models.backbones.load import load_backbone
from emolens.runs.config import DataFacts, RunConfig, TrainingFacts
from emolens.runs.models import ImageModel


@register_model("mini")
def load_mini(request: LoadRequest) -> ImagePredictor:
    """Colour, texture and composition, fitted on OASIS; no weights to fetch."""
    # All of that data set, no split of it: whoever evaluates there is warned.
    config = RunConfig("mini", training=TrainingFacts(data=DataFacts(dataset="oasis")))
    model = ImageModel(load_backbone("mini"), MiniHead(request.space_or_default), config)
    return ImagePredictor("mini", model, request.cache)
