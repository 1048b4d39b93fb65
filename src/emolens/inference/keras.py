"""The published CLIP-E heads as a model that predicts."""

import os
from pathlib import Path

from emolens.compute import ComputeConfig, Precision
from emolens.errors import ConfigError
from emolens.files import sha256_file
from emolens.heads.heads import CrossEntropyHead, Head, TextHead
from emolens.inference.image_predictor import ImagePredictor
from emolens.models.backbones.load import load_backbone
from emolens.models.clip_e import CLIPECrossEntropy
from emolens.models.loading.keras_heads import load_keras_head
from emolens.runs.head import describe
from emolens.taxonomy import LabelSpace, get_label_space


def from_keras(
    path: str | os.PathLike[str],
    label_space: LabelSpace | str,
    backbone: str = "ViT-B-32/openai",
    device: str = "auto",
    precision: Precision = "auto",
) -> ImagePredictor:
    """Put a published CLIP-E head (Keras ``.hdf5``) on its frozen CLIP.

    ``from_keras("weights.hdf5", "parrott6").save_pretrained("runs/published")`` makes a folder that every
    command takes as ``run:runs/published``.

    Args:
        path: see :func:`emolens.models.loading.keras_heads.load_keras_head`.
        label_space: the space it was trained on; its order of labels must be that of the training.
        backbone: the CLIP whose embeddings it was trained on.
        device, precision: of the backbone.

    Raises:
        ConfigError: the label space or the backbone does not fit the head.
        WeightsError: the file is not a CLIP-E head, or the backbone's weights are not at hand.
    """
    module, space = load_keras_head(path), get_label_space(label_space)
    encoder = load_backbone(backbone, ComputeConfig(device, precision))
    width = module.img_fc1.in_features
    if width != encoder.embed_dim:
        raise ConfigError(f"{path}: takes embeddings of width {width}, but {backbone} gives {encoder.embed_dim}")
    head: Head
    if isinstance(module, CLIPECrossEntropy):
        if module.num_classes != len(space):
            raise ConfigError(f"{path}: has {module.num_classes} classes, but {space.name} has {len(space)} labels")
        head = CrossEntropyHead(module, space)
    else:
        head = TextHead(encoder, space, module, space)
    name = Path(path).stem
    config = describe(head, encoder, source={"keras": name, "sha256": sha256_file(path)})
    return ImagePredictor(name, encoder, head, config)
