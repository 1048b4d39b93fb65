"""One model on one split: metrics with intervals, the predictions, a report."""

import os
import shlex
from collections.abc import Sequence

from emolens.compute import ComputeConfig
from emolens.data.protocol_use import protocol_of
from emolens.errors import ConfigError, DataError
from emolens.evaluation.data_set import ManifestLike, as_manifest
from emolens.evaluation.evaluation import Evaluation
from emolens.evaluation.report.write import make_folder, write_evaluation
from emolens.evaluation.resolve import embedding_cache, resolve
from emolens.evaluation.score.answers import Answers, ask, ask_modalities, describe_predictor, fit_predictor
from emolens.evaluation.score.coarser import coarsened
from emolens.evaluation.score.measure import measure
from emolens.evaluation.score.overlap import overlap_warning
from emolens.evaluation.score.perturbations import ROBUSTNESS, fitting, measure_perturbed
from emolens.evaluation.score.targets import Targets, read_targets
from emolens.evaluation.score.view import choose_view, viewed, with_persons
from emolens.inference.persons import Who
from emolens.inference.perturbation import Modality
from emolens.inference.predictor import Predictor
from emolens.people.finder import PersonFinder
from emolens.taxonomy import LabelSpace


def evaluate(
    model: Predictor | str,
    data: ManifestLike,
    split: str | None = "test",
    out: str | os.PathLike[str] | None = None,
    *,
    batch_size: int = 32,
    seed: int = 0,
    robustness: bool = False,
    who: Who | None = None,
    people: PersonFinder | str | None = None,
    label_space: LabelSpace | str | None = None,
    by: Sequence[str] | None = None,
    compute: ComputeConfig | None = None,
    cache: str | os.PathLike[str] | None = None,
    command: str | None = None,
) -> Evaluation:
    """Predict each row of a split once and measure the answers in every way the data set allows.

    Classification where rows have a label (the model answers in the manifest's label space; ``mapping`` tells how; of a
    model whose labels are coarser, the manifest's are coarsened where an exact table leads there),
    Pearson r, CCC and RMSE where they have valence or arousal (in [-1, 1]), mean average precision in a multi-label
    data set. A model without valence and arousal answers with the expected point over its labels. An audio-visual
    model is also measured on the sound alone and on the pictures alone, by the same look at each file. A model of
    persons is shown the person in the box of each row.

    Args:
        model: a predictor, or a spec as in :func:`emolens.load`; ``knn:BACKBONE`` takes its neighbours from the train
            split of ``data``.
        data: the data set: a manifest or its path.
        split: which rows; None for all.
        out: folder for ``metrics.json``, ``predictions.parquet`` and ``report.html``; None writes nothing.
        batch_size: pictures, or frames, that go through the model together.
        seed: of the bootstrap, and of the frames and the noise of ``robustness``.
        robustness: also measure without sound, without pictures, with fewer frames and with noise; perturbations that
            do not apply to the model are left out.
        who: what of each row the model is shown: ``scene``, the whole picture; ``persons``, the person in the row's
            box; ``both`` measures each; None decides by the model (:func:`emolens.evaluation.score.view.choose_view`).
        people: finds the persons where the manifest has no boxes (``yolox:PATH``, or a
            :class:`emolens.people.PersonFinder`); None leaves it without.
        label_space: of the classes of a published checkpoint (``uniemox:FILE``), which does not state it.
        by: columns of the manifest whose values are also measured one by one; None for ``domain`` and ``platform``,
            where there are such.
        compute: where a spec is loaded, and how many files decode at once.
        cache: folder of the embeddings that a spec is loaded with; None for the user's cache.
        command: how a reader can run this again; None for this call.

    Raises:
        DataError: no such split, no targets in it, no boxes for a model of persons, ``out`` cannot be written (all
            before any picture is read), or no row has both an answer and a target.
        ConfigError: no such model; it cannot answer in the manifest's label space, or takes no persons; ``robustness``
            for a data set without videos; a column of ``by`` is unknown or has more than 50 values.
        WeightsError: the weights of a spec are missing or do not fit.

    Examples:
        >>> result = evaluate("mini", "data.parquet")
        >>> result.metrics["accuracy"].n
        6
    """
    splits = None if split is None else ("train", "val", split)  # a knn: model looks at the first
    manifest, compute = with_persons(as_manifest(data), PersonFinder.of(people), splits), compute or ComputeConfig()
    rows = read_targets(manifest, split, by=by)
    predictor = resolve(
        model,
        manifest,
        label_space=label_space,
        compute=compute,
        cache=embedding_cache(cache),
        batch_size=batch_size,
        view=choose_view(None, rows, manifest, who),
    )
    rows = coarsened(predictor, rows)
    fitted = fit_predictor(predictor, rows)
    view = choose_view(fitted, rows, manifest, who)
    targets = viewed(rows, manifest, view)
    other = viewed(rows, manifest, "scene" if view == "person" else "person") if who == "both" else None
    if out is not None:
        make_folder(out)
    disturbed = fitting(fitted, ROBUSTNESS, seed) if targets.has_videos and robustness else {}
    if robustness and not disturbed:
        raise ConfigError(f"robustness: {targets.data} has no videos, of which sound or frames could be taken away")
    by_modality: dict[Modality, Answers] = {}
    if targets.has_videos and len(fitted.modalities) > 1:
        by_modality = ask_modalities(fitted, targets, batch_size, compute.workers)
    answers = by_modality["fused"] if by_modality else ask(fitted, targets, batch_size, compute.workers)
    measured = measure(answers, targets, seed)
    if not measured.metrics:
        raise DataError(_nothing_scored(answers, targets))
    views = {}
    if other is not None:
        by_view = {view: measured, other.view: measure(ask(fitted, other, batch_size, compute.workers), other, seed)}
        views = {"scene": by_view["scene"], "persons": by_view["person"]}
    of_modality = {
        name: measured if one is answers else measure(one, targets, seed) for name, one in by_modality.items()
    }
    warning = overlap_warning(predictor, targets)
    evaluation = Evaluation(
        targets,
        answers,
        measured,
        description=describe_predictor(predictor),
        seed=seed,
        command=command or _command(predictor.name, targets, seed, by),
        views=views,
        modalities={name: one for name, one in of_modality.items() if one.metrics},
        robustness=measure_perturbed(disturbed, targets, batch_size, compute.workers, seed),
        warnings=() if warning is None else (warning,),
        protocol=protocol_of(manifest),
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


def _command(model: str, targets: Targets, seed: int, by: Sequence[str] | None) -> str:
    words = ["emolens", "evaluate", model, "--data", targets.data, "--split", targets.split, "--seed", str(seed)]
    return shlex.join(words + [word for column in by or () for word in ("--by", column)])
