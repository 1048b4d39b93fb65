"""``keras:FILE[@BACKBONE]``: a published CLIP-E head (Keras ``.hdf5``) on its frozen CLIP."""

from dataclasses import replace
from pathlib import Path

from emolens.errors import ConfigError
from emolens.files import sha256_file
from emolens.heads.base import Head
from emolens.heads.clip_e import CrossEntropyHead
from emolens.heads.text import TextHead
from emolens.inference.image_predictor import ImagePredictor
from emolens.inference.registry import LoadRequest, register_model
from emolens.models.backbones.load import load_backbone
from emolens.models.clip_e import CLIPECrossEntropy
from emolens.models.loading.keras_heads import load_keras_head
from emolens.runs.config import RunConfig
from emolens.runs.models import ImageModel
from emolens.taxonomy import LabelSpace, get_label_space
from emolens.weights.fetch import weights_file
from emolens.weights.table import list_weights, weights_entry

BACKBONE = "ViT-B-32/openai"  # what the published heads were trained on
AGAINST_TEXT = "clip_e_contrastive"  # in the table of weights, as are the others of its family


@register_model("keras", "keras:FILE[@BACKBONE]")
def load_keras(request: LoadRequest) -> ImagePredictor:
    """The published head; ``save_pretrained`` makes a run folder of it.

    With cross-entropy its own label space is ``label_space`` if that has as many labels as the head has classes; else
    that of the published head with so many. The order of labels must be that of the training.

    The head against text is asked with the prompts of its training, two of whose 25 labels are misspelt
    ("cheerfullness", "irritabilty"), in every label space that has these. The release takes the softmax of the bare
    cosine; emolens that of cosine / 0.075, the temperature of the training: the same first label, scores that are
    further apart.

    Raises:
        ConfigError: if neither fits the head, or the backbone is of another width.
        WeightsError: if the file is no CLIP-E head, or the backbone's weights are missing.
    """
    path = weights_file(request.spec.rest)
    module = load_keras_head(path)
    backbone = load_backbone(request.spec.at or BACKBONE, request.compute)
    width = module.img_fc1.in_features
    if width != backbone.embed_dim:
        raise ConfigError(
            f"{path}: takes embeddings of width {width}, but {backbone.spec} gives {backbone.embed_dim}; "
            f"name its backbone: keras:{path}@BACKBONE"
        )
    head: Head
    if isinstance(module, CLIPECrossEntropy):
        head = CrossEntropyHead(module, _own_space(path, module.num_classes, request.label_space))
        if request.label_space is not None:
            head = head.retarget(request.label_space)
    else:
        own = _as_trained()
        head = TextHead(backbone, request.label_space or own, module, own)
    facts = {"keras": path.name, "sha256": sha256_file(path)}
    config = RunConfig(head.kind, label_space=head.own_label_space, source=facts)
    return ImagePredictor(path.stem, ImageModel(backbone, head, config), request.cache)


def _as_trained() -> LabelSpace:
    """The label space whose prompts the published head against text was trained on, spelt as they were."""
    entry = weights_entry(AGAINST_TEXT)
    assert entry.label_space is not None
    return replace(get_label_space(entry.label_space), spelling=dict(entry.spelling))


def _own_space(path: Path, classes: int, wanted: LabelSpace | None) -> LabelSpace:
    if wanted is not None and len(wanted) == classes:
        return wanted
    family = weights_entry(AGAINST_TEXT).family
    names = {entry.label_space for entry in list_weights() if entry.family == family and entry.label_space is not None}
    for space in map(get_label_space, names):
        if len(space) == classes:
            return space
    has = f", but {wanted.name} has {len(wanted)} labels" if wanted is not None else ""
    raise ConfigError(f"{path}: has {classes} classes{has}; name their label space (--label-space, label_space=)")
