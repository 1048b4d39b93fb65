"""A data set of a comparison: the rows that are scored, and the splits that baselines are fitted on."""

import os
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from emolens.data.manifest import Manifest
from emolens.errors import ConfigError, DataError
from emolens.evaluation.score.targets import Targets, read_targets
from emolens.evaluation.score.view import with_persons
from emolens.people.finder import PersonFinder

ManifestLike = str | os.PathLike[str] | Manifest


@dataclass(frozen=True)
class DataSet:
    """One data set.

    Attributes:
        manifest: all of it.
        test: the rows that are scored.
        train, val: what a baseline may be fitted on; None where there is no such split, or nothing rated in it.
    """

    manifest: Manifest
    test: Targets
    train: Targets | None
    val: Targets | None

    @property
    def name(self) -> str:
        """Unique in a comparison."""
        return self.test.data


def as_manifest(data: ManifestLike) -> Manifest:
    """The manifest itself, or the one at a path.

    Raises:
        DataError: the file is missing, unreadable or invalid.
    """
    return data if isinstance(data, Manifest) else Manifest.read(Path(data))


def read_data_sets(
    data: Sequence[ManifestLike],
    split: str | None,
    people: PersonFinder | None = None,
    by: Sequence[str] | None = None,
) -> dict[str, DataSet]:
    """Name -> data set, in the order given; two versions of one data set get different names.

    Args:
        data: manifests or their paths.
        split: the rows that are scored; None for all.
        people: finds persons in manifests without boxes; None leaves them without.
        by: columns to break the scored rows down by, each in at least one of the data sets; None for the usual ones.

    Raises:
        ConfigError: no manifest, or the same rows twice; no data set has a column of ``by``.
        DataError: a manifest without that split, or without targets in it.
    """
    if not data:
        raise ConfigError("nothing to compare on: give at least one manifest")
    found: dict[str, DataSet] = {}
    manifests = [as_manifest(given) for given in data]
    known = {column for manifest in manifests for column in manifest.frame.columns}
    for given, whole in zip(data, manifests, strict=True):
        splits = None if split is None else ("train", "val", split)
        manifest = with_persons(whole, people, splits)
        # A column that only other data sets have is left out here; one that none has is an error of the first.
        own = None if by is None else [column for column in by if column in whole.frame.columns or column not in known]
        test = read_targets(manifest, split, by=own)
        name = test.data
        if any((test.dataset, test.ids_sha256) == (part.test.dataset, part.test.ids_sha256) for part in found.values()):
            raise ConfigError(f'"{name}" is given twice, with the same rows in split "{test.split}"')
        if name in found:  # the same data set in another version
            name = f"{name} ({len(found) + 1 if isinstance(given, Manifest) else Path(given).stem})"
        found[name] = _with_training(manifest, replace(test, data=name))
    return found


def data_set_of(manifest: Manifest, split: str | None, name: str) -> DataSet:
    """One data set, of whatever name.

    Raises:
        DataError: no such split, or no targets in it.
    """
    return _with_training(manifest, read_targets(manifest, split, name))


def _with_training(manifest: Manifest, test: Targets) -> DataSet:
    train, val = (_optional(manifest, split, test.data) for split in ("train", "val"))
    return DataSet(manifest, test, train, val)


def _optional(manifest: Manifest, split: str, name: str) -> Targets | None:
    try:
        return read_targets(manifest, split, name, by=())
    except DataError:
        return None
