"""Frozen encoders: uint8 RGB pictures, or texts, in; one vector each out. One file a family, found by its scheme."""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from emolens.models.backbones.base import Backbone
    from emolens.models.backbones.load import load_backbone, register_backbone

__all__ = ["Backbone", "load_backbone", "register_backbone"]

_HOMES = {"Backbone": "base", "load_backbone": "load", "register_backbone": "load"}


def __getattr__(name: str) -> Any:
    if name in _HOMES:
        from importlib import import_module

        return getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)
    raise AttributeError(f"module '{__name__}' has no attribute '{name}'")
