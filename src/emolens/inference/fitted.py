"""Heads that were fitted in this process, as predictors."""

from pathlib import Path
from typing import Any

from emolens.compute import ComputeConfig
from emolens.data.manifest import Manifest
from emolens.heads.base import Head
from emolens.heads.fit_knn import fit_knn
from emolens.inference.image_predictor import ImagePredictor
from emolens.models.backbones.base import Backbone
from emolens.people.crop import View
from emolens.runs.config import DataFacts, RunConfig, TrainingFacts
from emolens.runs.models import ImageModel


def head_predictor(
    name: str, backbone: Backbone, head: Head, facts: dict[str, Any], cache: Path | None, view: View = "scene"
) -> ImagePredictor:
    """A head that was fitted here, as a predictor.

    Args:
        name: for tables.
        backbone, head: the encoder, and the head on its embeddings.
        facts: ``recipe``, and ``data`` with the data set and its splits, as a trained run states them: so an evaluation
            knows which rows are no test.
        cache: folder of the embeddings.
        view: what it was fitted on, whole pictures or persons.
    """
    data = DataFacts(dataset=facts["data"]["dataset"], splits=facts["data"]["splits"])
    training = TrainingFacts(recipe=facts["recipe"], data=data)
    config = RunConfig(head.kind, label_space=head.own_label_space, view=view, training=training)
    return ImagePredictor(name, ImageModel(backbone, head, config), cache)


def knn_predictor(
    backbone: Backbone,
    manifest: Manifest,
    compute: ComputeConfig,
    cache: Path | None,
    batch_size: int = 32,
    view: View = "scene",
) -> ImagePredictor:
    """The nearest neighbours in the split "train" of a manifest, as a predictor.

    Raises:
        DataError: as in :func:`emolens.heads.fit_knn.fit_knn`.
    """
    head, facts = fit_knn(backbone, manifest, view=view, cache=cache, batch_size=batch_size, compute=compute)
    return head_predictor(f"knn:{backbone.spec}", backbone, head, facts, cache, view)
