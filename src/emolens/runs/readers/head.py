"""Heads on a frozen backbone: the linear probe, both heads of CLIP-E, and zero-shot CLIP.

``model.safetensors`` holds the head alone; the backbone is loaded by its spec and held against its fingerprint.
"""

from pathlib import Path

from emolens.compute import ComputeConfig
from emolens.errors import DataError, WeightsError
from emolens.heads.base import Head
from emolens.heads.clip_e import CrossEntropyHead
from emolens.heads.linear import LinearHead
from emolens.heads.text import TextHead
from emolens.models.backbones.base import Backbone
from emolens.models.backbones.load import load_backbone
from emolens.models.clip_e import CLIPEContrastive, CLIPECrossEntropy
from emolens.models.loading.safetensors_file import WEIGHTS, load_weights
from emolens.models.probe import LinearProbe
from emolens.runs.config import RunConfig
from emolens.runs.folder import CONFIG
from emolens.runs.models import ImageModel
from emolens.runs.registry import register_kind
from emolens.taxonomy import LabelSpace


@register_kind("probe")
def read_probe(folder: Path, config: RunConfig, compute: ComputeConfig) -> ImageModel:
    """A linear probe: classes, several labels, valence and arousal, whatever it was trained on."""
    backbone, space = trained_backbone(folder, config, compute), config.label_space
    if space is None and not config.targets:
        raise DataError(f"{folder / CONFIG}: neither a label space nor targets; train again")
    probe = LinearProbe(backbone.embed_dim, len(space) if space else 0, config.targets, config.multi_label)
    return _filled(folder, config, backbone, LinearHead(probe, space))


@register_kind("clip_e_cross_entropy")
def read_cross_entropy(folder: Path, config: RunConfig, compute: ComputeConfig) -> ImageModel:
    """CLIP-E with cross-entropy."""
    space, backbone = _space(folder, config), trained_backbone(folder, config, compute)
    return _filled(folder, config, backbone, CrossEntropyHead(CLIPECrossEntropy(len(space), backbone.embed_dim), space))


@register_kind("clip_e_contrastive")
def read_contrastive(folder: Path, config: RunConfig, compute: ComputeConfig) -> ImageModel:
    """CLIP-E against text."""
    space, backbone = _space(folder, config), trained_backbone(folder, config, compute)
    head = TextHead(backbone, space, CLIPEContrastive(backbone.embed_dim).eval(), space)
    return _filled(folder, config, backbone, head)


@register_kind("zeroshot")
def read_zero_shot(folder: Path, config: RunConfig, compute: ComputeConfig) -> ImageModel:
    """Zero-shot CLIP with the label space that it was saved with; it has no weights of its own."""
    space, backbone = _space(folder, config), trained_backbone(folder, config, compute)
    return ImageModel(backbone, TextHead(backbone, space), config)


def trained_backbone(folder: Path, config: RunConfig, compute: ComputeConfig) -> Backbone:
    """The backbone that a head was trained on, and no other.

    Raises:
        DataError: the config names none.
        WeightsError: its weights are not found, or not those of the training.
    """
    stored = config.backbone
    if stored is None:
        raise DataError(f"{folder / CONFIG}: field 'backbone' is missing; train again")
    backbone = load_backbone(stored.spec, compute)
    if backbone.embed_dim != stored.embed_dim:
        raise WeightsError(
            f"{folder}: was trained on embeddings of width {stored.embed_dim}, {stored.spec} gives {backbone.embed_dim}"
        )
    # In another precision the rounded weights, and so their fingerprint, are others.
    if backbone.precision == stored.precision and backbone.fingerprint != stored.fingerprint:
        raise WeightsError(f"{folder}: the weights of {stored.spec} are not those it was trained on; bring those back")
    return backbone


def _space(folder: Path, config: RunConfig) -> LabelSpace:
    if config.label_space is None:
        raise DataError(f"{folder / CONFIG}: field 'label_space' is missing; train again")
    return config.label_space


def _filled(folder: Path, config: RunConfig, backbone: Backbone, head: Head) -> ImageModel:
    assert head.module is not None
    load_weights(folder / WEIGHTS, head.module)
    return ImageModel(backbone, head, config)
