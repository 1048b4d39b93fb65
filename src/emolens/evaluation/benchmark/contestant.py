"""What takes part in a benchmark: a model as it is, or a recipe that is trained on each data set."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from emolens.errors import ConfigError
from emolens.evaluation.benchmark.folds import Part
from emolens.evaluation.candidate import Setting
from emolens.evaluation.data_set import DataSet
from emolens.evaluation.score.answers import Answers
from emolens.evaluation.score.overlap import overlap_warning
from emolens.inference.persons import Who
from emolens.inference.predictor import Predictor
from emolens.people.crop import View

Asked = tuple[Answers, str | None]
Ask = Callable[[DataSet], Asked]


@dataclass(frozen=True)
class Contestant:
    """A row of the tables.

    Attributes:
        name: unique in a benchmark.
        spec: the word of ``--models`` that it is from.
        what: one line.
        learns: whether it is fitted to the training rows, so that folds, seeds and shares make a difference.
        identity: JSON values that decide its answers, beside the data: what the name of a cell is made of. It may load
            the model, and raises what that raises.
        fit: fits it to the training rows, in a folder of its own for what is written meanwhile, and returns what
            answers the scored rows of a data set, with a warning where it knew them.
        travels: whether what was fitted to one data set can answer on another.
    """

    name: str
    spec: str
    what: str
    learns: bool
    identity: Callable[[Part], Any]
    fit: Callable[[Part, Path], Ask]
    travels: bool = True


def asked(predictor: Predictor, name: str, setting: Setting, view: View) -> Ask:
    """A predictor as what :attr:`Contestant.fit` returns; for the view "scene" it is shown what it was trained on."""
    who: Who | None = "persons" if view == "person" else None

    def ask(data: DataSet) -> Asked:
        return setting.ask(predictor, data, name, who), overlap_warning(predictor, data.test)

    return ask


def refused_contestant(name: str, spec: str, why: str) -> Contestant:
    """A row that says why there is nothing in it."""

    def refuse(*_: Any) -> Any:
        raise ConfigError(why)

    return Contestant(name, spec, "", True, refuse, refuse)


def once(make: Callable[[], Any]) -> Callable[[], Any]:
    """``make`` that is called once: what it returned, or raised, is kept. Weights that cannot be had are asked for once
    and not once a cell."""
    kept: list[Any] = []
    failed: list[Exception] = []

    def get() -> Any:
        if failed:
            raise failed[0]
        if not kept:
            try:
                kept.append(make())
            except Exception as error:
                failed.append(error)
                raise
        return kept[0]

    return get
