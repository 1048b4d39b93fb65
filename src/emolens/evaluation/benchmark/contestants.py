"""From the words of ``--models`` to contestants."""

from collections.abc import Callable, Mapping, Sequence

from emolens.errors import ConfigError
from emolens.evaluation.baselines.registry import list_baselines
from emolens.evaluation.benchmark.contestant import Contestant
from emolens.evaluation.benchmark.frozen import frozen
from emolens.evaluation.benchmark.given import baseline, fixed, neighbours
from emolens.evaluation.benchmark.grid import grid
from emolens.evaluation.benchmark.trained import recipe
from emolens.evaluation.candidate import Setting
from emolens.evaluation.resolve import neighbours_of
from emolens.inference.predictor import Predictor
from emolens.inference.registry import register_built_in
from emolens.specs import BARE, parse_model, short_names

KINDS: dict[str, Callable[[str, str, Setting], list[Contestant]]] = {"train": recipe, "grid": grid, "frozen": frozen}
FIRST = "majority"  # what knows least opens every table


def contestants(models: Sequence[Predictor | str], setting: Setting) -> list[Contestant]:
    """The rows, in order, after the majority baseline.

    Args:
        models: predictors; specs as of :func:`emolens.load`; ``train:RECIPE[@BACKBONE]``; ``grid:FILE.toml``;
            ``frozen:FOLDER`` (see :func:`emolens.evaluation.benchmark.frozen.frozen`); or the name of a baseline.

    Raises:
        ConfigError: a word that is none of these, or two rows of one name. Weights are not looked for yet.
    """
    register_built_in()
    words = [FIRST, *(model for model in dict.fromkeys(models) if model != FIRST)]
    names = short_names(word for word in words if isinstance(word, str))
    made = [one for word in words for one in _of(word, names, setting)]
    taken = [one.name for one in made]
    if double := [name for name in taken if taken.count(name) > 1]:
        raise ConfigError(f'two rows are called "{double[0]}"; give only one of them')
    return made


def _of(model: Predictor | str, names: Mapping[str, str], setting: Setting) -> list[Contestant]:
    if isinstance(model, Predictor):
        return [fixed(model, model.name, setting)]
    scheme, colon, rest = model.partition(":")
    if colon and scheme in KINDS:
        return KINDS[scheme](rest, names[model], setting)
    known = {one.name: one for one in list_baselines()}
    if model in known and model not in BARE:
        return [baseline(known[model], setting)]
    parse_model(model)
    if (backbone := neighbours_of(model)) is not None:
        return [neighbours(backbone, names[model], setting)]
    return [fixed(model, names[model], setting)]
