"""Models x data sets, beside the baselines that every claim needs."""

import os
import shlex
from collections.abc import Sequence
from pathlib import Path

from emolens.compute import ComputeConfig
from emolens.data.manifest import Manifest
from emolens.data.protocol_use import protocol_of
from emolens.errors import ConfigError, DataError, EmolensError
from emolens.evaluation.baselines.registry import list_baselines
from emolens.evaluation.candidate import Candidate, Setting, predictor_candidate
from emolens.evaluation.comparison import Cell, Comparison, Entry
from emolens.evaluation.data_set import DataSet, ManifestLike, read_data_sets
from emolens.evaluation.differences import differences_to_best
from emolens.evaluation.report.write import make_folder, write_comparison
from emolens.evaluation.reported import read_reported
from emolens.evaluation.resolve import embedding_cache, knn_candidate, neighbours_of
from emolens.evaluation.score.measure import measure
from emolens.evaluation.seeds import seed_spreads
from emolens.inference.image_predictor import ImagePredictor
from emolens.inference.load import load
from emolens.inference.persons import Who
from emolens.inference.predictor import Predictor
from emolens.models.backbones.base import Backbone
from emolens.models.backbones.load import load_backbone
from emolens.people.finder import PersonFinder
from emolens.specs import short_names


def compare(
    models: Sequence[Predictor | str],
    data: Sequence[ManifestLike],
    out: str | os.PathLike[str] | None = None,
    *,
    split: str | None = "test",
    batch_size: int = 32,
    seed: int = 0,
    who: Who | None = None,
    people: PersonFinder | str | None = None,
    by: Sequence[str] | None = None,
    compute: ComputeConfig | None = None,
    cache: str | os.PathLike[str] | None = None,
    reported: str | os.PathLike[str] | None = None,
    command: str | None = None,
) -> Comparison:
    """Measure every model on every data set, after the baselines: majority, ``mini``, zero-shot, linear probe.

    A baseline that cannot run (no weights, no train split) is an entry that says why. A linear probe is fitted on each
    data set's train split and measured on all of them, once for each backbone of the given models (on ``mini``'s
    features where they have none).

    Args:
        models: predictors, or specs as in :func:`emolens.load`; the neighbours of a ``knn:BACKBONE`` are those of the
            train split of each data set.
        data: manifests or their paths.
        out: folder for ``metrics.json``, ``predictions.parquet`` and ``report.html``; None writes nothing.
        split: the rows that are scored, None for all; baselines are fitted on the splits "train" and "val".
        batch_size: pictures, or frames, that go through a model together.
        seed: of the bootstrap.
        who: what of each row is shown: ``scene``, ``persons``, to the given models in turn both for ``both``, or, for
            None, what fits each (:func:`emolens.evaluation.score.view.choose_view`).
        people: finds the persons in manifests without boxes (``yolox:PATH``, or a
            :class:`emolens.people.PersonFinder`); None leaves them without.
        by: columns whose values are also measured one by one, on the data sets that have them; None for ``domain`` and
            ``platform``.
        compute: where specs are loaded, and how many files decode at once.
        cache: folder of the embeddings, None for the user's cache; models on one backbone embed once.
        reported: TOML file with numbers from publications, shown apart.
        command: how a reader can run this again; None for the equivalent command line.

    Raises:
        ConfigError, WeightsError: a given model cannot be loaded (before any picture is read); two have one name; no
            data set has a column of ``by``, or it has more than 50 values.
        DataError: a manifest without the split or without targets; nothing could be scored; ``out`` cannot be written.

    Examples:
        >>> table = compare(["knn:mini"], ["data.parquet"])
        >>> [entry.name for entry in table.entries]
        ['majority', 'mini', 'zeroshot:ViT-B-32/openai', 'linear probe on mini', 'knn:mini']
    """
    compute = compute or ComputeConfig()
    numbers = read_reported(reported) if reported is not None else []
    data_sets = read_data_sets(data, split, PersonFinder.of(people), by)
    if out is not None:
        make_folder(out)
    given = _named(models)
    loaded = {name: _load(model, compute, embedding_cache(cache)) for name, model in given.items()}
    setting = Setting(
        data_sets,
        models=tuple(model if isinstance(model, str) else name for name, model in given.items()),
        backbones=tuple(dict.fromkeys(spec for model in loaded.values() if (spec := _backbone_of(model)) is not None)),
        compute=compute,
        cache=embedding_cache(cache),
        batch_size=batch_size,
        who=None if who == "both" else who,
    )
    entries = [
        _entry("baseline", candidate, setting, seed)
        for baseline in list_baselines()
        for candidate in baseline.candidates(setting)
    ]
    own = [
        _entry("given", candidate, setting, seed)
        for name, model in loaded.items()
        for candidate in _candidates(name, model, setting, who)
    ]
    _check_something_scored(own)
    entries += own
    targets = {name: part.test for name, part in data_sets.items()}
    comparison = Comparison(
        targets=targets,
        entries=entries,
        differences=differences_to_best(entries, targets, seed),
        spreads=[] if who == "both" else seed_spreads(dict(zip(setting.models, own, strict=True))),
        reported=numbers,
        seed=seed,
        command=command or _command(setting.models, data, split, seed, by),
        protocols={name: protocol_of(part.manifest) for name, part in data_sets.items()},
    )
    if out is not None:
        write_comparison(comparison, out)
    return comparison


