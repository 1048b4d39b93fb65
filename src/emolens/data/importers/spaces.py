"""Label spaces given on the command line: a name, or a file of one's own."""

from typing import Any

from emolens.taxonomy import LabelSpace, get_label_space, list_label_spaces, load_label_space


def resolve_space(name: str) -> LabelSpace:
    """A built-in space by its name, or one's own by the path of its ``.toml`` file.

    Raises:
        ConfigError: no built-in space is called so.
        DataError: the file is missing or does not describe a label space.
    """
    return load_label_space(name) if name.endswith(".toml") else get_label_space(name)


def own_spaces(space: LabelSpace) -> dict[str, Any]:
    """The metadata that carry a space of one's own along with the manifest; nothing for a built-in one."""
    if space.name in list_label_spaces() and get_label_space(space.name) == space:
        return {}
    return {"label_spaces": {space.name: space.as_dict()}}
