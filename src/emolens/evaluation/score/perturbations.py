"""The same model asked by one modality, or with something taken from its files."""

from collections.abc import Mapping
from dataclasses import replace

from emolens.errors import ConfigError
from emolens.evaluation.score.answers import ask
from emolens.evaluation.score.measure import Measured, measure
from emolens.evaluation.score.targets import Targets
from emolens.inference.perturbation import Condition
from emolens.inference.predictor import BasePredictor

MODALITIES: Mapping[str, Condition] = {
    "audio": Condition(modality="audio"),
    "video": Condition(modality="video"),
}
ROBUSTNESS: Mapping[str, Condition] = {
    "sound removed": Condition(sound=False),
    "pictures removed": Condition(pictures=False),
    "50% of frames dropped": Condition(keep_frames=0.5),
    "90% of frames dropped": Condition(keep_frames=0.1),
    "noise at 20 dB": Condition(noise_db=20),
    "noise at 10 dB": Condition(noise_db=10),
    "noise at 0 dB": Condition(noise_db=0),
}
"""Name -> condition; noise is white, by its signal-to-noise ratio."""


def fitting(predictor: BasePredictor, conditions: Mapping[str, Condition], seed: int = 0) -> dict[str, BasePredictor]:
    """The model under each of the conditions that mean something to it.

    Args:
        predictor: any model.
        conditions: name -> condition.
        seed: of what is dropped and of the noise.
    """
    found: dict[str, BasePredictor] = {}
    for name, condition in conditions.items():
        try:
            found[name] = predictor.under(replace(condition, seed=seed))
        except ConfigError:  # it takes no sound, for instance
            continue
    return found


def measure_under(
    predictors: Mapping[str, BasePredictor],
    targets: Targets,
    batch_size: int = 32,
    workers: int | None = None,
    seed: int = 0,
) -> dict[str, Measured]:
    """Ask and measure each of the models; one that can score no row is left out.

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
