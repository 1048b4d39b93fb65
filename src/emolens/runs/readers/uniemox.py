"""Encoders that UniEmoX has pretrained, which predict nothing yet."""

from pathlib import Path

from emolens.compute import ComputeConfig
from emolens.errors import ConfigError
from emolens.runs.config import RunConfig
from emolens.runs.models import ImageModel
from emolens.runs.registry import register_kind

KIND = "uniemox_pretrained"


@register_kind(KIND)
def read_uniemox(folder: Path, config: RunConfig, compute: ComputeConfig) -> ImageModel:
    """No model: says what to do with an encoder. As a backbone, ``uniemox:FOLDER`` loads it.

    Raises:
        ConfigError: always.
    """
    raise ConfigError(
        f"{folder}: is a pretrained encoder without a head; train one on it (emolens train "
        f"uniemox_finetune --encoder {folder}, or probe --backbone uniemox:{folder}), or evaluate knn:uniemox:{folder}"
    )
