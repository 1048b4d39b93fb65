"""Contestants that are models, or baselines: by their spec."""

from dataclasses import replace
from pathlib import Path
from typing import Any

from emolens.evaluation.baselines.registry import Baseline
from emolens.evaluation.benchmark.contestant import Ask, Asked, Contestant, asked, once
from emolens.evaluation.benchmark.folds import Part
from emolens.evaluation.candidate import Setting
from emolens.evaluation.data_set import DataSet
from emolens.evaluation.score.answers import describe_predictor
from emolens.inference.fitted import knn_predictor
from emolens.inference.load import load
from emolens.inference.predictor import Predictor
from emolens.models.backbones.load import load_backbone


def fixed(model: Predictor | str, name: str, setting: Setting) -> Contestant:
    """A model as it is: it answers the same whatever it might have been trained on here."""

    def open_model() -> Predictor:
        if isinstance(model, Predictor):
            return model
        compute = setting.compute
        return load(model, device=compute.device, precision=compute.precision, cache=setting.cache)

    get = once(open_model)
    spec = model if isinstance(model, str) else model.name
    what = f"{spec} as it is" if isinstance(model, str) else describe_predictor(model)

    def identity(_: Part) -> Any:
        return {"model": get().fingerprint}

    def fit(part: Part, folder: Path) -> Ask:
        return asked(get(), name, setting, part.view)

    return Contestant(name, spec, what, False, identity, fit)


def neighbours(backbone: str, name: str, setting: Setting) -> Contestant:
    """``knn:BACKBONE``, with the training rows as neighbours."""
    get = once(lambda: load_backbone(backbone, setting.compute))

    def identity(_: Part) -> Any:
        return {"knn": get().fingerprint}

    def fit(part: Part, folder: Path) -> Ask:
        made = knn_predictor(get(), part.manifest, setting.compute, setting.cache, setting.batch_size, part.view)
        return asked(made, name, setting, part.view)

    what = f"nearest neighbours on {backbone} among the training rows"
    return Contestant(name, f"knn:{backbone}", what, True, identity, fit)


def baseline(made: Baseline, setting: Setting) -> Contestant:
    """A registered baseline, fitted to the training rows; of several candidates the first."""

    def identity(_: Part) -> Any:
        return {"baseline": made.name}

    def fit(part: Part, folder: Path) -> Ask:
        here = replace(setting, data={part.data: part.data_set})
        candidate = next(iter(made.candidates(here)))

        def ask(data: DataSet) -> Asked:
            return replace(candidate.answer(data), model=made.name), candidate.warning(data)

        return ask

    return Contestant(made.name, made.name, f"the baseline {made.name}", True, identity, fit, travels=False)
