"""Weights: from a file or the Hugging Face hub into a module, never through a pickle that could run code."""

import warnings
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from emolens.errors import WeightsError, in_short
from emolens.weights.fetch import weights_file

SUFFIXES = (".safetensors", ".pt", ".pth", ".bin")

State = dict[str, Tensor]


def read_state_dict(path: str | Path) -> State:
    """The tensors of a file, by name.

    Args:
        path: a file, or the name of published weights (:func:`emolens.weights.weights_file`).
            ``.safetensors``, or ``.pt``, ``.pth``, ``.bin`` read with ``weights_only=True``. Tensors under a
            key ``state_dict`` or ``model``, and names with ``module.`` before them (from DistributedDataParallel), are
            unwrapped.

    Raises:
        WeightsError: missing, of another kind, damaged, or a pickle that holds more than tensors.
    """
    path = weights_file(path)
    if path.suffix not in SUFFIXES:
        raise WeightsError(f'{path}: weights of kind "{path.suffix}" are not read; use one of {", ".join(SUFFIXES)}')
    try:
        if path.suffix == ".safetensors":
            from safetensors.torch import load_file

            state: Any = load_file(path)
        else:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")  # torch tells at length how to load what is refused here
                state = torch.load(path, map_location="cpu", weights_only=True)
    except Exception as error:  # each of the two readers has half a dozen kinds, some of them bare RuntimeErrors
        raise WeightsError(f"{path}: cannot be read as weights ({_reason(error)})") from error
    for wrapper in ("state_dict", "model"):
        if isinstance(state, Mapping) and isinstance(state.get(wrapper), Mapping):
            state = state[wrapper]
    if not isinstance(state, Mapping) or not state or not all(isinstance(value, Tensor) for value in state.values()):
        raise WeightsError(f"{path}: holds no table of tensors by name; is it a whole training checkpoint?")
    if all(name.startswith("module.") for name in state):
        return {name.removeprefix("module."): value for name, value in state.items()}
    return dict(state)


def load_into(module: nn.Module, state: Mapping[str, Tensor], source: str, optional: Sequence[str] = ()) -> None:
    """Copy ``state`` into ``module``; every name and shape must fit.

    Args:
        source: what the message calls the weights, usually their path and the architecture.
        optional: first parts of names ("classifier", "fc") that may be missing, or be too many, or differ in shape.

    Raises:
        WeightsError: names missing, unknown or of other shapes, with a few of each.
    """
    own = module.state_dict()
    given = {name: value for name, value in state.items() if not _under(name, optional) or _fits(name, value, own)}
    problems = []
    missing = [name for name in own if name not in given and not _under(name, optional)]
    unknown = [name for name in given if name not in own]
    differing = [
        f"{name} {list(given[name].shape)} for {list(value.shape)}"
        for name, value in own.items()
        if name in given and given[name].shape != value.shape
    ]
    for what, names in (("missing", missing), ("unknown", unknown), ("another shape", differing)):
        if names:
            problems.append(f"{what} ({len(names)}): {', '.join(names[:4])}{', ...' if len(names) > 4 else ''}")
    if problems:
        raise WeightsError(f"{source}: weights of another architecture; {'; '.join(problems)}")
    module.load_state_dict(given, strict=False)


def _under(name: str, prefixes: Sequence[str]) -> bool:
    return any(name == prefix or name.startswith(prefix + ".") for prefix in prefixes)


def _fits(name: str, value: Tensor, own: Mapping[str, Tensor]) -> bool:
    return name in own and own[name].shape == value.shape


def _reason(error: Exception) -> str:
    text = str(error)
    if "TorchScript" in text:
        return "it is a TorchScript archive, which holds code; convert it to .safetensors"
    if "weights_only" in text:
        return "it is a pickle of more than tensors, which could run code; convert it to .safetensors"
    return in_short(error)
