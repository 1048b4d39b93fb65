"""The same model on files that lack something."""

from collections.abc import Mapping
from dataclasses import replace

from emolens.errors import ConfigError
from emolens.evaluation.score.answers import ask
from emolens.evaluation.score.measure import MetricSet, measure
from emolens.evaluation.score.targets import Targets
from emolens.inference.perturbation import Perturbation
from emolens.inference.predictor import Predictor

ROBUSTNESS: Mapping[str, Perturbation] = {
    "sound removed": Perturbation(sound=False),
    "pictures removed": Perturbation(pictures=False),
    "50% of frames dropped": Perturbation(keep_frames=0.5),
    "90% of frames dropped": Perturbation(keep_frames=0.1),
    "noise at 20 dB": Perturbation(noise_db=20),
    "noise at 10 dB": Perturbation(noise_db=10),
    "noise at 0 dB": Perturbation(noise_db=0),
}
"""Name -> perturbation; the noise is white, stated by its signal-to-noise ratio."""


def fitting(predictor: Predictor, perturbations: Mapping[str, Perturbation], seed: int = 0) -> dict[str, Predictor]:
    """The model under each of the perturbations that apply to it.

    Args:
        predictor: any model.
        perturbations: name -> perturbation.
        seed: of the dropped frames and of the noise.
    """
    found: dict[str, Predictor] = {}
    for name, perturbation in perturbations.items():
        try:
            found[name] = predictor.perturbed(replace(perturbation, seed=seed))
        except ConfigError:  # it does not apply, for instance because the model hears nothing
            continue
    return found


def measure_perturbed(
    predictors: Mapping[str, Predictor],
    targets: Targets,
    batch_size: int = 32,
    workers: int | None = None,
    seed: int = 0,
) -> dict[str, MetricSet]:
    """Predict with each of the models and measure; one without a scored row is left out.

    Args:
        predictors: name -> model, as :func:`fitting` returned them.
        targets, batch_size, workers, seed: as :func:`emolens.evaluation.score.answers.ask` and
            :func:`emolens.evaluation.score.measure.measure` take them.
    """
    found = {}
    for name, predictor in predictors.items():
        measured = measure(ask(predictor, targets, batch_size, workers), targets, seed)
        if measured.metrics:
            found[name] = measured
    return found
