"""One model on one split: metrics with intervals, the predictions, a report."""

import os
import shlex
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pandas as pd

from emolens.data.manifest import Manifest
from emolens.errors import ConfigError, DataError
from emolens.evaluation.report.predictions_table import predictions_table, write_predictions
from emolens.evaluation.report.provenance import versions
from emolens.evaluation.score.answers import Answers, ask, describe_predictor, fit_predictor
from emolens.evaluation.score.measure import MetricSet, measure
from emolens.evaluation.score.overlap import overlap_warning
from emolens.evaluation.score.pairs import pair_label
from emolens.evaluation.score.perturbations import MODALITIES, ROBUSTNESS, fitting, measure_perturbed
from emolens.evaluation.score.targets import Targets, read_targets
from emolens.files import write_error, write_json, write_text
from emolens.inference.predictor import Predictor
from emolens.metrics import Interval
from emolens.metrics.classification import confusion_matrix


@dataclass(frozen=True)
class Evaluation:
    """What :func:`evaluate` found.

    Attributes:
        targets: the ground truth.
        answers: the model's answers, row by row.
        measured: metrics with intervals, overall and by domain, and how many rows counted.
        description: what the model is, one line.
        seed: of the bootstrap.
        command: the command line or call that made it.
        modalities: "fused", "audio" and "video" -> the metrics of that answer; empty for a model that has only one.
        robustness: condition -> the metrics under it; empty where it was not asked for.
        warnings: what a reader must know before believing the numbers.
    """

    targets: Targets
    answers: Answers
    measured: MetricSet
    description: str
    seed: int
    command: str
    modalities: dict[str, MetricSet] = field(default_factory=dict)
    robustness: dict[str, MetricSet] = field(default_factory=dict)
    warnings: tuple[str, ...] = ()

    @property
    def metrics(self) -> dict[str, Interval]:
        """Name -> value, 95% interval and n."""
        return self.measured.metrics

    def to_json(self) -> dict[str, Any]:
        """The content of ``metrics.json``."""
        targets, measured = self.targets, self.measured
        return {
            "metrics": metrics_json(measured.metrics),
            "model": self.answers.model,
            "description": self.description,
            "data": targets.data,
            "split": targets.split,
            "label_space": targets.space.name if targets.space is not None and targets.has_labels else None,
            "mapping": self.answers.mapping,
            "n_total": measured.n_total,
            "n_scored": measured.n_scored,
            "n_failed": measured.n_failed,
            "n_without_target": measured.n_without_target,
            **measured.limits.to_json(),
            "failed": [{"id": targets.id_N[row], "error": why} for row, why in sorted(self.answers.errors.items())],
            "per_class": {label: metrics_json(metrics) for label, metrics in measured.per_class.items()},
            "domains": {name: metrics_json(metrics) for name, metrics in measured.domains.items()},
            "modalities": {name: metrics_json(part.metrics) for name, part in self.modalities.items()},
            "robustness": {name: metrics_json(part.metrics) for name, part in self.robustness.items()},
            "confusion": self._confusion(),
            "warnings": list(self.warnings),
            "bootstrap": {"seed": self.seed, "resampled": "rows" if targets.group_N is None else "groups"},
            "ids_sha256": targets.ids_sha256,
            "command": self.command,
            "versions": versions(),
        }

    def to_pandas(self) -> pd.DataFrame:
        """Answers beside targets, one row a sample."""
        return predictions_table(self.answers, self.targets)

    def write(self, out: str | os.PathLike[str]) -> None:
        """Write ``predictions.parquet``, ``report.html`` and, last, ``metrics.json`` into the folder ``out``."""
        from emolens.evaluation.report.evaluation_page import evaluation_report

        folder = make_folder(out)
        write_predictions(self.to_pandas(), folder / "predictions.parquet")
        write_text(folder / "report.html", evaluation_report(self))
        write_json(folder / "metrics.json", self.to_json())

    def _confusion(self) -> dict[str, Any] | None:
        """Counts, rows rated, columns predicted; None without one label a row."""
        pairs, space = pair_label(self.answers, self.targets), self.targets.space
        if pairs is None or space is None:
            return None
        counts_CC = confusion_matrix(pairs.score_MC.argmax(axis=1), pairs.target_M, len(space))
        return {"labels": list(space.labels), "counts": counts_CC.tolist()}


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
        evaluation.write(out)
    return evaluation


def metrics_json(metrics: dict[str, Interval]) -> dict[str, dict[str, float | int | None]]:
    """Name -> {"value", "low", "high", "n"}; what is undefined (a correlation with a constant) is null."""

    return {name: m.as_dict() for name, m in metrics.items()}


def make_folder(out: str | os.PathLike[str]) -> Path:
    """The folder, made if needed.

    Raises:
        DataError: it cannot be made, for instance because a file has that name.
    """
    folder = Path(out)
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except FileExistsError as error:
        raise DataError(f"{folder}: is a file; --out names a folder") from error
    except OSError as error:
        raise write_error(folder, error) from error
    return folder


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
