"""A protocol applied to a manifest, and what a manifest says of the protocol that it was split by."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd

from emolens.data.folds import group_folds
from emolens.data.manifest import Manifest
from emolens.data.protocol import Protocol
from emolens.data.split import split_manifest, split_within, with_splits
from emolens.errors import ConfigError, DataError
from emolens.names import did_you_mean


@dataclass(frozen=True)
class ProtocolUse:
    """The protocol that a manifest carries.

    Attributes:
        name, title, source: of the protocol.
        dataset: of the manifest; "" where it states none.
        sha256: of the rule (:attr:`emolens.data.protocol.Protocol.sha256`).
        fold, folds: which fold of how many; None and 0 without folds.
        splits: split -> {"n", "sha256"}: its id list as the protocol made it.
        changed: splits that are no longer so, sorted.
    """

    name: str
    title: str
    source: str
    dataset: str
    sha256: str
    fold: int | None
    folds: int
    splits: Mapping[str, Mapping[str, Any]]
    changed: tuple[str, ...]

    def words(self) -> str:
        """One line for tables: name, data set, fold, the beginning of the hash, and what was changed."""
        said = f"{self.name} of {self.dataset}" if self.dataset else self.name
        if self.fold is not None:
            said += f", fold {self.fold} of {self.folds}"
        said += f" (sha256 {self.sha256[:12]})"
        return f"{said}; changed since: {', '.join(self.changed)}" if self.changed else said

    def to_json(self) -> dict[str, Any]:
        """For ``metrics.json``."""
        kept = ("name", "dataset", "title", "source", "sha256", "fold", "folds")
        return {
            **{name: getattr(self, name) for name in kept},
            "splits": {name: dict(stated) for name, stated in self.splits.items()},
            "changed": list(self.changed),
        }


def apply_protocol(manifest: Manifest, protocol: Protocol, fold: int | None = None) -> Manifest:
    """Divide a manifest as a protocol says.

    Args:
        manifest: as imported, with the lists of its files as splits; not changed.
        protocol: of its data set.
        fold: which fold, from 1; None for the first, where there are folds.

    Returns:
        The manifest with the splits of the protocol, frozen; ``metadata["protocol"]`` says name, SHA-256 of the rule,
        fold, and the SHA-256 of the id list of each split. :func:`protocol_of` reads it.

    Raises:
        ConfigError: if there is no such fold, or the manifest lacks a column that the protocol names.
        DataError: if the lists are other ones than the protocol knows, or a split would be empty.

    Examples:
        >>> from emolens.data import Manifest, Protocol
        >>> halves = Protocol("halves", (), "Two halves", "ours", fractions={"train": 0.5, "test": 0.5})
        >>> use = protocol_of(apply_protocol(Manifest.read("data.parquet"), halves))
        >>> use.name, use.changed, use.splits["test"]["n"]
        ('halves', (), 12)
    """
    fold = protocol.fold(fold)
    if protocol.folds_of_files and manifest.metadata.get("fold", fold) != fold:
        raise ConfigError(
            f"protocol {protocol.name}: the files were read as fold {manifest.metadata['fold']}, not {fold}; "
            f"import them again with --fold {fold}"
        )
    try:
        divided = _divided(manifest, protocol, fold)
    except DataError as error:
        raise DataError(f"protocol {protocol.name}: {error}") from error
    stated = {
        "name": protocol.name,
        "title": protocol.title,
        "source": protocol.source,
        "sha256": protocol.sha256,
        "fold": fold,
        "folds": protocol.folds,
        "splits": divided.metadata["splits"],
    }
    return replace(divided, metadata={**divided.metadata, "protocol": stated})


def protocol_of(manifest: Manifest) -> ProtocolUse | None:
    """The protocol that a manifest was split by, with the splits that were changed since; None if there is none.

    Args:
        manifest: all of it, not one split; valid, so that its frozen splits are what its rows are.
    """
    stated = manifest.metadata.get("protocol")
    if stated is None:
        return None
    now, then = manifest.metadata.get("splits", {}), stated["splits"]
    changed = sorted(name for name in {*now, *then} if now.get(name) != then.get(name))
    return ProtocolUse(
        name=stated["name"],
        title=stated["title"],
        source=stated["source"],
        dataset=str(manifest.metadata.get("dataset") or ""),
        sha256=stated["sha256"],
        fold=stated.get("fold"),
        folds=stated.get("folds", 0),
        splits=then,
        changed=tuple(changed),
    )


def _divided(manifest: Manifest, protocol: Protocol, fold: int | None) -> Manifest:
    seed, by, fractions = protocol.seed, protocol.by, protocol.fractions
    if protocol.lists:
        manifest = _by_lists(manifest, protocol)
    if fold is not None and protocol.fold_values:
        manifest = _by_column(manifest, protocol, fold)
    elif fold is not None and not protocol.lists:
        return group_folds(manifest, protocol.folds, seed, fractions.get("val", 0))[fold - 1]
    if protocol.within:
        return split_within(manifest, protocol.within, fractions, seed, by)
    return split_manifest(manifest, fractions, seed, by) if fractions else manifest


def _by_lists(manifest: Manifest, protocol: Protocol) -> Manifest:
    lists = protocol.lists
    unknown = [name for name in manifest.split_names() if name not in lists]
    if unknown or not manifest.split_names():
        have = ", ".join(manifest.split_names()) or "none"
        raise DataError(f"it is of the lists {', '.join(lists)}; the files have {have}")
    split = manifest.frame["split"].map(dict(lists), na_action="ignore")
    return with_splits(manifest, split.to_numpy(dtype=object), {"lists": dict(lists)})


def _by_column(manifest: Manifest, protocol: Protocol, fold: int) -> Manifest:
    column = protocol.fold_column
    if column not in manifest.frame.columns:
        hint = did_you_mean(column, map(str, manifest.frame.columns))
        raise ConfigError(f'protocol {protocol.name}: no column "{column}" to tell the folds by; {hint}')
    value = manifest.frame[column]
    unknown = value[~value.isin([known for values in protocol.fold_values for known in values])]
    if len(unknown):
        row = int(np.flatnonzero(manifest.frame.index == unknown.index[0])[0])
        raise DataError(f'row {row}: {column} "{unknown.iloc[0]}" is in none of its {protocol.folds} folds')
    tested = value.isin(protocol.fold_values[fold - 1])
    split = pd.Series("train", index=value.index, dtype=object).mask(tested, "test")
    return with_splits(manifest, split.to_numpy(dtype=object), {"fold": fold, "folds": protocol.folds})
