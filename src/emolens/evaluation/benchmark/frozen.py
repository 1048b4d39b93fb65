"""The frozen networks of the release of UniEmoX as a group of contestants (``frozen:FOLDER``)."""

import tomllib
from functools import cache
from importlib.resources import files

from emolens.errors import ConfigError
from emolens.evaluation.benchmark.contestant import Contestant
from emolens.evaluation.benchmark.trained import Step, trained, with_fields
from emolens.evaluation.candidate import Setting
from emolens.training.recipe_registry import get_recipe

HEADS = {"linear_head": "linear, as the release", "probe": "probe, ours"}


def frozen(rest: str, name: str, setting: Setting) -> list[Contestant]:
    """VGG-16, ResNet-50, DenseNet-121, ViT-L/16, each with a linear layer as in the release and with our probe.

    Args:
        rest: folder of the weights, under the names of ``frozen.toml``. A file that is not there is a row that says so.
        name: not used; the rows are called by their networks.
        setting: where, and the cache of embeddings.

    Raises:
        ConfigError: no folder is named.
    """
    if not rest:
        raise ConfigError('model "frozen:": write frozen:FOLDER, the folder of the weights files')
    made = []
    for network in _networks():
        backbone = f"{network['backbone']}/{rest}/{network['file']}"
        for recipe, how in HEADS.items():
            config = with_fields(get_recipe(recipe)(), {"backbone": backbone})
            what = f"recipe {recipe} on {network['backbone']}/{network['file']}"
            title = f"{network['name']} ({how})"
            made.append(trained(title, f"frozen:{rest}", what, Step(recipe, config), setting))
    return made


@cache
def _networks() -> list[dict[str, str]]:
    text = (files("emolens.evaluation.benchmark") / "frozen.toml").read_text(encoding="utf-8")
    found: list[dict[str, str]] = tomllib.loads(text)["network"]
    return found
