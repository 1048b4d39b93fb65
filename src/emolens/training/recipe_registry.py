"""Recipes by their names: those of ``emolens/recipes`` are found by their files, others register on import."""

import ast
from collections.abc import Callable
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING

from emolens.errors import ConfigError
from emolens.names import did_you_mean

if TYPE_CHECKING:
    from emolens.training.jobs.config import JobConfig

Recipe = Callable[[], "JobConfig"]

FOLDER = Path(__file__).parents[1] / "recipes"

_REGISTERED: dict[str, Recipe] = {}


def register_recipe(recipe: Recipe) -> Recipe:
    """Decorate a function of another package, so that ``emolens train NAME`` finds it once its module is imported.

    Raises:
        ConfigError: a recipe of that name exists.
    """
    name = recipe.__name__
    if name in _built_in() or _REGISTERED.get(name, recipe) is not recipe:
        raise ConfigError(f'a recipe "{name}" exists already; give yours another name')
    _REGISTERED[name] = recipe
    return recipe


def recipes() -> dict[str, str]:
    """Name -> what it is in a line: the first of its docstring. Nothing is imported for that."""
    found = {name: _first_line(ast.parse(path.read_text(encoding="utf-8")), name) for name, path in _built_in().items()}
    others = {name: (recipe.__doc__ or "").strip().partition("\n")[0] for name, recipe in _REGISTERED.items()}
    return dict(sorted({**found, **others}.items()))


def get_recipe(name: str) -> Recipe:
    """The recipe of that name.

    Raises:
        ConfigError: there is none; the message names the nearest.
    """
    if name in _REGISTERED:
        return _REGISTERED[name]
    if name not in _built_in():
        raise ConfigError(f'unknown recipe "{name}"; {did_you_mean(name, recipes())}')
    recipe: Recipe = getattr(import_module(f"emolens.recipes.{name}"), name)
    return recipe


def _built_in() -> dict[str, Path]:
    return {path.stem: path for path in FOLDER.glob("[a-z]*.py")}


def _first_line(tree: ast.Module, name: str) -> str:
    for node in tree.body:
        if isinstance(node, ast.FunctionDef) and node.name == name:
            return (ast.get_docstring(node) or "").partition("\n")[0]
    raise ConfigError(f"recipes/{name}.py: has no function {name}")
