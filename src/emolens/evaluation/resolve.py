"""From a spec to a model that is ready, as evaluations need it."""

import os
from pathlib import Path

from emolens.compute import ComputeConfig
from emolens.data.manifest import Manifest
from emolens.evaluation.candidate import Candidate, Setting
from emolens.evaluation.data_set import DataSet
from emolens.evaluation.score.answers import Answers
from emolens.evaluation.score.overlap import overlap_warning
from emolens.files import user_cache
from emolens.inference.fitted import knn_predictor
from emolens.inference.load import load
from emolens.inference.predictor import Predictor
from emolens.models.backbones.base import Backbone
from emolens.models.backbones.load import load_backbone
from emolens.people.crop import View
from emolens.specs import parse_model
from emolens.taxonomy import LabelSpace


def embedding_cache(folder: str | os.PathLike[str] | None) -> Path:
    """The folder of the embeddings; the user's own if none is given."""
    return Path(folder) if folder is not None else user_cache() / "embeddings"


def neighbours_of(model: Predictor | str) -> str | None:
    """The backbone of a ``knn:BACKBONE`` without a manifest, whose neighbours come from the data; None of others."""
    if not isinstance(model, str):
        return None
    spec = parse_model(model)
    return spec.rest if spec.scheme == "knn" and spec.at is None else None


def resolve(
    model: Predictor | str,
    manifest: Manifest,
    *,
    label_space: LabelSpace | str | None = None,
    compute: ComputeConfig | None = None,
    cache: Path | None = None,
    batch_size: int = 32,
    view: View = "scene",
) -> Predictor:
    """The model itself, or the one that a spec names.

    Args:
        model: a predictor, or a spec as in :func:`emolens.load`; ``knn:BACKBONE`` takes its neighbours from the train
            split of ``manifest``.
        manifest: the data that it will be evaluated on.
        label_space: of the classes of a published checkpoint, which does not state it.
        compute: where a spec is loaded; a predictor stays where it is.
        cache: folder of the embeddings.
        batch_size: pictures that go through a backbone together.
        view: what of the pictures the neighbours are of.

    Raises:
        ConfigError, DataError, WeightsError: the spec cannot be loaded.
    """
    compute = compute or ComputeConfig()
    if isinstance(model, Predictor):
        return model
    if (backbone := neighbours_of(model)) is not None:
        return knn_predictor(load_backbone(backbone, compute), manifest, compute, cache, batch_size, view)
    return load(model, label_space, compute.device, compute.precision, cache)


def knn_candidate(name: str, backbone: Backbone, setting: Setting) -> Candidate:
    """k-NN on a backbone, with the train split of each data set as neighbours."""
    made: dict[str, Predictor] = {}

    def predictor(data: DataSet) -> Predictor:
        if data.name not in made:
            view = setting.baseline_view(data)
            made[data.name] = knn_predictor(
                backbone, data.manifest, setting.compute, setting.cache, setting.batch_size, view
            )
        return made[data.name]

    def answer(data: DataSet) -> Answers:
        return setting.ask(predictor(data), data, name)

    return Candidate(
        name,
        f"nearest neighbours on {backbone.spec}, in the train split of each data set",
        answer,
        home=lambda _: True,
        warning=lambda data: overlap_warning(predictor(data), data.test),
    )
