"""Contestants that are recipes: trained on the training rows of each fold, with the seed of the fold."""

from collections.abc import Mapping
from contextlib import nullcontext
from dataclasses import dataclass, fields, is_dataclass, replace
from pathlib import Path
from typing import Any, TypeVar

from emolens.errors import ConfigError
from emolens.evaluation.benchmark.content import config_digest
from emolens.evaluation.benchmark.contestant import Ask, Contestant, asked
from emolens.evaluation.benchmark.folds import Part
from emolens.evaluation.candidate import Setting
from emolens.inference.load import load
from emolens.names import did_you_mean
from emolens.progress import quiet
from emolens.runs.folder import CONFIG
from emolens.training.jobs.config import JobConfig
from emolens.training.jobs.run_folder import REQUEST
from emolens.training.recipe_registry import get_recipe
from emolens.training.train import train

FORM = "train:RECIPE[@BACKBONE]"
STANDS_ON = ("backbone", "encoder")  # fields that may hold what follows the "@"
Config = TypeVar("Config")


@dataclass(frozen=True)
class Step:
    """One training: a recipe's name, for the record, and its config."""

    recipe: str
    config: JobConfig

    def under(self, part: Part) -> "Step":
        """With the seed of a fold, and on persons where these are judged; a batch larger than its training rows becomes
        all of them (an even number, which mixup needs)."""
        trainer = self.config.trainer
        rows = int((part.manifest.frame["split"] == "train").sum())
        batch_size = min(trainer.batch_size, max(rows - rows % 2, 1))
        view = {"view": part.view} if hasattr(self.config, "view") and part.view == "person" else {}
        trainer = replace(trainer, seed=part.seed, batch_size=batch_size)
        return replace(self, config=_replaced(self.config, trainer=trainer, **view))


def recipe(rest: str, name: str, setting: Setting) -> list[Contestant]:
    """``train:RECIPE[@BACKBONE]``; what follows the "@" is the frozen backbone of a head, or the encoder to start from.

    Raises:
        ConfigError: an unknown recipe, or one that stands on nothing.
    """
    known, at, backbone = rest.partition("@")
    if not known or (at and not backbone):
        raise ConfigError(f'model "train:{rest}": write {FORM}')
    config = get_recipe(known)()
    if at:
        field = next((field for field in STANDS_ON if hasattr(config, field)), None)
        if field is None:
            raise ConfigError(f'model "train:{rest}": {known} stands on no backbone and no encoder; leave out "@"')
        config = with_fields(config, {field: backbone})
    return [trained(name, f"train:{rest}", f"recipe {known}", Step(known, config), setting)]


def trained(
    name: str, spec: str, what: str, step: Step, setting: Setting, pretraining: Step | None = None
) -> Contestant:
    """A recipe as a contestant.

    Args:
        name, spec, what: see :class:`Contestant`.
        step: what is trained on the training rows and then answers.
        setting: where, and the cache of embeddings.
        pretraining: trained before on the same rows; its run is what ``step`` starts from (its field ``encoder``).
    """

    def identity(part: Part) -> Any:
        steps = [one.under(part) for one in (pretraining, step) if one is not None]
        return {"trained": [[one.recipe, config_digest(one.config)] for one in steps]}

    def fit(part: Part, folder: Path) -> Ask:
        data = folder / "data.parquet"
        part.manifest.write(data)
        last = step.under(part)
        if pretraining is not None:
            _train(pretraining.under(part), data, folder / "pretrained", setting)
            last = replace(last, config=with_fields(last.config, {"encoder": str(folder / "pretrained")}))
        _train(last, data, folder / "run", setting)
        compute = setting.compute
        run = load(f"run:{folder / 'run'}", device=compute.device, precision=compute.precision, cache=setting.cache)
        run.name = name
        return asked(run, name, setting, part.view)

    return Contestant(name, spec, what, True, identity, fit)


def _train(step: Step, data: Path, run: Path, setting: Setting) -> None:
    """Train, or go on with what was interrupted; a finished run stays."""
    if (run / CONFIG).exists():
        return
    embeds = step.config.embeds
    with quiet() if embeds else nullcontext():  # heads take a second each, and there may be hundreds
        train(
            step.config,
            data,
            run,
            resume=(run / REQUEST).exists(),
            compute=setting.compute,
            cache=setting.cache if embeds else None,
            name=step.recipe,
        )


def with_fields(config: Config, values: Mapping[str, Any]) -> Config:
    """A config with some of its fields changed at once; a table changes fields of a nested config.

    Raises:
        ConfigError: there is no such field, or the config refuses the values.
    """
    known = [field.name for field in fields(config)]  # type: ignore[arg-type]  # no type says "a dataclass"
    changed = {}
    for name, value in values.items():
        if name not in known:
            raise ConfigError(f'{type(config).__name__} has no field "{name}"; {did_you_mean(name, known)}')
        inner = getattr(config, name)
        nested = isinstance(value, Mapping) and is_dataclass(inner)
        changed[name] = with_fields(inner, value) if nested else tuple(value) if isinstance(value, list) else value
    made: Config = _replaced(config, **changed)
    return made


def _replaced(config: Any, **values: Any) -> Any:
    """``dataclasses.replace`` for a base class that does not say it is a dataclass."""
    return replace(config, **values)
