"""``model.safetensors``: the weights of a run, written whole or not at all."""

import os
import re

from safetensors import SafetensorError
from safetensors.torch import load_file, save_file
from torch import Tensor, nn

from emolens.errors import WeightsError
from emolens.files import atomic_path

WEIGHTS = "model.safetensors"


def save_weights(path: str | os.PathLike[str], tensors: dict[str, Tensor]) -> None:
    """Write tensors as safetensors, atomically.

    Raises:
        DataError: the disk is full or the place cannot be written.
    """
    with atomic_path(path) as temporary:
        try:
            save_file({name: tensor.detach().cpu().contiguous() for name, tensor in tensors.items()}, temporary)
        except SafetensorError as error:
            if (cause := re.search(r"os error (\d+)", str(error))) is None:
                raise
            raise OSError(int(cause[1]), os.strerror(int(cause[1]))) from error


def load_weights(path: str | os.PathLike[str], module: nn.Module) -> None:
    """Fill ``module`` from a safetensors file, every name and shape as expected.

    Raises:
        WeightsError: missing, damaged, or of another architecture; the message lists the keys.
    """
    try:
        tensors = load_file(path)
    except FileNotFoundError as error:
        raise WeightsError(f"{path}: no such file") from error
    except (OSError, SafetensorError) as error:
        raise WeightsError(f"{path}: is not a readable safetensors file ({error})") from error
    try:
        module.load_state_dict(tensors)
    except RuntimeError as error:
        raise WeightsError(f"{path}: is of another architecture; {' '.join(str(error).split())}") from error
