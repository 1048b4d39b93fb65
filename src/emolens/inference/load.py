"""One door to every model."""

import os
from pathlib import Path
from typing import TYPE_CHECKING

from emolens.compute import ComputeConfig, Precision
from emolens.inference.predictor import Predictor
from emolens.inference.registry import LoadRequest, loader_of, register_built_in
from emolens.specs import parse_model
from emolens.taxonomy import LabelSpace, get_label_space

if TYPE_CHECKING:
    from emolens.data.manifest import Manifest


def load(
    spec: str = "auto",
    label_space: LabelSpace | str | None = None,
    device: str = "auto",
    precision: Precision = "auto",
    cache: str | os.PathLike[str] | None = None,
    *,
    workers: int | None = None,
    data: "Manifest | None" = None,
) -> Predictor:
    """Load a model by its spec.

    Args:
        spec: ``zeroshot:ARCH/TAG_OR_PATH`` (any CLIP of open_clip), ``run:DIR`` (a trained run; DIR alone will do),
            ``hub:USER/REPO``, ``uniemox:PATH`` (a fine-tuned ViT as published; its classes are those of
            ``label_space``, in alphabetical order, as it was trained), ``keras:FILE[@BACKBONE]`` (a published CLIP-E
            head), ``knn:BACKBONE[@MANIFEST]`` (nearest neighbours in the split "train" of a manifest), ``mini`` (the
            embedded baseline), or ``auto``: zero-shot with ViT-B-32/openai if its weights are cached or can be
            downloaded, otherwise ``mini``.
        label_space: the space of the answers; the model's own if not given, or mikels8 for models without one.
        device: auto, cpu, cuda, cuda:N or mps.
        precision: auto, fp32, bf16 or fp16.
        cache: folder of an embedding cache to read from and add to.
        workers: threads that decode while a ``knn:`` model embeds its neighbours; None chooses.
        data: where a ``knn:`` model finds its neighbours if its spec names no manifest.

    Raises:
        ConfigError: if a spec, device, precision or label space does not exist.
        DataError: if a run folder cannot be used.
        WeightsError: if weights are missing or do not fit.

    Examples:
        >>> model = load("mini", label_space="ekman6")
        >>> model.label_space.labels[:2]
        ('anger', 'disgust')
    """
    register_built_in()
    parsed = parse_model(spec)
    request = LoadRequest(
        spec=parsed,
        label_space=None if label_space is None else get_label_space(label_space),
        compute=ComputeConfig(device, precision, workers),
        cache=None if cache is None else Path(cache),
        data=data,
    )
    return loader_of(parsed.scheme)(request)
