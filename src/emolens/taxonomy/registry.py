"""The label spaces that come with emolens, and those in a TOML file of one's own."""

import tomllib
from functools import cache
from importlib.resources import files
from os import PathLike
from pathlib import Path

from emolens.errors import ConfigError, DataError
from emolens.names import did_you_mean
from emolens.taxonomy.label_space import LabelSpace


def load_label_space(path: str | PathLike[str]) -> LabelSpace:
    """Read a label space from a TOML file; its name is the file's, unless it states one.

    Raises:
        DataError: missing, not TOML, or not a label space.
    """
    path = Path(path)
    try:
        table = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise DataError(f"{path}: cannot be read ({error.strerror})") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise DataError(f"{path}: is not TOML ({error})") from error
    try:
        return LabelSpace.from_dict({"name": path.stem} | table)
    except DataError as error:
        raise DataError(f"{path}: {error}") from error


@cache
def list_label_spaces() -> list[str]:
    """Names of the label spaces that come with emolens, sorted."""
    folder = files("emolens.taxonomy") / "spaces"
    return sorted(entry.name.removesuffix(".toml") for entry in folder.iterdir() if entry.name.endswith(".toml"))


@cache
def _packaged(name: str) -> LabelSpace:
    table = tomllib.loads((files("emolens.taxonomy") / "spaces" / f"{name}.toml").read_text(encoding="utf-8"))
    return LabelSpace.from_dict({"name": name} | table)


def get_label_space(name: str | LabelSpace) -> LabelSpace:
    """The label space of that name; a LabelSpace is passed through.

    Raises:
        ConfigError: no such space; the message names the nearest ones.
    """
    if isinstance(name, LabelSpace):
        return name
    key = name.strip().lower()
    if key not in list_label_spaces():
        raise ConfigError(f'unknown label space "{name}"; {did_you_mean(key, list_label_spaces())}')
    return _packaged(key)
