"""A data set of a suite, divided: for each seed its folds, and the rows that are judged together."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any

import pandas as pd

from emolens.data.adapter import get_adapter, import_dataset
from emolens.data.folds import group_folds
from emolens.data.manifest import Manifest
from emolens.data.protocol import Protocol, get_protocol
from emolens.data.protocol_use import apply_protocol
from emolens.data.relabelling import relabel
from emolens.data.split import split_manifest
from emolens.data.train_share import take_train_share
from emolens.errors import DataError
from emolens.evaluation.benchmark.content import manifest_digest
from emolens.evaluation.benchmark.suite import SuiteData
from emolens.evaluation.data_set import DataSet, data_set_of
from emolens.evaluation.score.view import with_persons
from emolens.people.crop import View
from emolens.people.finder import PersonFinder


@dataclass(frozen=True)
class Part:
    """Rows of a data set with splits, as one model meets them.

    Attributes:
        data: name of the data set.
        seed: of the split and of the training.
        number: which fold, from 1.
        manifest: with its splits.
        share: of the training rows, 1 for all.
        view: what is judged.
    """

    data: str
    seed: int
    number: int
    manifest: Manifest
    share: float = 1.0
    view: View = "scene"

    @cached_property
    def digest(self) -> str:
        """Of all its content."""
        return manifest_digest(self.manifest)

    @cached_property
    def data_set(self) -> DataSet:
        """Its targets.

        Raises:
            DataError: no row of the split ``test`` has a target.
        """
        return data_set_of(self.manifest, "test", self.data)

    def shared(self, share: float) -> "Part":
        """With a share of its training rows; see :func:`emolens.data.take_train_share`."""
        return replace(self, manifest=take_train_share(self.manifest, share, self.seed), share=share)


@dataclass(frozen=True)
class Round:
    """A data set under one seed.

    Attributes:
        folds: each a model is trained on.
        judged: rows that are judged together: those of all folds where no row is tested twice, else of each fold alone.
    """

    folds: tuple[Part, ...]
    judged: tuple[Part, ...]

    @property
    def pooled(self) -> bool:
        """Whether the answers of all folds are put together."""
        return len(self.judged) < len(self.folds)


@dataclass(frozen=True)
class Source:
    """A data set of a suite as its files have it.

    Attributes:
        entry: what the suite says of it.
        manifests: one, or one for each fold where the files hold lists for several.
        protocol: how it is divided; None where the suite or the files say that themselves.
    """

    entry: SuiteData
    manifests: tuple[Manifest, ...]
    protocol: Protocol | None

    @property
    def rule(self) -> str:
        """How it is divided, in words."""
        entry, protocol = self.entry, self.protocol
        if protocol is not None:
            part = f" ({len(self.manifests)} of {protocol.folds} folds are there)"
            missing = protocol.folds_of_files and len(self.manifests) < protocol.folds
            return f"{protocol.name}: {protocol.title}{part if missing else ''}"
        by = "by seed" if entry.split_seed is None else f"seed {entry.split_seed}"
        if entry.folds:
            return f"{entry.folds} folds of whole groups, {by} (ours)"
        if entry.ratios:
            return f"{_ratios(entry.ratios)}, groups whole, {by} (ours)"
        return "as published" if entry.adapter else "as in the manifest"


def read_source(entry: SuiteData, folder: Path, finder: PersonFinder | None = None) -> Source:
    """A data set of a suite, before it is divided.

    Args:
        entry: which.
        folder: with a folder for each data set.
        finder: of the persons, where these are judged and the data set has no boxes.

    Raises:
        ConfigError, DataError: it is not there, or cannot be read; the message says how to get it.
    """
    if entry.manifest:
        manifest = Manifest.read(folder / entry.manifest)
        dataset = str(manifest.metadata.get("dataset") or "")
        protocol = get_protocol(entry.protocol, dataset) if entry.protocol else None
        return Source(entry, (_completed(manifest, entry, finder),), protocol)
    name = get_adapter(entry.adapter).name
    place = folder / (entry.folder or name)
    protocol = get_protocol(entry.protocol, name) if entry.protocol else None
    options = [dict(entry.options)]
    if protocol is not None and protocol.folds_of_files:
        options = [{**entry.options, "fold": fold} for fold in range(1, protocol.folds + 1)]
    found: list[Manifest] = []
    for given in options:
        try:
            found.append(_completed(import_dataset(entry.adapter, place, given), entry, finder))
        except DataError:
            if not found:  # without the first there is none; lists of later folds may be missing
                raise
            break
    return Source(entry, tuple(found), protocol)


def _completed(manifest: Manifest, entry: SuiteData, finder: PersonFinder | None) -> Manifest:
    if entry.label_space:
        manifest = relabel(manifest, entry.label_space)
    if entry.describe:
        from emolens.data.text.descriptions import describe_manifest
        from emolens.data.text.language import load_language

        manifest = describe_manifest(manifest, load_language("en")).manifest
    return with_persons(manifest, finder, None) if entry.view == "person" else manifest


def divide(source: Source, seed: int) -> Round:
    """The folds of one seed.

    Raises:
        ConfigError, DataError: the rule does not fit the data, or there is no split ``test``.
    """
    entry, protocol, (manifest, *_) = source.entry, source.protocol, source.manifests
    dealt = seed if entry.split_seed is None else entry.split_seed
    if protocol is not None and protocol.folds_of_files:
        made = [apply_protocol(part, protocol, fold) for fold, part in enumerate(source.manifests, start=1)]
    elif protocol is not None:
        made = [apply_protocol(manifest, protocol, fold) for fold in range(1, protocol.folds + 1) or (None,)]
    elif entry.folds:
        made = group_folds(manifest, entry.folds, dealt, entry.val)
    elif entry.ratios:
        made = [split_manifest(manifest, entry.ratios, dealt)]
    else:
        made = [manifest]
    folds = tuple(Part(entry.name, seed, number, part, view=entry.view) for number, part in enumerate(made, start=1))
    tests = [fold.manifest.select("test") for fold in folds]
    ids = pd.concat([test.frame["id"] for test in tests])
    if len(folds) == 1 or ids.duplicated().any():
        return Round(folds, folds)
    whole = replace(manifest, frame=pd.concat([test.frame for test in tests], ignore_index=True)).freeze_splits()
    return Round(folds, (Part(entry.name, seed, 1, whole, view=entry.view),))


def _ratios(ratios: Mapping[str, Any]) -> str:
    return "/".join(f"{100 * share:g}" for share in ratios.values()) + f" {'/'.join(ratios)}"
