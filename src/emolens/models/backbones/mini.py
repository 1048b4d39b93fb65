"""The embedded baseline as a frozen encoder.

Legend: B batch, H, W height and width, D = F features.
"""

from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from emolens.compute import ComputeConfig
from emolens.models.affective.features import FEATURE_VERSION, affective_features, feature_names
from emolens.models.backbones.base import Backbone
from emolens.models.backbones.load import register_backbone

MIN_SIDE = 128  # px: a JPEG draft then still has 256 px, what the features are computed on


class MiniBackbone(Backbone):
    """Affective features behind the face of every backbone: no weights, no download, CPU only.

    They are computed in :meth:`transform`, that is in the loader threads; :meth:`features` passes them through.
    """

    def __init__(self) -> None:
        super().__init__("mini", embed_dim=len(feature_names()), preprocess=None, min_side=MIN_SIDE)
        self.eval()

    def settle(self, device: torch.device, precision: str) -> None:
        """Nothing to move or convert: fixed formulas, computed while loading, have one device and one precision."""

    def transform(self, image_HWC: NDArray[np.uint8]) -> Tensor:
        """One picture's features.

        Args:
            image_HWC: uint8 RGB, shape (H, W, 3).

        Returns:
            float32, shape (D,).
        """
        return torch.from_numpy(affective_features(image_HWC))

    def features(self, batch: Tensor) -> Tensor:
        """(B, D) -> (B, D), unchanged."""
        return batch

    def recipe(self) -> dict[str, Any]:
        return {**super().recipe(), "features": FEATURE_VERSION}


@register_backbone("mini", form="mini")
def load_mini(name: str, weights: str | None, compute: ComputeConfig) -> MiniBackbone:
    """``mini``: the affective features."""
    return MiniBackbone()
