"""The published CLIP-E heads: Keras ``.hdf5`` weights with layers img_fc1, img_fc2, preds.

Read with h5py alone: no TensorFlow, no pickle. Keras stores a kernel as (inputs, outputs); PyTorch wants
its transpose.
"""

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from emolens.errors import ConfigError, WeightsError
from emolens.models.clip_e import CLIPEContrastive, CLIPECrossEntropy

LAYERS = ("img_fc1", "img_fc2", "preds")


def load_keras_head(path: str | os.PathLike[str]) -> CLIPECrossEntropy | CLIPEContrastive:
    """Read a published head; its layers tell which of the two it is.

    Args:
        path: a Keras weights or whole-model file (``.hdf5`` or ``.h5``).

    Returns:
        The head in evaluation mode, float32, widths as in the file.

    Raises:
        ConfigError: h5py is not installed.
        WeightsError: not such a file, layers missing, or widths that do not fit each other.
    """
    weights = _read(Path(path))
    if "img_fc1.weight" not in weights or not {"preds.weight", "img_fc2.weight"} & weights.keys():
        found = ", ".join(sorted(weights)) or "none"
        raise WeightsError(f"{path}: not a CLIP-E head; wanted img_fc1 and preds or img_fc2, found {found}")
    embed_dim = weights["img_fc1.weight"].shape[1]
    head: CLIPECrossEntropy | CLIPEContrastive
    if "preds.weight" in weights:
        units = weights["preds.weight"].shape[0]
        head = CLIPECrossEntropy(2 if units == 1 else units, embed_dim)
    else:
        head = CLIPEContrastive(embed_dim)
    try:
        head.load_state_dict(weights)
    except RuntimeError as error:
        raise WeightsError(f"{path}: does not fit a CLIP-E head ({error})") from error
    return head.eval()


def _read(path: Path) -> dict[str, Tensor]:
    try:
        import h5py
    except ImportError as error:
        raise ConfigError("Keras heads need h5py: pip install 'emolens[keras]'") from error
    if not path.is_file():
        raise WeightsError(f"{path}: no such file")
    weights = {}
    try:
        with h5py.File(path, "r") as stored:
            for name, dataset in _datasets(stored):
                layer = next((part for part in name.split("/") if part in LAYERS), None)
                kind = name.rsplit("/", 1)[-1].split(":")[0]
                if layer is None or kind not in ("kernel", "bias") or "optimizer" in name:
                    continue
                value = torch.from_numpy(np.ascontiguousarray(np.array(dataset, dtype=np.float32).T))
                weights[f"{layer}.{'weight' if kind == 'kernel' else 'bias'}"] = value
    except OSError as error:
        raise WeightsError(f"{path}: is not a readable HDF5 file ({error})") from error
    return weights


def _datasets(group: Any, prefix: str = "") -> Iterator[tuple[str, Any]]:
    import h5py

    for name in group:
        if not isinstance(group.get(name, getlink=True), h5py.HardLink):
            continue  # a link could lead to another file on this machine
        item = group[name]
        if hasattr(item, "items"):
            yield from _datasets(item, f"{prefix}{name}/")
        else:
            yield f"{prefix}{name}", item
