"""``auto``: the best model that can be had."""

from dataclasses import replace

from emolens import specs
from emolens.errors import WeightsError
from emolens.inference.predictor import Predictor
from emolens.inference.registry import LoadRequest, loader_of, register_model

DEFAULT_ZERO_SHOT = "ViT-B-32/openai"


@register_model("auto")
def load_auto(request: LoadRequest) -> Predictor:
    """Zero-shot CLIP ViT-B/32 if its weights are cached or can be downloaded, otherwise ``mini``."""
    for text in (f"zeroshot:{DEFAULT_ZERO_SHOT}", "mini"):
        spec = specs.parse_model(text)
        try:
            return loader_of(spec.scheme)(replace(request, spec=spec))
        except WeightsError:
            continue
    raise AssertionError("mini needs no weights")
