"""The label spaces that come with emolens, and those that a user adds: a TOML file each."""

import tomllib
from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from os import PathLike
from pathlib import Path
from typing import Any

from emolens.errors import ConfigError, DataError
from emolens.files import read_toml
from emolens.names import did_you_mean
from emolens.taxonomy.label_space import LabelSpace


def load_label_space(path: str | PathLike[str]) -> LabelSpace:
    """Read a label space from a TOML file; its name is the file's, unless it states one.

    Raises:
        DataError: if it is missing, not TOML, or not a label space.
    """
    path = Path(path)
    table = read_toml(path)
    try:
        return LabelSpace.from_dict({"name": path.stem} | table)
    except DataError as error:
        raise DataError(f"{path}: {error}") from error


_REGISTERED: dict[str, LabelSpace] = {}


def register_label_space(source: str | PathLike[str] | Mapping[str, Any] | LabelSpace) -> LabelSpace:
    """Make a label space known by its name, in this process, as those of emolens are.

    Args:
        source: a TOML file (:func:`load_label_space`), the same as a dict (:meth:`LabelSpace.from_dict`), or the space.

    Returns:
        The space.

    Raises:
        ConfigError: if a label space that comes with emolens is called so.
        DataError: if it is not a label space.
    """
    if isinstance(source, Mapping):
        source = LabelSpace.from_dict(source)
    space = source if isinstance(source, LabelSpace) else load_label_space(source)
    key = space.name.strip().lower()
    if key in packaged_label_spaces():
        raise ConfigError(f"emolens comes with a label space {space.name}; give yours another name")
    _REGISTERED[key] = space
    return space


@cache
def packaged_label_spaces() -> Mapping[str, LabelSpace]:
    """The label spaces that come with emolens, by name, sorted; they are the same wherever a manifest is read."""
    folder = files("emolens.taxonomy") / "spaces"
    names = sorted(entry.name[:-5] for entry in folder.iterdir() if entry.name.endswith(".toml"))
    tables = {name: tomllib.loads((folder / f"{name}.toml").read_text(encoding="utf-8")) for name in names}
    return {name: LabelSpace.from_dict({"name": name} | table) for name, table in tables.items()}


def list_label_spaces() -> list[str]:
    """Names of the label spaces that are known, sorted: those of emolens, and those that were registered."""
    return sorted({*packaged_label_spaces(), *_REGISTERED})


def get_label_space(name: str | LabelSpace) -> LabelSpace:
    """The label space of that name; a LabelSpace is passed through.

    Raises:
        ConfigError: if there is no such space; the message names the nearest ones.
    """
    if isinstance(name, LabelSpace):
        return name
    key = name.strip().lower()
    space = packaged_label_spaces().get(key) or _REGISTERED.get(key)
    if space is None:
        raise ConfigError(f'unknown label space "{name}"; {did_you_mean(key, list_label_spaces())}')
    return space
