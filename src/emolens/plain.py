"""Frozen dataclasses as plain JSON values, and back."""

from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from typing import Any, TypeVar, get_type_hints

from emolens.errors import ConfigError
from emolens.names import did_you_mean

T = TypeVar("T")


def to_plain(value: Any) -> Any:
    """Dataclasses and mappings become dicts, tuples become lists, all else stays: fit for JSON if that is.

    >>> from dataclasses import make_dataclass
    >>> to_plain(make_dataclass("Size", ["sides"])((3, 4)))
    {'sides': [3, 4]}
    """
    if is_dataclass(value):
        return {field.name: to_plain(getattr(value, field.name)) for field in fields(value)}
    if isinstance(value, Mapping):
        return {name: to_plain(item) for name, item in value.items()}
    if isinstance(value, list | tuple):
        return [to_plain(item) for item in value]
    return value


def from_plain(kind: type[T], values: Mapping[str, Any], what: str) -> T:
    """The reverse of :func:`to_plain`: lists become tuples, and a dict in a field that is a dataclass becomes that one.

    Args:
        kind: the dataclass. Values that already are of their fields' kinds are taken as they are.
        values: its fields by name; those with a default may be missing.
        what: what messages call it; a nested one is called by its field.

    Raises:
        ConfigError: a field is unknown (the nearest is named), missing, or refused by the dataclass itself.
    """
    known = [field.name for field in fields(kind)]  # type: ignore[arg-type]  # no type says "a dataclass"
    if unknown := [name for name in values if name not in known]:
        raise ConfigError(f'{what}: no field "{unknown[0]}"; {did_you_mean(unknown[0], known)}')
    hints = get_type_hints(kind)

    def read(name: str, value: Any) -> Any:
        if isinstance(value, Mapping) and is_dataclass(inner := hints[name]) and isinstance(inner, type):
            return from_plain(inner, value, name)
        return _tuples(value)

    try:
        return kind(**{name: read(name, value) for name, value in values.items()})
    except TypeError as error:
        raise ConfigError(f"{what}: {error}") from error


def _tuples(value: Any) -> Any:
    return tuple(_tuples(item) for item in value) if isinstance(value, list) else value
