"""Models x data sets, beside the rungs that every claim needs."""

import os
import shlex
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from emolens.compute import ComputeConfig, Precision
from emolens.data.manifest import Manifest
from emolens.embedding.cache import EmbeddingCache
from emolens.errors import ConfigError, DataError, EmolensError
from emolens.evaluation.baselines.baselines import majority_answers, probe_answers, zero_shot_baselines
from emolens.evaluation.baselines.linear_probe import LinearProbe, fit_linear_probe
from emolens.evaluation.comparison import Cell, Comparison, Entry, SeedSpread
from emolens.evaluation.differences import differences_to_best
from emolens.evaluation.evaluate import make_folder
from emolens.evaluation.reported import read_reported
from emolens.evaluation.score.answers import Answers, ask, describe_predictor, fit_predictor
from emolens.evaluation.score.measure import measure
from emolens.evaluation.score.overlap import is_home, overlap_warning
from emolens.evaluation.score.targets import Targets, read_targets
from emolens.evaluation.seeds import mean_and_sd, seed_groups
from emolens.files import user_cache
from emolens.inference.image_predictor import ImagePredictor
from emolens.inference.load import load
from emolens.inference.predictor import Predictor
from emolens.models.backbones.base import Backbone
from emolens.models.backbones.load import load_backbone
from emolens.specs import short_names

ManifestLike = str | os.PathLike[str] | Manifest


@dataclass(frozen=True)
class CompareConfig:
    """How a comparison runs.

    Attributes:
        split: which rows are scored; the ladder is fitted on the splits "train" and "val".
        batch_size: pictures that go through a model together.
        workers: pictures decoded at once; None chooses.
        seed: of the bootstrap.
        device, precision: as in :func:`emolens.load`.
        cache: folder of the embeddings; None for the user's cache. Models that share a backbone embed once.
        reported: TOML file with numbers from publications, shown apart.
    """

    split: str = "test"
    batch_size: int = 32
    workers: int | None = None
    seed: int = 0
    device: str = "auto"
    precision: Precision = "auto"
    cache: str | os.PathLike[str] | None = None
    reported: str | os.PathLike[str] | None = None


@dataclass(frozen=True)
class _Data:
    """One data set: what is scored, and what the ladder is fitted on (None where there is no such split)."""

    test: Targets
    train: Targets | None
    val: Targets | None


def compare(
    models: Sequence[str],
    manifests: Sequence[ManifestLike],
    out: str | os.PathLike[str] | None = None,
    config: CompareConfig | None = None,
    command: str | None = None,
) -> Comparison:
    """Measure every model on every data set, after the ladder: majority, ``mini``, zero-shot, linear probe.

    A rung that cannot run (no weights, no train split) is an entry that says why. A linear probe is fitted on each
    data set's train split and measured on all of them, once for each backbone of the given models (on ``mini``'s
    features where they have none).

    Args:
        models: specs as in :func:`emolens.load`.
        manifests: manifests or their paths.
        out: folder for ``metrics.json``, ``predictions.parquet`` and ``report.html``; None writes nothing.
        config: how it runs.
        command: how a reader can run this again; None for the equivalent command line.

    Raises:
        ConfigError, WeightsError: a given model cannot be loaded (before any picture is read).
        DataError: a manifest without the split or without targets; nothing could be scored; ``out`` cannot be written.
    """
    config = config or CompareConfig()
    reported = read_reported(config.reported) if config.reported is not None else []
    data = _read_data(manifests, config)
    if out is not None:
        make_folder(out)
    specs = list(dict.fromkeys(models))
    given = {spec: _load(spec, config) for spec in specs}
    names = short_names(specs)
    entries = [*_baselines(given, data, config), *(_given(names[spec], given[spec], data, config) for spec in specs)]
    if (
        all(cell.measured is None for entry in entries if entry.kind == "given" for cell in entry.cells.values())
        and specs
    ):
        first = next(iter(next(e for e in entries if e.kind == "given").cells.values()))
        raise DataError(f"none of the given models could be scored; the first: {first.not_run}")
    targets = {name: part.test for name, part in data.items()}
    comparison = Comparison(
        targets=targets,
        entries=entries,
        differences=differences_to_best(entries, targets, config.seed),
        spreads=_spreads(dict(zip(specs, entries[len(entries) - len(specs) :], strict=True))),
        reported=reported,
        seed=config.seed,
        command=command or _command(specs, manifests, config),
    )
    if out is not None:
        comparison.write(out)
    return comparison


