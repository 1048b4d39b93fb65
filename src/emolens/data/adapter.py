"""What is known of each published data set, and the way from its files to a manifest."""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Any

from emolens.data.importers.registry import Importer, importers
from emolens.data.importers.spaces import resolve_space
from emolens.data.manifest import Manifest
from emolens.data.protocol import Protocol, get_protocol
from emolens.data.protocol_use import apply_protocol
from emolens.data.relabelling import Relabelling, relabel
from emolens.errors import ConfigError, DataError
from emolens.files import read_toml
from emolens.names import did_you_mean
from emolens.taxonomy import mapping_kind


@dataclass(frozen=True)
class Counts:
    """How many samples there are, as far as the publication says."""

    total: int | None = None
    """Exact number of rows."""
    about: int | None = None
    """Where only a rounded number is published."""
    label: Mapping[str, int] = field(default_factory=dict)
    split: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True)
class Adapter:
    """Facts of one data set; a TOML file in ``data/adapters``."""

    name: str
    title: str
    citation: str
    url: str
    obtain: str
    """How to get it."""
    licence: str
    label_space: str
    centric: str
    """What its ratings are of: the ``scene`` as a whole, or a ``person`` in it."""
    importer: str
    """Name of the importer that reads its layout."""
    layout: str
    """The files as they must lie, for people."""
    needs: Mapping[str, str]
    """File or folder below SRC that must be there -> what it is."""
    options: Mapping[str, Any] = field(default_factory=dict)
    counts: Counts = Counts()
    splits: str = ""
    """Splits usual in the literature."""
    notes: str = ""


_REGISTERED: dict[str, Path] = {}


def register_adapter(path: str | Path) -> str:
    """Make a data set known by the TOML file of its facts; returns its name, which is the file's.

    Raises:
        ConfigError: if a data set that comes with emolens is called so.
        DataError: if the file is missing or does not hold the facts of a data set (see :class:`Adapter`).
    """
    adapter = _read(Path(path))
    if adapter.name in _packaged():
        raise ConfigError(f"{path}: emolens comes with a data set {adapter.name}; give the file another name")
    _REGISTERED[adapter.name] = Path(path).absolute()
    return adapter.name


def list_adapters() -> list[str]:
    """Names of the data sets that are known, sorted: those of emolens, and those that were registered."""
    return sorted({*_packaged(), *_REGISTERED})


def get_adapter(name: str) -> Adapter:
    """The facts of a data set; case, ``-`` and ``_`` do not matter.

    Args:
        name: of a known data set, or the path of a TOML file with its facts.

    Raises:
        ConfigError: if there is no such data set; the message names the nearest ones.
        DataError: if the file is missing or does not hold the facts of a data set.
    """
    if name.endswith(".toml"):
        return _read(Path(name))
    key = _key(name)
    if key not in list_adapters():
        raise ConfigError(f'unknown data set "{name}"; {did_you_mean(key, list_adapters())}')
    return _read(_REGISTERED[key]) if key in _REGISTERED else _packaged()[key]


@cache
def _packaged() -> dict[str, Adapter]:
    folder = files("emolens.data") / "adapters"
    entries = sorted(entry.name for entry in folder.iterdir() if entry.name.endswith(".toml"))
    tables = {name: tomllib.loads((folder / name).read_text(encoding="utf-8")) for name in entries}
    return {name[:-5]: _adapter(name[:-5], table) for name, table in tables.items()}


def _read(path: Path) -> Adapter:
    try:
        return _adapter(path.stem, read_toml(path))
    except (TypeError, ValueError) as error:
        raise DataError(f"{path}: does not hold the facts of a data set ({error})") from error


def _adapter(name: str, facts: dict[str, Any]) -> Adapter:
    counts = Counts(**facts.pop("counts", {}))
    return Adapter(name=_key(name), counts=counts, **facts)


def _key(name: str) -> str:
    return name.strip().lower().replace("-", "_")


def plan_import(kind: str) -> tuple[Importer, Mapping[str, Any]]:
    """What reads a kind of files, and the options that the facts of the data set state for it.

    Args:
        kind: name of an importer or of a known data set, or the path of a TOML file with the facts of one.

    Raises:
        ConfigError: if the kind is unknown, or its facts name an unknown importer.
        DataError: if the TOML file is missing or does not hold the facts of a data set.
    """
    known, key = importers(), _key(kind)
    if key in known:
        return known[key], {}
    if not kind.endswith(".toml") and key not in list_adapters():
        raise ConfigError(f'unknown kind "{kind}"; {did_you_mean(key, [*known, *list_adapters()])}')
    adapter = get_adapter(kind)
    if adapter.importer not in known:
        raise ConfigError(f'{kind}: unknown importer "{adapter.importer}"; {did_you_mean(adapter.importer, known)}')
    return known[adapter.importer], adapter.options