def _named(models: Sequence[Predictor | str]) -> dict[str, Predictor | str]:
    """Name for the tables -> model; a spec given twice counts once."""
    short = short_names(dict.fromkeys(model for model in models if isinstance(model, str)))
    found: dict[str, Predictor | str] = {}
    for model in models:
        name = short[model] if isinstance(model, str) else model.name
        if found.setdefault(name, model) is not model and found[name] != model:
            raise ConfigError(f'two models are called "{name}"; set the name of one of them')
    return found


def _load(model: Predictor | str, compute: ComputeConfig, cache: Path) -> Predictor | Backbone:
    """The model; of a ``knn:BACKBONE``, whose neighbours differ from data set to data set, the backbone."""
    if (backbone := neighbours_of(model)) is not None:
        return load_backbone(backbone, compute)
    if isinstance(model, Predictor):
        return model
    return load(model, device=compute.device, precision=compute.precision, cache=cache)


def _candidates(name: str, model: Predictor | Backbone, setting: Setting, who: Who | None) -> list[Candidate]:
    """The rows of a given model: one, or one for each thing that it is shown."""
    if isinstance(model, Backbone):
        return [knn_candidate(name, model, setting)]
    if who != "both":
        return [predictor_candidate(name, model, setting)]
    return [predictor_candidate(f"{name}, {shown}", model, setting, shown) for shown in ("scene", "persons")]


def _backbone_of(model: Predictor | Backbone) -> str | None:
    """The spec of the frozen encoder that looks at pictures; None of an audio-visual network, which has none."""
    if isinstance(model, Backbone):
        return model.spec
    return model.backbone_spec if isinstance(model, ImagePredictor) else None


def _entry(kind: str, candidate: Candidate, setting: Setting, seed: int) -> Entry:
    cells = {name: _cell(candidate, data, seed) for name, data in setting.data.items()}
    return Entry(candidate.name, kind, candidate.description, cells)


def _cell(candidate: Candidate, data: DataSet, seed: int) -> Cell:
    try:
        answers = candidate.answer(data)
    except EmolensError as error:
        return Cell(not_run=str(error))
    measured = measure(answers, data.test, seed)
    if not measured.metrics:
        return Cell(not_run="it gives nothing that this data set has a target for")
    return Cell(answers, measured, home=candidate.home(data), warning=candidate.warning(data))


def _check_something_scored(entries: Sequence[Entry]) -> None:
    cells = [cell for entry in entries for cell in entry.cells.values()]
    if cells and all(cell.measured is None for cell in cells):
        raise DataError(f"none of the given models could be scored; the first: {cells[0].not_run}")


def _command(
    models: Sequence[str], data: Sequence[ManifestLike], split: str | None, seed: int, by: Sequence[str] | None
) -> str:
    paths = [str(m.metadata.get("dataset", "MANIFEST")) if isinstance(m, Manifest) else str(m) for m in data]
    words = ["emolens", "compare", "--models", *models, "--data", *paths, "--split", split or "all"]
    return shlex.join([*words, "--seed", str(seed), *(word for column in by or () for word in ("--by", column))])
