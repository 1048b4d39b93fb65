"""A fine-tuned checkpoint as it is published: a file of tensors, which does not name its classes."""

from emolens.compute import ComputeConfig
from emolens.errors import ConfigError, WeightsError
from emolens.runs.config import RunConfig
from emolens.runs.models import ImageModel
from emolens.runs.readers.vit import KIND, load_vit, vit_model
from emolens.taxonomy import LabelSpace


def read_published(path: str, space: LabelSpace | None, compute: ComputeConfig | None = None) -> ImageModel:
    """A fine-tuned checkpoint of UniEmoX or MAE as a model.

    Args:
        path: ``.pth`` or ``.safetensors``.
        space: what its classes are. They are taken in alphabetical order: the release trains on torchvision's
            ImageFolder, which sorts the class folders.
        compute: where it runs, and in which numbers.

    Raises:
        ConfigError: no label space is given, or the weights are pretrained, without a classifier.
        WeightsError: the file is missing, or its number of classes is not that of the space.
    """
    backbone = load_vit(path, compute or ComputeConfig())
    if backbone.classifier is None:
        raise ConfigError(
            f"{path}: is a pretrained encoder without a classifier; train one on it (emolens train probe --backbone "
            f"uniemox:{path}, or emolens train uniemox_finetune), or evaluate knn:uniemox:{path}"
        )
    weight_CD, bias_C = backbone.classifier
    classes = len(weight_CD)
    if space is None:
        raise ConfigError(f"{path}: has {classes} classes without names; say --label-space (label_space=) of them")
    if classes != len(space):
        raise WeightsError(f"{path}: has {classes} classes, {space.name} has {len(space)} labels; name another space")
    folder_order = sorted(range(classes), key=lambda c: space.labels[c])
    place_C = [folder_order.index(c) for c in range(classes)]
    backbone.classifier = weight_CD[place_C], bias_C[place_C]
    config = RunConfig(KIND, label_space=space, preprocess=backbone.preprocess, model=backbone.sizes)
    return vit_model(backbone, config, path)
