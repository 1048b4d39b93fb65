"""A row of a comparison before it is evaluated: a given model, or a baseline."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from emolens.compute import ComputeConfig
from emolens.errors import ConfigError
from emolens.evaluation.data_set import DataSet
from emolens.evaluation.score.answers import Answers, ask, describe_predictor, fit_predictor
from emolens.evaluation.score.overlap import is_home, overlap_warning
from emolens.evaluation.score.view import choose_view, viewed
from emolens.inference.persons import Who
from emolens.inference.predictor import Predictor
from emolens.people.crop import View


@dataclass(frozen=True)
class Candidate:
    """A model or a baseline, ready to answer on any data set of a comparison.

    Attributes:
        name: for tables; unique in a comparison.
        description: what it is, one line.
        answer: gives its answers on the scored rows of a data set, or raises an EmolensError that says why not.
        home: whether it was trained on that data set (another split of it).
        warning: a sentence if it was, or may have been, trained on the scored rows; None if not.
    """

    name: str
    description: str
    answer: Callable[[DataSet], Answers]
    home: Callable[[DataSet], bool] = lambda _: False
    warning: Callable[[DataSet], str | None] = lambda _: None


@dataclass(frozen=True)
class Setting:
    """What every candidate of a comparison shares.

    Attributes:
        data: name -> data set.
        models: the given models, as they were given.
        backbones: specs of the backbones that they stand on, each once.
        compute: where models run.
        cache: folder of the embeddings: candidates on one backbone embed once.
        batch_size: pictures, or frames, that go through a model together.
        who: what of each row is shown; None decides for each model
            (:func:`emolens.evaluation.score.view.choose_view`).
    """

    data: Mapping[str, DataSet]
    models: tuple[str, ...]
    backbones: tuple[str, ...]
    compute: ComputeConfig
    cache: Path
    batch_size: int = 32
    who: Who | None = None

    def ask(self, predictor: Predictor, data: DataSet, name: str, who: Who | None = None) -> Answers:
        """The answers of a model on the scored rows, in the label space of the data set.

        Args:
            name: for tables.
            who: what it is shown; None for what all are shown.

        Raises:
            ConfigError: it cannot answer in that label space, or about persons.
            DataError: it is to be shown persons, and the data set has no boxes.
        """
        fitted = fit_predictor(predictor, data.test)
        view = choose_view(fitted, data.test, data.manifest, who or self.who)
        shown = viewed(data.test, data.manifest, view)
        return replace(ask(fitted, shown, self.batch_size, self.compute.workers), model=name)

    def baseline_view(self, data: DataSet) -> View:
        """What of its pictures a baseline is fitted on."""
        return choose_view(None, data.test, data.manifest, self.who)


def predictor_candidate(name: str, predictor: Predictor, setting: Setting, who: Who | None = None) -> Candidate:
    """A model that answers in the label space of each data set; ``who`` as in :meth:`Setting.ask`."""
    return Candidate(
        name,
        describe_predictor(predictor),
        lambda data: setting.ask(predictor, data, name, who),
        home=lambda data: is_home(predictor, data.test),
        warning=lambda data: overlap_warning(predictor, data.test),
    )


def refused(name: str, why: str) -> Candidate:
    """A candidate that runs on no data set, for the reason ``why``."""

    def answer(_: DataSet) -> Answers:
        raise ConfigError(why)

    return Candidate(name, "", answer)
