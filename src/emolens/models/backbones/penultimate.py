"""Classifiers of torchvision, up to the numbers that their last linear layer gets.

Legend: B batch, C channels, H, W height and width, D embedding.
"""

from typing import Any

from torch import Tensor, nn

from emolens.compute import ComputeConfig
from emolens.errors import ConfigError
from emolens.models.backbones.base import Backbone
from emolens.models.backbones.load import register_backbone
from emolens.models.backbones.torchvision import classifier_and_preprocess
from emolens.models.preprocess import Preprocess


class PenultimateBackbone(Backbone):
    """A torchvision classifier without its last linear layer: D is what that layer gets, 4096 for VGG-16.

    The usual ``torchvision:`` pools the last map instead, which other classifiers of one trunk share.
    """

    def __init__(self, spec: str, name: str, model: nn.Module, preprocess: Preprocess) -> None:
        last = [inner for inner, module in model.named_modules() if isinstance(module, nn.Linear)]
        if not last:
            raise ConfigError(f'backbone "{spec}": {name} ends in no linear layer; take torchvision:{name}/PATH')
        parent, _, child = last[-1].rpartition(".")
        embed_dim = int(model.get_submodule(last[-1]).in_features)  # type: ignore[arg-type]
        super().__init__(spec, embed_dim, preprocess)
        setattr(model.get_submodule(parent), child, nn.Identity())
        self.name, self.model = name, model.eval()

    def features(self, batch: Tensor) -> Tensor:
        """(B, C, H, W) -> (B, D)."""
        found: Tensor = self.model(batch)
        return found

    def recipe(self) -> dict[str, Any]:
        return {**super().recipe(), "arch": self.name}


@register_backbone("penultimate", form="penultimate:NAME/PATH")
def load_penultimate(name: str, weights: str | None, compute: ComputeConfig) -> PenultimateBackbone:
    """``penultimate:NAME/PATH``: a classification model of torchvision, from a file that has its classifier, too.

    Args:
        name, weights: see :func:`emolens.models.backbones.torchvision.load_torchvision`.

    Raises:
        ConfigError: unknown name, no path, or a model that ends in no linear layer.
        WeightsError: missing, or of another architecture.
    """
    spec = f"penultimate:{name}"
    model, preprocess = classifier_and_preprocess(spec, name, weights, optional=())
    return PenultimateBackbone(spec, name, model, preprocess)
