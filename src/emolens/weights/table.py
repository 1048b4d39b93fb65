"""The table of published weights: every ``*.toml`` of this folder is a family.

A key of ``[common]`` holds for each entry of its family that does not state it.
"""

import tomllib
from collections.abc import Mapping
from functools import cache
from importlib.resources import files

from emolens.errors import ConfigError
from emolens.names import did_you_mean
from emolens.weights.entry import WeightsEntry


@cache
def weights_table() -> Mapping[str, WeightsEntry]:
    """Every entry by name: families in alphabetical order, entries as their file has them."""
    found: dict[str, WeightsEntry] = {}
    for path in sorted(files("emolens.weights").iterdir(), key=lambda path: path.name):
        if path.name.endswith(".toml"):
            table = tomllib.loads(path.read_text(encoding="utf-8"))
            for name, facts in table["weights"].items():
                if name in found:
                    raise ConfigError(f"weights {name}: stated twice, in {found[name].family} and {path.name}")
                found[name] = WeightsEntry.from_dict(name, path.name[:-5], table.get("common", {}) | facts)
    return found


def list_weights() -> list[WeightsEntry]:
    """Every published checkpoint that is known."""
    return list(weights_table().values())


def weights_entry(name: str) -> WeightsEntry:
    """The facts of one checkpoint.

    Raises:
        ConfigError: there is none of that name; the message names the nearest ones.

    Examples:
        >>> weights_entry("mae_vit_large").licence
        'CC-BY-NC-4.0'
    """
    if name not in weights_table():
        raise ConfigError(f'no published weights are called "{name}"; {did_you_mean(name, weights_table())}')
    return weights_table()[name]
