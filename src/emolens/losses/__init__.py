"""Losses, one a file: outputs of a model and targets in; a scalar to minimise out."""

from typing import TYPE_CHECKING

from emolens.lazy import attach

if TYPE_CHECKING:
    from emolens.losses.clip_distillation import contrastive_loss as contrastive_loss
    from emolens.losses.clip_distillation import similarity_loss as similarity_loss
    from emolens.losses.ep_ce import ep_cross_entropy as ep_cross_entropy
    from emolens.losses.multi_label import category_weights as category_weights
    from emolens.losses.multi_label import weighted_squared_error as weighted_squared_error
    from emolens.losses.soft_contrastive import soft_contrastive_loss as soft_contrastive_loss

__getattr__, __dir__, __all__ = attach(
    __name__,
    {
        "category_weights": "emolens.losses.multi_label",
        "contrastive_loss": "emolens.losses.clip_distillation",
        "ep_cross_entropy": "emolens.losses.ep_ce",
        "similarity_loss": "emolens.losses.clip_distillation",
        "soft_contrastive_loss": "emolens.losses.soft_contrastive",
        "weighted_squared_error": "emolens.losses.multi_label",
    },
)
