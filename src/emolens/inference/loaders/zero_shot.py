"""``zeroshot:ARCH/TAG_OR_PATH``: any CLIP, asked by the words of a label space."""

from emolens.heads.text import TextHead
from emolens.inference.image_predictor import ImagePredictor
from emolens.inference.registry import LoadRequest, register_model
from emolens.models.backbones.load import load_backbone
from emolens.runs.config import RunConfig
from emolens.runs.models import ImageModel


@register_model("zeroshot", "zeroshot:ARCH/TAG_OR_PATH")
def load_zero_shot(request: LoadRequest) -> ImagePredictor:
    """CLIP zero-shot (Radford et al. 2021, arXiv 2103.00020, section 3.1)."""
    backbone = load_backbone(request.spec.rest, request.compute)
    head = TextHead(backbone, request.space_or_default)
    return ImagePredictor(request.spec.text, ImageModel(backbone, head, RunConfig(head.kind)), request.cache)
