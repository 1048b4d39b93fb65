"""Image models of timm, without their classifier.

Legend: B batch, C channels, H, W height and width, D embedding, L tokens.
"""

import sys
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from emolens.compute import ComputeConfig
from emolens.errors import ConfigError, WeightsError
from emolens.models.backbones.base import Backbone, mean_and_max
from emolens.models.backbones.load import register_backbone
from emolens.models.loading.weights import load_into, read_state_dict
from emolens.models.preprocess import Preprocess
from emolens.names import did_you_mean
from emolens.weights.hub import hub_file

HUB_FILES = ("model.safetensors", "pytorch_model.bin")
MODES = {"center": "shortest", "squash": "squash", "border": "longest"}  # timm's words for how to reach the size


class TimmBackbone(Backbone):
    """A timm model cut before its classifier.

    Convolutional maps (B, C, H, W) are pooled by mean and by maximum, D = 2C. Models of tokens, and maps with the
    channels last, go through the pooling that they were trained with.
    """

    def __init__(self, spec: str, name: str, model: nn.Module, preprocess: Preprocess) -> None:
        super().__init__(spec, embed_dim=0, preprocess=preprocess)
        self.name = name
        self.model = model.eval()
        with torch.inference_mode():  # one black picture: no table of timm says D for every family of models
            self.embed_dim = self.features(torch.zeros(1, 3, *preprocess.crop)).shape[1]

    def features(self, batch: Tensor) -> Tensor:
        """(B, C, H, W) -> (B, D)."""
        model: Any = self.model
        found: Tensor = model.forward_features(batch)
        if found.ndim == 4 and getattr(model, "output_fmt", "NCHW") == "NCHW":
            return mean_and_max(found)
        pooled: Tensor = model.forward_head(found, pre_logits=True)
        return pooled

    def recipe(self) -> dict[str, Any]:
        return {**super().recipe(), "arch": self.name}


@register_backbone("timm", form="timm:NAME[/PATH]")
def load_timm(name: str, weights: str | None, compute: ComputeConfig) -> TimmBackbone:
    """``timm:NAME[/PATH]``: an image model of timm that gives maps or tokens.

    Args:
        name: a name that timm knows, with or without the tag of its weights (``resnet18.a1_in1k``). The tag decides the
            preprocessing, for a path too.
        weights: the path of a file, or None for the weights of the tag, from the Hugging Face cache or hub.

    Raises:
        ConfigError: unknown name.
        WeightsError: missing, damaged, or of another architecture.
    """
    import timm

    try:
        model = timm.create_model(name, pretrained=False, num_classes=0)
    except (RuntimeError, ValueError, AttributeError) as error:
        known = timm.list_models() if "." not in name else timm.list_models(pretrained=True)
        raise ConfigError(f'backbone "timm:{name}": timm has no model "{name}"; {did_you_mean(name, known)}') from error
    config: dict[str, Any] = model.pretrained_cfg or {}
    path = Path(weights).expanduser() if weights else _tag_file(config, name)
    state = read_state_dict(path)
    # Some families publish an older layout, which a function beside the model brings up to date.
    update = getattr(sys.modules[type(model).__module__], "checkpoint_filter_fn", None)
    if update is not None:
        state = update(state, model)
    load_into(model, state, f"{path} as timm:{name}", optional=_classifiers(config))
    return TimmBackbone(f"timm:{name}", name, model, _preprocess(model))


def _tag_file(config: dict[str, Any], name: str) -> Path:
    repository = config.get("hf_hub_id")
    if not repository:
        raise WeightsError(f"timm:{name} has no published weights; give the path of a file: timm:{name}/PATH")
    file = config.get("hf_hub_filename")
    return hub_file(repository, (file,) if file else HUB_FILES, f"timm:{name}/PATH")


def _classifiers(config: dict[str, Any]) -> tuple[str, ...]:
    names = config.get("classifier") or ()
    return (names,) if isinstance(names, str) else tuple(names)


def _preprocess(model: nn.Module) -> Preprocess:
    from timm.data import resolve_data_config

    config = resolve_data_config({}, model=model)
    _, h, w = config["input_size"]
    mean = tuple(config["mean"])
    # timm scales to size / crop_pct, rounded down, then cuts the size out
    resize = int(h / config["crop_pct"]), int(w / config["crop_pct"])
    red, green, blue = (round(255 * value) for value in mean)
    return Preprocess(
        resize=resize,
        crop=(h, w),
        mode=MODES[config["crop_mode"]],  # type: ignore[arg-type]
        interpolation=config["interpolation"],
        mean=mean,
        std=tuple(config["std"]),
        fill=(red, green, blue) if config["crop_mode"] == "border" else (0, 0, 0),
    )
