"""Recipes: functions that return a complete, typed config. One file each, named after the recipe."""

from collections.abc import Callable
from importlib import import_module

from emolens.errors import ConfigError
from emolens.names import did_you_mean
from emolens.recipes.head_config import HeadConfig

RECIPES = {
    "probe": "linear probe on frozen embeddings: classes, valence, arousal, whichever the data holds",
    "clip_e_cross_entropy": "CLIP-E with cross-entropy: a small head for one label space",
    "clip_e_contrastive": "CLIP-E against text: predicts any label space by its words",
}


def get_recipe(name: str) -> Callable[[], HeadConfig]:
    """The recipe of that name.

    Raises:
        ConfigError: there is none; the message names the nearest.
    """
    if name not in RECIPES:
        raise ConfigError(f'unknown recipe "{name}"; {did_you_mean(name, RECIPES)}')
    recipe: Callable[[], HeadConfig] = getattr(import_module(f"emolens.recipes.{name}"), name)
    return recipe
