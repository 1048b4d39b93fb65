"""Label spaces given on the command line: a name, or a file of one's own."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from emolens.errors import ConfigError, DataError
from emolens.names import did_you_mean
from emolens.taxonomy import LabelSpace, get_label_space, list_label_spaces, load_label_space
from emolens.taxonomy.registry import packaged_label_spaces


def resolve_space(name: str) -> LabelSpace:
    """A known space by its name, or one's own by the path of its ``.toml`` file.

    Raises:
        ConfigError: if no known space is called so.
        DataError: if the file is missing or does not describe a label space.
    """
    return load_label_space(name) if name.endswith(".toml") else get_label_space(name)


def own_spaces(space: LabelSpace) -> dict[str, Any]:
    """The metadata that carry a space of one's own along with the manifest; nothing for one that comes with
    emolens. A registered one travels too: it is not known wherever the manifest is read."""
    if packaged_label_spaces().get(space.name) == space:
        return {}
    return {"label_spaces": {space.name: space.as_dict()}}


def canonical_label(label: str, space: LabelSpace, where: str) -> str:
    """The label as the space writes it.

    Raises:
        DataError: if the space has no such label; the message starts with ``where``.
    """
    if space.find(label) is None:
        raise DataError(f'{where}: label "{label}" is not in {space.name}; {did_you_mean(label, space.labels)}')
    return space.canonical(label)


def matching_space(names: Sequence[str], what: str, source: Path) -> LabelSpace:
    """The one known space of exactly these labels, or else the one that has them all and more.

    Args:
        names: the labels, all different.
        what: what is called so, in the plural: "folders".
        source: where, for messages.

    Raises:
        ConfigError: if none fits, or several; the message names the nearest.
    """
    spaces = [get_label_space(name) for name in list_label_spaces()]
    fitting = [space for space in spaces if all(space.find(name) is not None for name in names)]
    whole = [space for space in fitting if len({space.find(name) for name in names}) == len(space)]
    for candidates in (whole, fitting):
        if len(candidates) == 1:
            return candidates[0]
    shown = ", ".join(names[:12]) + (f", ... ({len(names)} in all)" if len(names) > 12 else "")
    if fitting:
        multi_label = ", ".join(space.name for space in fitting)
        raise ConfigError(
            f"{source}: the {what} ({shown}) fit several label spaces; choose with --label-space: {multi_label}"
        )
    shared = {space.name: sum(space.find(name) is not None for name in names) for space in spaces}
    nearest = sorted(shared, key=lambda name: -shared[name])[:3]
    near = ", ".join(f"{name} ({shared[name]} of {len(names)} names)" for name in nearest if shared[name])
    raise ConfigError(
        f"{source}: the {what} ({shown}) are the labels of no known space"
        + (f"; nearest: {near}" if near else "")
        + ". Rename them, or describe your own space: --label-space FILE.toml"
    )
