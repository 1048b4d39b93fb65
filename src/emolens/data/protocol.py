"""Which rows of a published data set train, validate and test: facts, one TOML file a protocol."""

import hashlib
import json
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Any

from emolens.errors import ConfigError, DataError
from emolens.files import read_toml
from emolens.names import did_you_mean


@dataclass(frozen=True)
class Protocol:
    """One way to divide a data set; a TOML file in ``data/protocols``.

    The steps, in this order: the lists of the files are taken over by ``lists``; a fold is chosen; ``fractions`` divide
    the rows of ``within``, or all of them. Rows of one group always stay together.
    """

    name: str
    """Such as ``published`` or ``uniemox``; a data set may have several."""
    datasets: tuple[str, ...]
    """The data sets that it is for (a family may share one); empty: any."""
    title: str
    """What it does, one line."""
    source: str
    """Whose it is: a publication, a release, or ours."""
    lists: Mapping[str, str] = field(default_factory=dict)
    """Split as imported -> split of the protocol. A list that is not named here is an error. Empty: the lists of the
    files, if there are any, do not count."""
    within: str = ""
    """The split that ``fractions`` divide, and no other; empty: all rows."""
    fractions: Mapping[str, float] = field(default_factory=dict)
    """Split -> share of the rows of ``within``, of which the rest stays, or of all rows, summing to 1. Where whole
    groups are left out in ``folds``: the share ``val`` alone."""
    seed: int = 0
    """Of the shuffle."""
    by: str | None = None
    """Column to stratify by; by default the label, or else the valence."""
    folds: int = 0
    """How many folds; 0: no folds. They are those of ``fold_values``, or those of the files (``lists``; the importer
    has an option ``fold``), or made by leaving groups out in turn."""
    fold_column: str = ""
    """Column that says in which fold a row is tested."""
    fold_values: tuple[tuple[str, ...], ...] = ()
    """Values of ``fold_column`` that are tested in each fold; all other rows are ``train``."""
    notes: str = ""
    """What is ours, and what could not be confirmed."""

    @property
    def folds_of_files(self) -> bool:
        """Whether the folds are lists among the files, of which the importer reads one."""
        return self.folds > 0 and bool(self.lists) and not self.fold_values

    @property
    def sha256(self) -> str:
        """Of everything that decides where a row goes; words do not count."""
        rule = {
            "lists": dict(self.lists),
            "within": self.within,
            "fractions": {name: float(share) for name, share in self.fractions.items()},
            "seed": self.seed,
            "by": self.by,
            "folds": self.folds,
            "fold_column": self.fold_column,
            "fold_values": [list(values) for values in self.fold_values],
        }
        return hashlib.sha256(json.dumps(rule, sort_keys=True).encode()).hexdigest()

    def fold(self, number: int | None) -> int | None:
        """The fold that a number means: the first for None; None where there are no folds.

        Raises:
            ConfigError: if there is no such fold.
        """
        if number is None:
            return 1 if self.folds else None
        if not self.folds:
            raise ConfigError(f"protocol {self.name}: has no folds, so there is no fold {number}")
        if not 1 <= number <= self.folds:
            raise ConfigError(f"protocol {self.name}: no fold {number}; it has 1 to {self.folds}")
        return number


_REGISTERED: dict[Path, Protocol] = {}


def register_protocol(path: str | Path) -> str:
    """Make a protocol known by its TOML file (see :class:`Protocol`); returns its name.

    Raises:
        ConfigError: if one of its data sets has another protocol of that name.
        DataError: if the file is missing or does not hold a protocol.
    """
    path = Path(path).absolute()
    protocol = read_protocol(path)
    for other in _known():
        shared = set(protocol.datasets) & set(other.datasets)
        if other.name == protocol.name and shared and _REGISTERED.get(path) is not other:
            raise ConfigError(f"{path}: {min(shared)} has a protocol {protocol.name} already; give it another name")
    _REGISTERED[path] = protocol
    return protocol.name


