"""A real, tiny model and data sets that it can half do."""

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest
import torch

from emolens.evaluation.baselines import probe
from emolens.heads.base import Head
from emolens.heads.linear import LinearHead
from emolens.inference.image_predictor import ImagePredictor
from emolens.models.backbones.base import Backbone
from emolens.models.probe import LinearProbe
from emolens.runs.config import RunConfig
from emolens.runs.models import ImageModel
from emolens.taxonomy import LabelSpace, get_label_space


@pytest.fixture(autouse=True)
def few_strengths(monkeypatch: pytest.MonkeyPatch) -> None:
    """Two strengths of the linear probe to choose from: eleven take seconds a comparison."""
    monkeypatch.setattr(probe, "CONFIG", replace(probe.CONFIG, l2=(0.1, 10.0)))


class MeanColour(Backbone):
    """Mean red, green and blue in [-1, 1], and nothing learned."""

    def __init__(self) -> None:
        super().__init__("mean-colour", 3, None)
        self.settle(torch.device("cpu"), "fp32")

    def transform(self, image_HWC: np.ndarray) -> torch.Tensor:
        return torch.from_numpy(image_HWC.reshape(-1, 3).mean(axis=0) / 127.5 - 1).float()

    def features(self, batch: torch.Tensor) -> torch.Tensor:
        return batch


def warm_is_positive(space: LabelSpace | None, points: bool) -> Head:
    """Red speaks for every positive label, blue for every negative one; valence = (red - blue) / 2, arousal = green."""
    probe = LinearProbe(3, len(space) if space else 0, ("valence", "arousal") if points else ())
    rows = []
    for c, polarity in enumerate(space.polarity if space else ()):
        sign = {"positive": 2.0, "neutral": 0.0, "negative": -2.0}[polarity]
        rows.append([sign, 0.1 * c, -sign])
    if points:
        rows += [[0.5, 0.0, -0.5], [0.0, 1.0, 0.0]]
    with torch.no_grad():
        for parameter in probe.parameters():
            parameter.copy_(torch.tensor(rows) if parameter.ndim == 2 else torch.zeros_like(parameter))
    return LinearHead(probe, space)


@pytest.fixture
def predictor() -> Callable[..., ImagePredictor]:
    """predictor(space name or None, points): a model that judges by mean colour."""

    def make(space: str | None = "polarity2", points: bool = True, name: str = "colour") -> ImagePredictor:
        head = warm_is_positive(get_label_space(space) if space else None, points)
        return ImagePredictor(name, ImageModel(MeanColour(), head, RunConfig("probe")))

    return make
