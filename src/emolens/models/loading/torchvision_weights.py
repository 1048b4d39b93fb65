"""Weights that torchvision publishes: from its own cache, or else downloaded into it."""

from typing import Any

from emolens.downloads import download, hash_in_name
from emolens.models.loading.weights import State, read_state_dict
from emolens.weights.entry import torch_checkpoints


def torchvision_state(entry: Any, name: str, option: str) -> State:
    """The tensors of an entry of a weights enum.

    torchvision's own loader would take any pickle that lies in the cache; this one takes tensors alone.

    Args:
        entry: has a ``url``, such as ``Swin3D_T_Weights.KINETICS400_V1``. A hash in the file's name is checked.
        name: what the configuration calls it, for the message.
        option: the flag that takes the path of a file instead, for the message.

    Raises:
        WeightsError: in neither place, or damaged; says where the file can be had and where it may be put.
    """
    path = torch_checkpoints() / entry.url.rsplit("/", 1)[1]
    if not path.is_file():
        download(entry.url, path, f'weights "{name}"', f"give its path as {option}", hash_in_name(path.name))
    return read_state_dict(path)
