"""A model that waits at a gate: imported by tests that stop a run in the middle of its work.

Pictures that are wider than high go through; the others wait until nobody holds the lock on the file ``$GATE``.
"""

import fcntl
import os

import numpy as np
import torch

from emolens.heads.linear import LinearHead
from emolens.inference.image_predictor import ImagePredictor
from emolens.inference.registry import LoadRequest, register_model
from emolens.models.backbones.base import Backbone
from emolens.models.probe import LinearProbe
from emolens.runs.config import RunConfig
from emolens.runs.models import ImageModel


class Gate(Backbone):
    def __init__(self) -> None:
        super().__init__("gate", 3, None)
        self.settle(torch.device("cpu"), "fp32")

    def transform(self, image_HWC: np.ndarray) -> torch.Tensor:
        if image_HWC.shape[0] > image_HWC.shape[1] and "GATE" in os.environ:
            with open(os.environ["GATE"]) as gate:
                fcntl.flock(gate, fcntl.LOCK_SH)
        return torch.from_numpy(image_HWC.reshape(-1, 3).mean(axis=0) / 127.5 - 1).float()

    def features(self, batch: torch.Tensor) -> torch.Tensor:
        return batch


@register_model("gate")
def load_gate(request: LoadRequest) -> ImagePredictor:
    head = LinearHead(LinearProbe(3, 0, ("valence", "arousal")), None)
    return ImagePredictor("gate", ImageModel(Gate(), head, RunConfig("probe")))
