"""Image models of torchvision, without their classifier.

Legend: B batch, C channels, H, W height and width, D embedding.
"""

from typing import Any

import torch
from torch import Tensor, nn

from emolens.compute import ComputeConfig
from emolens.errors import ConfigError
from emolens.models.backbones.base import Backbone, mean_and_max
from emolens.models.backbones.load import register_backbone
from emolens.models.loading.weights import load_into, read_state_dict
from emolens.models.preprocess import Preprocess
from emolens.names import did_you_mean
from emolens.weights.fetch import weights_file

# First parts of the names of what is cut off; a weights file may lack them, or hold other classes.
HEADS = ("classifier", "fc", "head", "heads", "AuxLogits", "aux1", "aux2")
POOLING = ("avgpool", *HEADS)  # the first of a model's children that is no longer part of its map
# They fold auxiliary heads, or a second normalisation of the input, into forward().
UNSUPPORTED = ("googlenet", "inception_v3")


class TorchvisionBackbone(Backbone):
    """A torchvision classifier cut before its head.

    Convolutional maps (B, C, H, W) are pooled by mean and by maximum, D = 2C; vision transformers and Swin keep their
    own pooling.
    """

    def __init__(self, spec: str, name: str, model: nn.Module, preprocess: Preprocess) -> None:
        super().__init__(spec, embed_dim=0, preprocess=preprocess)
        self.name = name
        self.model = _without_head(name, model).eval()
        with torch.inference_mode():
            self.embed_dim = self.features(torch.zeros(1, 3, *preprocess.crop)).shape[1]

    def features(self, batch: Tensor) -> Tensor:
        """(B, C, H, W) -> (B, D)."""
        found: Tensor = self.model(batch)
        return mean_and_max(found) if found.ndim == 4 else found

    def recipe(self) -> dict[str, Any]:
        return {**super().recipe(), "arch": self.name}


@register_backbone("torchvision", form="torchvision:NAME/PATH")
def load_torchvision(name: str, weights: str | None, compute: ComputeConfig) -> TorchvisionBackbone:
    """``torchvision:NAME/PATH``: a classification model of torchvision, from a file.

    Args:
        name: a name of ``torchvision.models.list_models(module=torchvision.models)``.
        weights: the path of a file, or the name of published weights. The classifier's tensors may be missing; all
            others must be there. A file that still has the name it was published under takes the preprocessing of that
            entry of the weights enum, any other the default entry's.

    Raises:
        ConfigError: unknown name, or no path.
        WeightsError: missing, or of another architecture.
    """
    spec = f"torchvision:{name}"
    return TorchvisionBackbone(spec, name, *classifier_and_preprocess(spec, name, weights, HEADS))


def classifier_and_preprocess(
    spec: str, name: str, weights: str | None, optional: tuple[str, ...]
) -> tuple[nn.Module, Preprocess]:
    """A classification model of torchvision with the weights of a file, and how it wants its pictures.

    Args:
        spec: for messages, without the path.
        name, weights: see :func:`load_torchvision`.
        optional: first parts of the names of tensors that the file may lack.

    Raises:
        ConfigError, WeightsError: as :func:`load_torchvision`.
    """
    from torchvision import models

    known = [known for known in models.list_models(module=models) if known not in UNSUPPORTED]
    if name not in known:
        raise ConfigError(f'backbone "{spec}": no torchvision model "{name}" is supported; {did_you_mean(name, known)}')
    if not weights:
        raise ConfigError(f'backbone "{spec}": a torchvision model needs its weights file: {spec}/PATH')
    path = weights_file(weights)
    state = read_state_dict(path)
    model = models.get_model(name, weights=None)
    load_into(model, state, f"{path} as {spec}", optional=optional)
    entries = models.get_model_weights(name)
    entry = next((entry for entry in entries if entry.url.endswith("/" + path.name)), entries.DEFAULT)
    return model, _preprocess(entry.transforms())


def _without_head(name: str, model: nn.Module) -> nn.Module:
    if name.startswith(("vit_", "swin")):  # their forward() does the pooling
        setattr(model, "heads" if name.startswith("vit_") else "head", nn.Identity())
        return model
    trunk = nn.Sequential()
    for child, module in model.named_children():
        if child in POOLING:
            break
        if isinstance(module, nn.ModuleList):  # MaxViT's blocks, run one after the other
            trunk.extend(module)
        else:
            trunk.add_module(child, module)
    if name.startswith("densenet"):  # its last activation is in forward(), not among the modules
        trunk.add_module("relu", nn.ReLU())
    return trunk


def _preprocess(transform: Any) -> Preprocess:
    """From a ``torchvision.transforms._presets.ImageClassification``; on PIL images its antialias flag has no say."""
    resize, crop = transform.resize_size[0], transform.crop_size[0]
    return Preprocess(
        resize=(resize, resize),
        crop=(crop, crop),
        mode="shortest",
        interpolation=transform.interpolation.value,
        mean=tuple(transform.mean),
        std=tuple(transform.std),
    )
