"""Audio-visual networks.

``config.json`` holds the sizes as ``model`` (:meth:`emolens.models.av_cpnet.AVCPNetConfig.to_dict`), and as ``video``
how a file becomes the network's input.
"""

from pathlib import Path

from emolens.compute import ComputeConfig
from emolens.errors import ConfigError, DataError, WeightsError
from emolens.models.av_cpnet import AVCPNet, AVCPNetConfig
from emolens.models.loading.safetensors_file import WEIGHTS, load_weights
from emolens.runs.config import RunConfig
from emolens.runs.folder import CONFIG
from emolens.runs.models import AVModel
from emolens.runs.registry import register_kind

KIND = "av_cpnet"


@register_kind(KIND)
def read_av(folder: Path, config: RunConfig, compute: ComputeConfig) -> AVModel:
    """A network that predicts from the sound and pictures of videos, or by one of them."""
    for name in ("video", "model", "label_space"):
        if getattr(config, name) is None:
            raise DataError(f"{folder / CONFIG}: field '{name}' is missing; train again")
    assert config.model is not None
    assert config.label_space is not None
    try:
        net = AVCPNet(AVCPNetConfig.from_dict(config.model), pretrained=False)
    except (TypeError, ConfigError) as error:
        raise DataError(f"{folder / CONFIG}: field 'model' is malformed ({error}); train again") from error
    if net.config.classes != len(config.label_space):
        space = config.label_space
        raise WeightsError(f"{folder}: {net.config.classes} classes, but {space.name} has {len(space)} labels")
    load_weights(folder / WEIGHTS, net)
    return AVModel(net, config, compute)
