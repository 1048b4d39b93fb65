"""Read-ahead for models. It stands on the ground, :mod:`emolens.prefetch`, because lower floors read ahead too."""

from emolens.prefetch import FAILURES, Item, prefetch, reason

__all__ = ["FAILURES", "Item", "prefetch", "reason"]
