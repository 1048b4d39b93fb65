"""Fine-tuned vision transformers.

``model.safetensors`` holds the whole network in the published names (``patch_embed.proj.*``, ``blocks.N.*``,
``fc_norm.*``, ``head.*``); ``model`` in ``config.json`` its sizes, by the fields of
:class:`emolens.models.vit.ViTConfig`.
"""

from pathlib import Path

from torch import Tensor

from emolens.compute import ComputeConfig
from emolens.errors import DataError, WeightsError
from emolens.heads.vit import VitClassifier, VitHead
from emolens.models.backbones.load import load_backbone
from emolens.models.backbones.vit import SIZES, ViTBackbone
from emolens.models.loading.published import load_published
from emolens.models.loading.safetensors_file import WEIGHTS
from emolens.runs.config import RunConfig
from emolens.runs.folder import CONFIG
from emolens.runs.models import ImageModel
from emolens.runs.registry import register_kind

KIND = "vit_finetuned"


@register_kind(KIND)
def read_vit(folder: Path, config: RunConfig, compute: ComputeConfig) -> ImageModel:
    """Encoder and classifier; labels, several labels, valence and arousal, whatever it was trained on."""
    try:
        stated = {name: int((config.model or {})[name]) for name in SIZES}
    except (KeyError, TypeError, ValueError) as error:
        raise DataError(f"{folder / CONFIG}: field 'model' is malformed (it lacks {error}); train again") from error
    backbone = load_vit(str(folder.resolve()), compute)
    if backbone.sizes != stated:
        raise WeightsError(f"{folder}: {WEIGHTS} is a ViT of {backbone.sizes}, {CONFIG} says {stated}")
    return vit_model(backbone, config, str(folder))


def load_vit(path: str, compute: ComputeConfig) -> ViTBackbone:
    """A transformer, of a run folder or a published file, as an encoder that keeps its classifier."""
    backbone = load_backbone(f"uniemox:{path}", compute)
    assert isinstance(backbone, ViTBackbone)
    return backbone


def vit_model(backbone: ViTBackbone, config: RunConfig, where: str) -> ImageModel:
    """The encoder with its own classifier as the head.

    Args:
        backbone: with a classifier.
        config: what the classifier's outputs mean.
        where: the folder or file, for messages.

    Raises:
        WeightsError: there is no classifier, or its outputs are not those of the config.
    """
    if backbone.classifier is None:
        raise WeightsError(f"{where}: its weights have no head.weight, so it is not a fine-tuned model")
    if not config.label_space and not config.targets:
        raise DataError(f"{where}/{CONFIG}: neither a label space nor targets; train again")
    try:
        classifier = VitClassifier(*backbone.classifier, config.targets, config.multi_label)
        head = VitHead(classifier, config.label_space)
    except WeightsError as error:
        raise WeightsError(f"{where}: {error}") from error
    return ImageModel(backbone, head, config, weights=lambda: vit_state(backbone))


def vit_state(backbone: ViTBackbone) -> dict[str, Tensor]:
    """Encoder and classifier in the published names, to be saved again: read from where they came, not rounded.

    Raises:
        WeightsError: the file is gone.
    """
    assert backbone.classifier is not None
    stored = load_published(backbone.stored_at)
    state = {name: stored[name] for name in backbone.model.state_dict()}
    weight_CD, bias_C = backbone.classifier
    return state | {"head.weight": weight_CD, "head.bias": bias_C}