def list_protocols(dataset: str) -> list[str]:
    """Names of the protocols of a data set, sorted."""
    return sorted({protocol.name for protocol in _known() if _fits(protocol, dataset)})


def get_protocol(name: str, dataset: str) -> Protocol:
    """The protocol of that name of a data set.

    Args:
        name: of a known protocol, or the path of a TOML file that holds one.
        dataset: name of the data set, or of an importer for one's own files.

    Raises:
        ConfigError: if the data set has no such protocol.
        DataError: if the file is missing or does not hold a protocol.
    """
    if name.endswith(".toml"):
        protocol = read_protocol(Path(name))
        if not _fits(protocol, dataset):
            raise ConfigError(f"{name}: is a protocol of {', '.join(protocol.datasets)}, not of {dataset}")
        return protocol
    found = [protocol for protocol in _known() if protocol.name == name and _fits(protocol, dataset)]
    if found:
        return found[-1]
    names = list_protocols(dataset)
    hint = did_you_mean(name, names) if names else "it has none; give the TOML file of one"
    raise ConfigError(f'{dataset} has no protocol "{name}"; {hint}')


def read_protocol(path: Path) -> Protocol:
    """A protocol as its TOML file has it.

    Raises:
        DataError: if the file is missing or does not hold a protocol; the message says what is wrong.
    """
    try:
        return _protocol(read_toml(path))
    except (TypeError, ValueError) as error:
        raise DataError(f"{path}: does not hold a protocol ({error})") from error


def _fits(protocol: Protocol, dataset: str) -> bool:
    return not protocol.datasets or dataset in protocol.datasets


def _known() -> list[Protocol]:
    return [*_packaged(), *_REGISTERED.values()]


@cache
def _packaged() -> tuple[Protocol, ...]:
    folder = files("emolens.data") / "protocols"
    entries = sorted(entry.name for entry in folder.iterdir() if entry.name.endswith(".toml"))
    return tuple(_protocol(tomllib.loads((folder / name).read_text(encoding="utf-8"))) for name in entries)


def _protocol(facts: dict[str, Any]) -> Protocol:
    """The protocol of a table; TypeError or ValueError where a field is of another kind or they contradict."""
    words = {"name", "title", "source", "within", "by", "fold_column", "notes"}
    for field_name, value in facts.items():
        if field_name in words and not isinstance(value, str):
            raise TypeError(f"{field_name} must be text")
        if field_name in ("seed", "folds") and (type(value) is not int or value < 0):
            raise TypeError(f"{field_name} must be a whole number of 0 or more")
    facts["datasets"] = _texts(facts.get("datasets"), "datasets")
    facts["fold_values"] = tuple(_texts(values, "fold_values") for values in facts.get("fold_values", []))
    protocol = Protocol(**facts)
    _check(protocol)
    return protocol


def _texts(values: Any, name: str) -> tuple[str, ...]:
    if not isinstance(values, list) or not all(isinstance(value, str) for value in values):
        raise TypeError(f"{name} must be a list of texts")
    return tuple(values)


def _check(protocol: Protocol) -> None:
    lists, fractions = protocol.lists, protocol.fractions
    if not isinstance(lists, Mapping) or not all(isinstance(split, str) for split in lists.values()):
        raise TypeError("lists must be a table of split = split")
    if not isinstance(fractions, Mapping) or not all(type(share) in (int, float) for share in fractions.values()):
        raise TypeError("fractions must be a table of split = share")
    if protocol.fold_values and (protocol.folds != len(protocol.fold_values) or not protocol.fold_column):
        raise ValueError("fold_values need fold_column, and folds must say how many there are")
    if protocol.within and not fractions:
        raise ValueError("within needs fractions: the shares that are carved out of it")
    if protocol.within and not (lists or protocol.fold_values):
        raise ValueError("within needs lists (or fold_values): the splits that it is one of")
    if not (lists or protocol.folds or fractions):
        raise ValueError("it divides nothing: give lists, folds or fractions")
    if lists and fractions and not protocol.within:
        raise ValueError("fractions of all rows would undo the lists; give within, or leave lists out")
