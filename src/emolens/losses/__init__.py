"""Losses, one a file: outputs of a model and targets in; a scalar to minimise out."""

from typing import TYPE_CHECKING, Any

_HOMES = {
    "category_weights": "emolens.losses.multi_label",
    "contrastive_loss": "emolens.losses.clip_distillation",
    "ep_cross_entropy": "emolens.losses.ep_ce",
    "similarity_loss": "emolens.losses.clip_distillation",
    "soft_contrastive_loss": "emolens.losses.soft_contrastive",
    "weighted_squared_error": "emolens.losses.multi_label",
}
__all__ = [
    "category_weights",
    "contrastive_loss",
    "ep_cross_entropy",
    "similarity_loss",
    "soft_contrastive_loss",
    "weighted_squared_error",
]

if TYPE_CHECKING:
    from emolens.losses.clip_distillation import contrastive_loss, similarity_loss
    from emolens.losses.ep_ce import ep_cross_entropy
    from emolens.losses.multi_label import category_weights, weighted_squared_error
    from emolens.losses.soft_contrastive import soft_contrastive_loss


def __getattr__(name: str) -> Any:
    if name in _HOMES:
        from importlib import import_module

        return getattr(import_module(_HOMES[name]), name)
    raise AttributeError(f"module '{__name__}' has no attribute '{name}'")


def __dir__() -> list[str]:
    return list(__all__)