def _read_data(manifests: Sequence[ManifestLike], config: CompareConfig) -> dict[str, _Data]:
    if not manifests:
        raise ConfigError("nothing to compare on: give at least one manifest")
    data: dict[str, _Data] = {}
    for given in manifests:
        manifest = given if isinstance(given, Manifest) else Manifest.read(Path(given))
        test = read_targets(manifest, config.split)
        name = test.data
        if any((test.dataset, test.ids_sha256) == (part.test.dataset, part.test.ids_sha256) for part in data.values()):
            raise ConfigError(f'"{name}" is given twice, with the same rows in split "{test.split}"')
        if name in data:  # the same data set in another version
            name = f"{name} ({Path(given).stem if not isinstance(given, Manifest) else len(data) + 1})"
        data[name] = _Data(
            test=replace(test, data=name),
            train=_optional_targets(manifest, "train", name),
            val=_optional_targets(manifest, "val", name),
        )
    return data


def _optional_targets(manifest: Manifest, split: str, name: str) -> Targets | None:
    try:
        return read_targets(manifest, split, name)
    except DataError:
        return None


def _load(spec: str, config: CompareConfig) -> Predictor:
    return load(spec, device=config.device, precision=config.precision, cache=_cache(config))


def _cache(config: CompareConfig) -> Path:
    return Path(config.cache) if config.cache is not None else user_cache() / "embeddings"


def _given(name: str, predictor: Predictor, data: dict[str, _Data], config: CompareConfig) -> Entry:
    home = [name for name, part in data.items() if is_home(predictor, part.test)]

    def answer(part: _Data) -> Answers:
        answers = ask(fit_predictor(predictor, part.test), part.test, config.batch_size, config.workers)
        return replace(answers, model=name)

    cells = _cells(answer, data, config, home)
    for where, part in data.items():
        if cells[where].measured is not None:
            cells[where] = replace(cells[where], warning=overlap_warning(predictor, part.test))
    return Entry(name, "given", describe_predictor(predictor), cells)


def _cells(
    answer: Callable[[_Data], Answers], data: dict[str, _Data], config: CompareConfig, home: Iterable[str] = ()
) -> dict[str, Cell]:
    return {name: _cell(answer, part, config, name in home) for name, part in data.items()}


def _cell(answer: Callable[[_Data], Answers], part: _Data, config: CompareConfig, home: bool) -> Cell:
    try:
        answers = answer(part)
    except EmolensError as error:
        return Cell(not_run=str(error))
    measured = measure(answers, part.test, config.seed)
    if not measured.metrics:
        return Cell(not_run="it gives nothing that this data set has a target for")
    return Cell(answers, measured, home=home)


def _baselines(given: dict[str, Predictor], data: dict[str, _Data], config: CompareConfig) -> list[Entry]:
    backbones = list(dict.fromkeys(p.backbone_spec for p in given.values() if isinstance(p, ImagePredictor)))
    entries = [_majority(data, config)]
    rungs = ([] if "mini" in given else ["mini"]) + zero_shot_baselines(given, backbones)
    for spec, name in short_names(rungs).items():
        try:
            entries.append(replace(_given(name, _load(spec, config), data, config), kind="rung"))
        except EmolensError as error:
            entries.append(_not_run(name, str(error), data))
    for spec, name in short_names(backbones or ["mini"]).items():
        title = f"linear probe on {name}"
        try:
            entries.extend(
                _probes(title, load_backbone(spec, ComputeConfig(config.device, config.precision)), data, config)
            )
        except EmolensError as error:
            entries.append(_not_run(title, str(error), data))
    return entries


