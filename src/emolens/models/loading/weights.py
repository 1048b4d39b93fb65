"""Weights: from a file or the Hugging Face hub into a module, never through a pickle that could run code."""

import warnings
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from emolens.errors import WeightsError, in_short

SUFFIXES = (".safetensors", ".pt", ".pth", ".bin")
PATIENCE_S = 5.0  # for the hub to answer at all, before saying that there is no network

State = dict[str, Tensor]


def read_state_dict(path: str | Path) -> State:
    """The tensors of a file, by name.

    Args:
        path: ``.safetensors``, or ``.pt``, ``.pth``, ``.bin`` read with ``weights_only=True``. Tensors under a
            key ``state_dict`` or ``model``, and names with ``module.`` before them (from DistributedDataParallel), are
            unwrapped.

    Raises:
        WeightsError: missing, of another kind, damaged, or a pickle that holds more than tensors.
    """
    path = Path(path).expanduser()
    if not path.is_file():
        raise WeightsError(f"{path}: no such weights file; give the path of a file of one of {', '.join(SUFFIXES)}")
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


def cached_hub_file(repository: str, names: Sequence[str]) -> Path | None:
    """The first of ``names`` that the local Hugging Face cache holds; asks no network."""
    from huggingface_hub import constants, try_to_load_from_cache

    for name in names:
        found = try_to_load_from_cache(repository, name, cache_dir=constants.HF_HUB_CACHE)
        if isinstance(found, str):
            return Path(found)
    return None


def hub_file(repository: str, names: Sequence[str], spec_form: str) -> Path:
    """A file of a Hugging Face repository, from the cache or else downloaded into it.

    Args:
        repository: "user/name".
        names: file names in order of preference.
        spec_form: how to write the specification with a local path instead, for the message.

    Raises:
        WeightsError: in neither place; says which file is wanted and where it may be put.
    """
    if (found := cached_hub_file(repository, names)) is not None:
        return found
    from huggingface_hub import constants, hf_hub_download
    from huggingface_hub.errors import EntryNotFoundError, LocalEntryNotFoundError

    reason = _unreachable()
    for name in names if reason is None else ():
        try:
            return Path(hf_hub_download(repository, name, cache_dir=constants.HF_HUB_CACHE))
        except (
            LocalEntryNotFoundError
        ) as error:  # a kind of EntryNotFoundError, yet it means that the network went away
            reason = _reason(error)
            break
        except EntryNotFoundError:
            reason = "the hub has no such file"
        except Exception as error:  # a proxy, a gated repository, a full disk: each has its own class
            reason = _reason(error)
            break
    raise WeightsError(
        f"weights {names[0]} of huggingface.co/{repository} are not in {constants.HF_HUB_CACHE} "
        f"and cannot be fetched ({reason}).\n"
        f'Fetch it where there is a network: "hf download {repository} {names[0]}", copy that cache folder here '
        f"(or set HF_HUB_CACHE), or give the file's own path: {spec_form}"
    )


def _unreachable() -> str | None:
    """Why the hub does not answer, or None. One request: the client itself would try for most of a minute."""
    from huggingface_hub import constants, get_session

    try:
        get_session().head(constants.ENDPOINT, timeout=PATIENCE_S)
    except Exception as error:
        return _reason(error)
    return None


def _reason(error: Exception) -> str:
    text = str(error)
    if "TorchScript" in text:
        return "it is a TorchScript archive, which holds code; convert it to .safetensors"
    if "weights_only" in text:
        return "it is a pickle of more than tensors, which could run code; convert it to .safetensors"
    return in_short(error)
