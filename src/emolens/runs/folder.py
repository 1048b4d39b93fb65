"""A run folder: ``config.json``, ``model.safetensors`` and a model card, written last to first.

A saved model and a repository of the Hugging Face hub are the same three files, so whatever reads one reads the others.
"""

from collections.abc import Mapping
from pathlib import Path

from torch import Tensor

from emolens.errors import DataError
from emolens.files import read_json, write_json, write_text
from emolens.models.loading.safetensors_file import WEIGHTS, save_weights
from emolens.runs.card import model_card
from emolens.runs.config import RunConfig

CONFIG = "config.json"
CARD = "README.md"


def read_config(folder: Path) -> RunConfig:
    """What the model in a folder is.

    Raises:
        DataError: not such a folder, one whose training has not finished, or one of a newer emolens; or a field of its
            ``config.json`` is missing or malformed.
    """
    if not folder.is_dir():
        raise DataError(f"{folder}: no such run folder")
    path = folder / CONFIG
    if not path.exists():
        unfinished = any((folder / name).exists() for name in ("checkpoints", "checkpoint.pt", "log.csv", WEIGHTS))
        hint = (
            "its training did not finish; run the same emolens train command with --resume"
            if unfinished
            else f"it has no {CONFIG}, so it is not a run folder"
        )
        raise DataError(f"{folder}: {hint}")
    return RunConfig.from_dict(read_json(path), str(path))


def write_run(folder: Path, config: RunConfig, tensors: Mapping[str, Tensor], name: str | None = None) -> None:
    """Write weights, model card and, last, ``config.json``, whose presence says that the rest is there.

    Args:
        folder: made if need be.
        config: what the model is.
        tensors: its weights, by the names that its reader expects.
        name: title of the card; ``run:FOLDER`` by default.

    Raises:
        DataError: the disk is full or the place cannot be written.
    """
    save_weights(folder / WEIGHTS, dict(tensors))
    write_text(folder / CARD, model_card(name or f"run:{folder.name}", config))
    write_json(folder / CONFIG, config.to_dict())