def _not_run(name: str, why: str, data: dict[str, _Data]) -> Entry:
    return Entry(name, "rung", "", {part: Cell(not_run=why) for part in data})


def _majority(data: dict[str, _Data], config: CompareConfig) -> Entry:
    def answer(part: _Data) -> Answers:
        if part.train is None:
            raise DataError('there is no split "train" to take the frequencies from')
        return majority_answers(part.train, part.test)

    what = "the label frequencies and means of each data set's train split"
    return Entry("majority", "rung", what, _cells(answer, data, config, home=data))


def _probes(name: str, backbone: Backbone, data: dict[str, _Data], config: CompareConfig) -> list[Entry]:
    """One probe a data set that has a train split, each measured on every data set."""
    cache = EmbeddingCache(_cache(config), backbone)
    embed = _Embedder(cache, config)
    probes: dict[str, LinearProbe] = {}
    why_not: dict[str, str] = {}
    for trained_on, part in data.items():
        try:
            probes[trained_on] = _fit(part, embed)
        except DataError as error:
            why_not[trained_on] = str(error)
    entries = []
    for trained_on in data:
        title = f"{name}, from {trained_on}" if len(data) > 1 else name
        if trained_on in why_not:
            entries.append(_not_run(title, why_not[trained_on], data))
            continue
        probe = probes[trained_on]

        def answer(part: _Data, probe: LinearProbe = probe, title: str = title) -> Answers:
            return probe_answers(title, probe, *embed(part.test), part.test)

        cells = _cells(answer, data, config, (trained_on,))
        what = f"logistic and ridge regression on {backbone.spec}, train split of {trained_on}; {probe.chosen}"
        entries.append(Entry(title, "rung", what, cells))
    return entries


class _Embedder:
    """Embeddings of the rows of a split, from the cache where they are there."""

    def __init__(self, cache: EmbeddingCache, config: CompareConfig) -> None:
        self.cache, self.config = cache, config

    def __call__(self, targets: Targets) -> tuple[npt.NDArray[np.float32], dict[int, str]]:
        if targets.has_videos:
            raise DataError(f"{targets.data} has videos; a linear probe is fitted on pictures")
        embedded = self.cache.embed(list(targets.path_N), self.config.batch_size, self.config.workers)
        return embedded.embedding_ND, dict(embedded.errors)


def _fit(part: _Data, embed: _Embedder) -> LinearProbe:
    if part.train is None:
        raise DataError('there is no split "train" to fit it on')
    train_ND, _ = embed(part.train)
    if part.val is None:
        return fit_linear_probe(train_ND, part.train)
    val_ND, _ = embed(part.val)
    return fit_linear_probe(train_ND, part.train, val_ND, part.val)


def _spreads(entries: dict[str, Entry]) -> list[SeedSpread]:
    found = []
    for group in seed_groups(list(entries)):
        for data in entries[group.specs[0]].cells:
            parts = [entries[spec].cells[data].measured for spec in group.specs]
            measured = [part for part in parts if part is not None]
            if len(measured) < len(parts):
                continue
            for metric in measured[0].headline:
                values = [part.metrics[metric].value for part in measured]
                if np.isfinite(values).all():
                    found.append(SeedSpread(group.name, data, metric, *mean_and_sd(values), group.seeds))
    return found


def _command(models: Sequence[str], manifests: Sequence[ManifestLike], config: CompareConfig) -> str:
    paths = [str(m.metadata.get("dataset", "MANIFEST")) if isinstance(m, Manifest) else str(m) for m in manifests]
    words: list[Any] = ["emolens", "compare", "--models", *models, "--data", *paths, "--split", config.split]
    return shlex.join([*words, "--seed", str(config.seed)])
