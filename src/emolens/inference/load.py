"""One door to every model."""

import os
from pathlib import Path

from emolens.compute import ComputeConfig
from emolens.errors import ConfigError, WeightsError
from emolens.heads.heads import MiniHead, TextHead
from emolens.inference.av_predictor import AVPredictor
from emolens.inference.image_predictor import ImagePredictor
from emolens.inference.predictor import Predictor
from emolens.models.backbones.base import load_backbone
from emolens.runs.config import DataFacts, RunConfig, TrainingFacts
from emolens.runs.hub import fetch
from emolens.runs.models import AVModel
from emolens.runs.published import read_published
from emolens.runs.registry import read_model
from emolens.taxonomy import LabelSpace, get_label_space

DEFAULT_ZERO_SHOT = "ViT-B-32/openai"
DEFAULT_SPACE = "mikels8"


def load(
    spec: str = "auto",
    label_space: LabelSpace | str | None = None,
    device: str = "auto",
    precision: str = "auto",
    cache: str | os.PathLike[str] | None = None,
) -> Predictor:
    """Load a model by its spec.

    Args:
        spec: ``zeroshot:ARCH/TAG_OR_PATH`` (any CLIP of open_clip), ``run:DIR`` (a trained run; DIR alone will do),
            ``hub:USER/REPO``, ``uniemox:PATH`` (a fine-tuned ViT as published; its classes are those of
            ``label_space``, in alphabetical order, as it was trained), ``mini`` (the embedded baseline), or
            ``auto``: zero-shot with ViT-B-32/openai where its weights are at hand or can be fetched, else ``mini``.
        label_space: the space of the answers; the model's own if not given, or mikels8 for models without one.
        device: auto, cpu, cuda, cuda:N or mps.
        precision: auto, fp32, bf16 or fp16.
        cache: folder of an embedding cache to read from and add to.

    Raises:
        ConfigError: a spec, device, precision or label space that does not exist.
        DataError: a run folder that cannot be used.
        WeightsError: weights that are not at hand or do not fit.
    """
    space = None if label_space is None else get_label_space(label_space)
    where = Path(cache) if cache is not None else None
    compute = ComputeConfig(device, precision)  # type: ignore[arg-type]  # an unknown one is refused below
    kind, colon, rest = spec.partition(":")
    if spec == "auto":
        try:
            return load(f"zeroshot:{DEFAULT_ZERO_SHOT}", space, device, precision, cache)
        except WeightsError:
            return load("mini", space, device, precision, cache)
    if spec == "mini":
        mini = MiniHead(space or get_label_space(DEFAULT_SPACE))
        # All of that data set, no split of it: whoever evaluates there is told so.
        facts = TrainingFacts(data=DataFacts(dataset="oasis"))
        return ImagePredictor("mini", load_backbone("mini"), mini, RunConfig("mini", training=facts), where)
    if kind == "zeroshot" and rest:
        backbone = load_backbone(rest, device, precision)
        head = TextHead(backbone, space or get_label_space(DEFAULT_SPACE))
        return ImagePredictor(spec, backbone, head, RunConfig("zeroshot"), where)
    if kind == "uniemox" and rest and not Path(rest).is_dir():
        found = read_published(rest, space, compute)
        return ImagePredictor(spec, found.backbone, found.head, found.config, where, weights=found.weights)
    if (kind in ("run", "hub", "uniemox") and rest) or Path(spec).is_dir():
        folder = fetch(rest) if kind == "hub" and colon else Path(rest or spec)
        name = f"hub:{rest}" if kind == "hub" and colon else f"run:{folder.name}"
        model = read_model(folder, compute)
        if isinstance(model, AVModel):
            return AVPredictor(name, model, space)
        predictor = ImagePredictor(name, model.backbone, model.head, model.config, where, weights=model.weights)
        if space is None and model.head.space is None and model.head.gives_point:
            space = get_label_space(DEFAULT_SPACE)
        return predictor if space is None else predictor.retarget(space)
    raise ConfigError(
        f'model "{spec}": write zeroshot:ARCH/TAG_OR_PATH, run:DIR, hub:USER/REPO, uniemox:PATH, mini or auto'
    )
