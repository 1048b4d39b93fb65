"""Heads on embeddings: float32 (N, D) in; scores over labels, valence, arousal and dominance out."""

from typing import TYPE_CHECKING

from emolens.lazy import attach

if TYPE_CHECKING:
    from emolens.heads.answers import Answers as Answers
    from emolens.heads.base import Head as Head
    from emolens.heads.base import MappedHead as MappedHead
    from emolens.heads.clip_e import CrossEntropyHead as CrossEntropyHead
    from emolens.heads.knn import KnnHead as KnnHead
    from emolens.heads.linear import LinearHead as LinearHead
    from emolens.heads.mini import MiniHead as MiniHead
    from emolens.heads.text import TextHead as TextHead
    from emolens.heads.vit import VitHead as VitHead

__getattr__, __dir__, __all__ = attach(
    __name__,
    {
        "Answers": "emolens.heads.answers",
        "CrossEntropyHead": "emolens.heads.clip_e",
        "Head": "emolens.heads.base",
        "KnnHead": "emolens.heads.knn",
        "LinearHead": "emolens.heads.linear",
        "MappedHead": "emolens.heads.base",
        "MiniHead": "emolens.heads.mini",
        "TextHead": "emolens.heads.text",
        "VitHead": "emolens.heads.vit",
    },
)
