"""What is known of each published data set, and the way from its files to a manifest."""

import tomllib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields, replace
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Any

from emolens.data.importers.activitynet_json import ActivityNetOptions, import_activitynet_json
from emolens.data.importers.csv import CsvOptions, import_csv
from emolens.data.importers.emoset_json import EmoSetOptions, import_emoset_json
from emolens.data.importers.emotic_mat import EmoticOptions, import_emotic_mat
from emolens.data.importers.imagefolder import ImageFolderOptions, VideoFolderOptions, import_imagefolder
from emolens.data.importers.splitlists import SplitListsOptions, import_splitlists
from emolens.data.manifest import Manifest
from emolens.errors import ConfigError, DataError
from emolens.names import did_you_mean

Importer = tuple[Callable[[Path, Any], Manifest], type[Any]]
IMPORTERS: Mapping[str, Importer] = {
    "activitynet_json": (import_activitynet_json, ActivityNetOptions),
    "csv": (import_csv, CsvOptions),
    "emoset_json": (import_emoset_json, EmoSetOptions),
    "emotic_mat": (import_emotic_mat, EmoticOptions),
    "imagefolder": (import_imagefolder, ImageFolderOptions),
    "splitlists": (import_splitlists, SplitListsOptions),
    "videofolder": (import_imagefolder, VideoFolderOptions),
}


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


@cache
def list_adapters() -> list[str]:
    """Names of the data sets that emolens knows, sorted."""
    folder = files("emolens.data") / "adapters"
    return sorted(entry.name.removesuffix(".toml") for entry in folder.iterdir() if entry.name.endswith(".toml"))


@cache
def get_adapter(name: str) -> Adapter:
    """The facts of a data set; case, ``-`` and ``_`` do not matter.

    Raises:
        ConfigError: no such data set; the message names the nearest ones.
    """
    key = name.strip().lower().replace("-", "_")
    if key not in list_adapters():
        raise ConfigError(f'unknown data set "{name}"; {did_you_mean(key, list_adapters())}')
    facts = tomllib.loads((files("emolens.data") / "adapters" / f"{key}.toml").read_text(encoding="utf-8"))
    counts = Counts(**facts.pop("counts", {}))
    return Adapter(name=key, counts=counts, **facts)


def import_dataset(kind: str, source: str | Path, options: Mapping[str, Any] | None = None) -> Manifest:
    """Read the files of a data set into a validated manifest.

    Args:
        kind: name of a known data set (:func:`list_adapters`), or of an importer (``IMPORTERS``) for one's own data.
        source: its folder; for ``csv`` also the table itself.
        options: fields of the importer's options; they override what the facts of the data set say.

    Returns:
        The manifest, rooted at the folder. ``metadata["notes"]`` says what was left out, ``metadata["partial"]``, if it
        is there, how many rows of how many known ones were found.

    Raises:
        ConfigError: unknown kind or option.
        DataError: a part of the layout is missing (which, what it is, how to get it), or its contents are wrong.
    """
    source = Path(source)
    key = kind.strip().lower().replace("-", "_")
    if key in IMPORTERS:
        manifest = _run(key, source, dict(options or {}))
        manifest.validate(str(source))
        return manifest
    if key not in list_adapters():
        raise ConfigError(f'unknown kind "{kind}"; {did_you_mean(key, [*IMPORTERS, *list_adapters()])}')
    adapter = get_adapter(key)
    _check_layout(adapter, source)
    manifest = _run(adapter.importer, source, {**adapter.options, **(options or {})})
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
    manifest = replace(manifest, metadata=metadata)
    manifest.validate(f"{adapter.name} at {source}")
    return manifest


def _run(name: str, source: Path, options: dict[str, Any]) -> Manifest:
    run, kind = IMPORTERS[name]
    known = [item.name for item in fields(kind)]
    for option, value in options.items():
        if option not in known:
            raise ConfigError(f'importer {name} has no option "{option}"; {did_you_mean(option, known)}')
        if isinstance(value, list):  # TOML knows no tuples
            options[option] = tuple(value)
    return run(source, kind(**options))


def _check_layout(adapter: Adapter, source: Path) -> None:
    if not source.is_dir():
        raise DataError(f"{source}: is not a folder. {adapter.title}: {adapter.obtain}")
    for part, what in adapter.needs.items():
        if not (source / part).exists():
            raise DataError(
                f"{source / part} is missing: {what}. {adapter.name} must lie as {adapter.layout.strip()} "
                f"How to get it: {adapter.obtain}"
            )
