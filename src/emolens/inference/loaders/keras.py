"""``keras:FILE[@BACKBONE]``: a published CLIP-E head (Keras ``.hdf5``) on its frozen CLIP."""

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

BACKBONE = "ViT-B-32/openai"  # what the published heads were trained on
WEBEMO = {2: "polarity2", 6: "parrott6", 25: "parrott25"}  # classes of the published heads -> label space


@register_model("keras", "keras:FILE[@BACKBONE]")
def load_keras(request: LoadRequest) -> ImagePredictor:
    """The published head; ``save_pretrained`` makes a run folder of it.

    Its own label space is ``label_space`` if that has as many labels as the head has classes; else that of WEBEmo with
    so many classes. The order of labels must be that of the training.

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
        own = request.label_space or get_label_space("parrott6")
        head = TextHead(backbone, own, module, own)
    facts = {"keras": path.name, "sha256": sha256_file(path)}
    config = RunConfig(head.kind, label_space=head.own_label_space, source=facts)
    return ImagePredictor(path.stem, ImageModel(backbone, head, config), request.cache)


def _own_space(path: Path, classes: int, wanted: LabelSpace | None) -> LabelSpace:
    if wanted is not None and len(wanted) == classes:
        return wanted
    if classes not in WEBEMO:
        has = f", but {wanted.name} has {len(wanted)} labels" if wanted is not None else ""
        raise ConfigError(f"{path}: has {classes} classes{has}; name their label space (--label-space, label_space=)")
    return get_label_space(WEBEMO[classes])
