"""Weights that torchvision publishes: from its own cache, or else downloaded into it."""

import re
import sys
from pathlib import Path
from typing import Any

import torch

from emolens.errors import WeightsError
from emolens.models.loading.weights import State, read_state_dict


def torchvision_state(entry: Any, name: str) -> State:
    """The tensors of an entry of a weights enum.

    torchvision's own loader would take any pickle that lies in the cache; this one takes tensors alone.

    Args:
        entry: has a ``url``, such as ``Swin3D_T_Weights.KINETICS400_V1``. A hash in the file's name is checked.
        name: what the configuration calls it, for the message.

    Raises:
        WeightsError: in neither place, or damaged; says where the file can be had and where it may be put.
    """
    path = Path(torch.hub.get_dir()) / "checkpoints" / entry.url.rsplit("/", 1)[1]
    if not path.is_file():
        stated = re.search(r"-([a-f0-9]{8,})\.", path.name)
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            torch.hub.download_url_to_file(entry.url, str(path), stated and stated[1], progress=sys.stderr.isatty())
        except Exception as error:  # no network, a proxy, a full disk, another hash: each has its own class
            raise WeightsError(
                f'weights "{name}" cannot be fetched ({error}).\n'
                f"Fetch {entry.url} where there is a network, and put it at {path} or give its path as video.weights"
            ) from error
    return read_state_dict(path)