def import_dataset(
    kind: str,
    source: str | Path,
    options: Mapping[str, Any] | None = None,
    protocol: str | Protocol | None = None,
    fold: int | None = None,
) -> Manifest:
    """Read the files of a data set into a validated manifest.

    Args:
        kind: name of a known data set (:func:`list_adapters`) or the path of its TOML file, or of an importer
            (:func:`emolens.data.importers.registry.importers`) for one's own files.
        source: its folder; for ``csv`` also the table itself.
        options: fields of the importer's options; they override what the facts of the data set say. A ``label_space``
            that the labels of the data set are exact parts of (parrott6 of WEBEmo's 25) relabels them:
            :func:`emolens.data.relabel`.
        protocol: how it is divided: the name of a protocol of this data set
            (:func:`~emolens.data.protocol.list_protocols`), the path of a TOML file with one, or one itself; None keeps
            the lists of the files.
        fold: which fold of the protocol, from 1; None for the first, where it has folds.

    Returns:
        The manifest, rooted at the folder. ``metadata["notes"]`` says what was left out, ``metadata["partial"]``, if it
        is there, how many rows of how many known ones were found.

    Raises:
        ConfigError: if the kind, an option, the protocol or its fold is unknown.
        DataError: if a part of the layout is missing (which, what it is, how to get it), or its contents are wrong.
    """
    source = Path(source)
    importer, preset = plan_import(kind)
    adapter = None if _key(kind) in importers() else get_adapter(kind)
    name = adapter.name if adapter is not None else _key(kind)
    chosen = get_protocol(protocol, name) if isinstance(protocol, str) else protocol
    if chosen is None and fold is not None:
        raise ConfigError(f"--fold {fold} is of a protocol; name one with --protocol")
    given = {**preset, **(options or {})}
    if chosen is not None:
        fold = chosen.fold(fold)
        if chosen.folds_of_files:
            given["fold"] = fold
    if adapter is not None:
        _check_layout(adapter, source)
    manifest, coarser = _read_files(importer, source, given, adapter)
    where = str(source) if adapter is None else f"{adapter.name} at {source}"
    if adapter is not None:
        manifest = replace(manifest, metadata=_with_facts(manifest, adapter))
    manifest.validate(where)
    if chosen is not None:
        manifest = apply_protocol(manifest, chosen, fold)
        manifest.validate(where)
    return manifest if coarser is None else _relabelled(manifest, coarser)


def _read_files(
    importer: Importer, source: Path, given: Mapping[str, Any], adapter: Adapter | None
) -> tuple[Manifest, str | None]:
    """The rows; and the label space that they are yet to be taken to, where the files have the finer labels of the data
    set and coarser ones were asked for."""
    asked = given.get("label_space")
    try:
        return importer.read(source, importer.fill(given)), None
    except DataError:
        if adapter is None or asked is None or mapping_kind(adapter.label_space, resolve_space(asked)) != "exact":
            raise
    return importer.read(source, importer.fill({**given, "label_space": adapter.label_space})), str(asked)


def _relabelled(manifest: Manifest, space: str) -> Manifest:
    """In a coarser label space; after the splits are made, so that these are the same in all of them."""
    after = relabel(manifest, space)
    notes = [*after.metadata.get("notes", []), *map(str, Relabelling.of(after))]
    return replace(after, metadata={**after.metadata, "notes": notes})


def _with_facts(manifest: Manifest, adapter: Adapter) -> dict[str, Any]:
    metadata = {
        "dataset": adapter.name,
        "title": adapter.title,
        "citation": adapter.citation,
        "licence": adapter.licence,
        "url": adapter.url,
        "centric": adapter.centric,
        **manifest.metadata,
    }
    expected = adapter.counts.total
    if expected is not None and len(manifest) < expected:
        metadata["partial"] = {"imported": len(manifest), "expected": expected}
    return metadata


def _check_layout(adapter: Adapter, source: Path) -> None:
    if not source.is_dir():
        raise DataError(f"{source}: is not a folder. {adapter.title}: {adapter.obtain}")
    for part, what in adapter.needs.items():
        if not (source / part).exists():
            raise DataError(
                f"{source / part} is missing: {what}. {adapter.name} must lie as {adapter.layout.strip()} "
                f"How to get it: {adapter.obtain}"
            )
