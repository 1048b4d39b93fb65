"""TOML that users write: read, and held against the dataclass that it fills."""

import tomllib
from collections.abc import Mapping
from dataclasses import fields
from pathlib import Path
from types import NoneType, UnionType
from typing import Any, Literal, get_args, get_origin, get_type_hints

from emolens.errors import ConfigError

WORDS: dict[Any, str] = {
    str: "a text",
    bool: "true or false",
    int: "a whole number",
    float: "a number",
    tuple: "a list",
    Mapping: "a table",
}


def read_toml_text(path: Path) -> str:
    """The text of a TOML file.

    Raises:
        ConfigError: missing, or not readable.
    """
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"{path}: cannot be read ({getattr(error, 'strerror', None) or error})") from error


def parse_toml(text: str, what: str) -> dict[str, Any]:
    """TOML as a dict; ``what`` opens the message.

    Raises:
        ConfigError: not TOML.
    """
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise ConfigError(f"{what}: is not TOML ({error})") from error


def check_types(value: Any, what: str) -> None:
    """Are the fields of a dataclass that was read from a file of the kinds that they are declared as?

    Args:
        value: the dataclass; its fields are texts, numbers, truth values, tables, lists of one of these, or choices.
        what: opens the message.

    Raises:
        ConfigError: one is not; the message names it.
    """
    hints = get_type_hints(type(value))
    for name in (field.name for field in fields(value)):
        if not _fits(given := getattr(value, name), hints[name]):
            raise ConfigError(f"{what}: {name} is {given!r}; it must be {_words(hints[name])}")


def _fits(given: Any, hint: Any) -> bool:
    origin = get_origin(hint)
    if origin is Literal:
        return given in get_args(hint)
    if origin is UnionType:
        return any(_fits(given, part) for part in get_args(hint))
    if origin is tuple:
        return isinstance(given, tuple) and all(_fits(item, get_args(hint)[0]) for item in given)
    if hint is float or hint is int:
        return isinstance(given, (int, float) if hint is float else int) and not isinstance(given, bool)
    return hint is Any or isinstance(given, origin or hint)


def _words(hint: Any) -> str:
    origin = get_origin(hint)
    if origin is Literal:
        return f"one of {', '.join(map(str, get_args(hint)))}"
    if origin is UnionType:
        return " or ".join(_words(part) for part in get_args(hint) if part is not NoneType)
    if origin is tuple and get_args(hint)[0] in WORDS:
        return f"a list, each {WORDS[get_args(hint)[0]]}"
    return WORDS.get(origin or hint, str(hint))
