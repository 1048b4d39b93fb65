"""Which part of a picture an answer comes from.

Legend: H, W height and width of the picture, h, w patches down and across.
"""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from emolens.errors import ConfigError
from emolens.inference.image_predictor import ImagePredictor
from emolens.inference.predictor import Predictor
from emolens.media.image import read_image
from emolens.models.backbones.vit import ViTBackbone
from emolens.models.preprocess import Preprocess

Frame = tuple[float, float, float, float]


@dataclass(frozen=True)
class AttentionMap:
    """How much of the answer is from which place.

    Attributes:
        share_hw: float64, at least 0, summing to 1.
        frame: left, top, right, bottom of what the model saw, as parts of the picture's width and height.
    """

    share_hw: NDArray[np.float64]
    frame: Frame


class Explainer:
    """Attention maps of a model that has them.

    Args:
        predictor: its embedding must be the one its answer is read from, with attention to look into.

    Raises:
        ConfigError: the model has no attention.
    """

    def __init__(self, predictor: Predictor) -> None:
        backbone = predictor.backbone if isinstance(predictor, ImagePredictor) else None
        if not isinstance(backbone, ViTBackbone) or backbone.pooling != "fc_norm" or backbone.preprocess is None:
            raise ConfigError(
                f"{predictor.name} has no attention maps to explain its answers with; fine-tuned vision transformers "
                "have: run:DIR of emolens train uniemox_finetune, or uniemox:FILE, a published fine-tuned checkpoint"
            )
        self.backbone, self.preprocess = backbone, backbone.preprocess

    def __call__(self, source: str | Path) -> AttentionMap:
        """The map of one picture.

        Raises:
            MediaError: it cannot be read.
        """
        image_HWC = read_image(source, self.backbone.min_side)
        share_hw = self.backbone.attention(self.backbone.transform(image_HWC)[None])[0].double().numpy()
        return AttentionMap(share_hw, seen_frame(self.preprocess, *image_HWC.shape[:2]))


def seen_frame(preprocess: Preprocess, height: int, width: int) -> Frame:
    """What the model sees of a picture of ``height`` x ``width``: left, top, right, bottom, as parts of its sides.

    Beyond 0..1 where borders are filled.
    """
    left, top, right, bottom = preprocess.seen_region(height, width)
    return left / width, top / height, right / width, bottom / height
