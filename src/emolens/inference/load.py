"""One door to every model."""

import os
from pathlib import Path

from emolens.compute import ComputeConfig, Precision
from emolens.errors import ConfigError, WeightsError
from emolens.heads.heads import MiniHead, TextHead
from emolens.inference.av_predictor import AVPredictor
from emolens.inference.image_predictor import ImagePredictor
from emolens.inference.predictor import Predictor
from emolens.models.backbones.load import load_backbone
from emolens.runs.av import read_av
from emolens.runs.head import from_hub, read_pretrained
from emolens.runs.run_files import AV, read_config
from emolens.runs.vit import read_published
from emolens.taxonomy import LabelSpace, get_label_space

DEFAULT_ZERO_SHOT = "ViT-B-32/openai"
DEFAULT_SPACE = "mikels8"


def load(
    spec: str = "auto",
    label_space: LabelSpace | str | None = None,
    device: str = "auto",
    precision: Precision = "auto",
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
    kind, colon, rest = spec.partition(":")
    if spec == "auto":
        try:
            return load(f"zeroshot:{DEFAULT_ZERO_SHOT}", space, device, precision, cache)
        except WeightsError:
            return load("mini", space, device, precision, cache)
    if spec == "mini":
        mini = MiniHead(space or get_label_space(DEFAULT_SPACE))
        # All of that data set, no split of it: whoever evaluates there is told so.
        return ImagePredictor("mini", load_backbone("mini"), mini, {"data": {"dataset": "oasis"}}, where)
    if kind == "zeroshot" and rest:
        backbone = load_backbone(rest, ComputeConfig(device, precision))
        head = TextHead(backbone, space or get_label_space(DEFAULT_SPACE))
        return ImagePredictor(spec, backbone, head, {}, where)
    if kind == "uniemox" and rest and not Path(rest).is_dir():
        facts, encoder, classifier = read_published(rest, space, device, precision)
        return ImagePredictor(spec, encoder, classifier, facts, where)
    if (kind in ("run", "hub", "uniemox") and rest) or Path(spec).is_dir():
        folder = from_hub(rest) if kind == "hub" and colon else Path(rest or spec)
        name = f"hub:{rest}" if kind == "hub" and colon else f"run:{folder.name}"
        facts = read_config(folder)
        if facts.get("kind") == AV:
            return AVPredictor(name, read_av(folder, facts, device, precision), space)
        config, backbone, trained = read_pretrained(folder, device, precision)
        predictor = ImagePredictor(name, backbone, trained, config, where)
        if space is None and trained.space is None and trained.gives_point:
            space = get_label_space(DEFAULT_SPACE)
        return predictor if space is None else predictor.retarget(space)
    raise ConfigError(
        f'model "{spec}": write zeroshot:ARCH/TAG_OR_PATH, run:DIR, hub:USER/REPO, uniemox:PATH, mini or auto'
    )
