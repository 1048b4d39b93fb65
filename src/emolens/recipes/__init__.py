"""Recipes: one function a file, named after it, that returns a complete, typed config; nothing else."""

from emolens.training.recipe_registry import get_recipe, recipes, register_recipe

__all__ = ["get_recipe", "recipes", "register_recipe"]
