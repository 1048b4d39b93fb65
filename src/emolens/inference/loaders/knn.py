"""``knn:BACKBONE[@MANIFEST]``: the nearest neighbours of a frozen backbone in the training split of a manifest."""

from emolens.data.manifest import Manifest
from emolens.errors import ConfigError
from emolens.inference.fitted import knn_predictor
from emolens.inference.image_predictor import ImagePredictor
from emolens.inference.registry import LoadRequest, register_model
from emolens.models.backbones.load import load_backbone


@register_model("knn", "knn:BACKBONE[@MANIFEST]")
def load_knn(request: LoadRequest) -> ImagePredictor:
    """No training: the pictures of the split "train" vote.

    Raises:
        ConfigError: if no manifest is named, and none is given.
        DataError: if there is no such split, or nothing rated in it.
    """
    at = request.spec.at
    manifest = Manifest.read(at) if at is not None else request.data
    if manifest is None:
        raise ConfigError(
            f'model "{request.spec.text}": needs pictures with known labels; name a manifest with a split "train": '
            f"{request.spec.text}@MANIFEST.parquet"
        )
    backbone = load_backbone(request.spec.rest, request.compute)
    predictor = knn_predictor(backbone, manifest, request.compute, request.cache)
    return predictor if request.label_space is None else predictor.retarget(request.label_space)
