"""One model on one split: metrics with intervals, the predictions, a report."""

import os
import shlex

from emolens.data.manifest import Manifest
from emolens.errors import ConfigError, DataError
from emolens.evaluation.evaluation import Evaluation
from emolens.evaluation.report.write import make_folder, write_evaluation
from emolens.evaluation.score.answers import Answers, ask, describe_predictor, fit_predictor
from emolens.evaluation.score.measure import measure
from emolens.evaluation.score.overlap import overlap_warning
from emolens.evaluation.score.perturbations import MODALITIES, ROBUSTNESS, fitting, measure_perturbed
from emolens.evaluation.score.targets import Targets, read_targets
from emolens.inference.predictor import Predictor


def evaluate(
    predictor: Predictor,
    manifest: Manifest,
    split: str | None = "test",
    out: str | os.PathLike[str] | None = None,
    batch_size: int = 32,
    workers: int | None = None,
    seed: int = 0,
    command: str | None = None,
    robustness: bool = False,
) -> Evaluation:
    """Predict each row of a split once and measure the answers in every way the data set allows.

    Classification where rows have a label (the model answers in the manifest's label space; ``mapping`` tells how),
    Pearson r, CCC and RMSE where they have valence or arousal (in [-1, 1]), mean average precision where they have
    several labels. A model without valence and arousal answers with the expected point over its labels. An audio-visual
    model is also asked for its answers by sound and by pictures alone.

    Args:
        predictor: any model.
        manifest: the data set.
        split: which rows; None for all.
        out: folder for ``metrics.json``, ``predictions.parquet`` and ``report.html``; None writes nothing.
        batch_size: pictures, or frames, that go through the model together.
        workers: files decoded at once; None chooses.
        seed: of the bootstrap, and of what ``robustness`` drops and adds.
        command: how a reader can run this again; None for this call.
        robustness: also measure without the sound, without the pictures, with fewer frames, and in noise, as far as
            the model takes them.

    Raises:
        DataError: no such split, no targets in it, nothing that both sides have, or ``out`` cannot be written; but for
            the third, all of it before any picture is read.
        ConfigError: the model cannot answer in the manifest's label space; ``robustness`` where nothing can be taken
            away.
    """
    targets = read_targets(manifest, split)
    fitted = fit_predictor(predictor, targets)
    if out is not None:
        make_folder(out)
    single = fitting(fitted, MODALITIES, seed) if targets.has_videos else {}
    disturbed = fitting(fitted, ROBUSTNESS, seed) if targets.has_videos and robustness else {}
    if robustness and not disturbed:
        raise ConfigError(f"robustness: {targets.data} has no videos, of which sound or frames could be taken away")
    answers = ask(fitted, targets, batch_size, workers)
    measured = measure(answers, targets, seed)
    if not measured.metrics:
        raise DataError(_nothing_scored(answers, targets))
    modalities = {}
    if len(single) == len(MODALITIES):
        modalities = {"fused": measured, **measure_perturbed(single, targets, batch_size, workers, seed)}
    warning = overlap_warning(predictor, targets)
    evaluation = Evaluation(
        targets,
        answers,
        measured,
        description=describe_predictor(predictor),
        seed=seed,
        command=command or _command(predictor.name, targets, seed),
        modalities=modalities,
        robustness=measure_perturbed(disturbed, targets, batch_size, workers, seed),
        warnings=() if warning is None else (warning,),
    )
    if out is not None:
        write_evaluation(evaluation, out)
    return evaluation


def _nothing_scored(answers: Answers, targets: Targets) -> str:
    where = f'{targets.data}, split "{targets.split}"'
    if answers.errors:
        row, why = next(iter(sorted(answers.errors.items())))
        return (
            f"{where}: none of the {len(targets)} rows could be scored, {len(answers.errors)} failed; "
            f'the first, id "{targets.id_N[row]}": {why}'
        )
    return f"{where}: {answers.model} gives nothing that the data set has a target for"


def _command(model: str, targets: Targets, seed: int) -> str:
    words = ["emolens", "evaluate", model, "--data", targets.data, "--split", targets.split, "--seed", str(seed)]
    return shlex.join(words)
