"""Public names of a package, imported only when they are used (PEP 562)."""

from collections.abc import Callable, Mapping
from importlib import import_module
from typing import Any


def attach(package: str, homes: Mapping[str, str]) -> tuple[Callable[[str], Any], Callable[[], list[str]], list[str]]:
    """The three things that a package's ``__init__`` needs to show names that it does not import yet.

        __getattr__, __dir__, __all__ = attach(__name__, {"Manifest": "emolens.data.manifest"})

    Args:
        package: its ``__name__``.
        homes: public name -> module that defines it. A name must not be that of a module in the package: once that
            module is imported, it would hide the name.

    Returns:
        ``__getattr__``, ``__dir__`` and ``__all__``.
    """
    names = sorted(homes)

    def get(name: str) -> Any:
        if name not in homes:
            raise AttributeError(f"module {package!r} has no attribute {name!r}")
        return getattr(import_module(homes[name]), name)

    def list_names() -> list[str]:
        return names

    return get, list_names, names
