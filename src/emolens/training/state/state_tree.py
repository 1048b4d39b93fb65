"""Nested state as named tensors and JSON, and back: no pickle is needed to keep it."""

from collections.abc import Mapping
from typing import Any

from torch import Tensor


def take_apart(value: Any, name: str = "") -> tuple[Any, dict[str, Tensor]]:
    """What JSON can hold, with names in place of tensors; and the tensors, by these names.

    Args:
        value: dicts with keys of text or whole numbers, lists, tuples, tensors, and what JSON knows.
        name: of the value; tensors in a dict are called ``name/key``.

    Raises:
        TypeError: something else is in it.
    """
    match value:
        case Tensor():
            return {"tensor": name}, {name: value}
        case Mapping():
            kind, items = "dict", list(value.items())
        case list() | tuple():
            kind, items = type(value).__name__, list(enumerate(value))
        case None | bool() | int() | float() | str():
            return value, {}
        case _:
            raise TypeError(f"{name or 'state'}: {type(value).__name__} cannot be kept")
    parts: list[Any] = []
    tensors: dict[str, Tensor] = {}
    for key, item in items:
        part, inner = take_apart(item, f"{name}/{key}" if name else str(key))
        parts.append([key, part])
        tensors |= inner
    return {kind: parts}, tensors


def put_together(tree: Any, tensors: Mapping[str, Tensor]) -> Any:
    """The state that :func:`take_apart` took apart; a tensor that is not given is left out of its dict.

    Raises:
        ValueError: it is not such a tree.
    """
    if not isinstance(tree, dict):
        return tree
    match tree:
        case {"tensor": str(name)}:
            return tensors[name]
        case {"dict": list(parts)}:
            kept = [(key, part) for key, part in parts if not _is_absent(part, tensors)]
            return {key: put_together(part, tensors) for key, part in kept}
        case {"list": list(parts)}:
            return [put_together(part, tensors) for _, part in parts]
        case {"tuple": list(parts)}:
            return tuple(put_together(part, tensors) for _, part in parts)
    raise ValueError(f"no state: {sorted(tree)}")


def _is_absent(part: Any, tensors: Mapping[str, Tensor]) -> bool:
    return isinstance(part, dict) and "tensor" in part and part["tensor"] not in tensors
