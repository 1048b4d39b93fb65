"""How configs look on the command line and among the overrides of :func:`emolens.train`."""

from collections.abc import Iterable
from typing import Any, get_type_hints

import tyro

Unprefixed = tyro.conf.arg(name="")
"""Marks a nested config whose fields are flags of their own: ``--epochs``, and not ``--trainer.epochs``."""


def unprefixed(config: Any) -> list[str]:
    """Names of the fields of a config that are marked :data:`Unprefixed`."""
    hints = get_type_hints(type(config), include_extras=True)
    return [name for name, hint in hints.items() if Unprefixed in getattr(hint, "__metadata__", ())]


def without_prefixes(args: Iterable[str], config: Any) -> list[str]:
    """``--trainer.epochs`` becomes ``--epochs``, so that the full name of a field is always a flag, too."""
    starts = tuple(f"--{name}." for name in unprefixed(config))
    return [f"--{arg.partition('.')[2]}" if arg.startswith(starts) else arg for arg in args]
