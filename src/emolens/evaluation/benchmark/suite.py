"""A suite: which data sets, how each is divided, and what is shown. Facts, in TOML."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from importlib.resources import files
from pathlib import Path
from typing import Any, Literal

from emolens.errors import ConfigError
from emolens.evaluation.benchmark.toml_file import check_types, parse_toml, read_toml_text
from emolens.names import did_you_mean
from emolens.plain import from_plain

MEAN_METRICS = ("accuracy", "uar")


@dataclass(frozen=True)
class SuiteData:
    """One data set of a suite, and how it is divided. At most one of ``protocol``, ``ratios`` and ``folds``.

    Attributes:
        name: in the tables; unique in the suite.
        adapter: data set or TOML file that :func:`emolens.data.import_dataset` knows; "" with ``manifest``.
        folder: below the data folder; the adapter's name if not given.
        manifest: a manifest below the data folder, in place of files to import.
        options: of the importer, as ``emolens data import`` has them.
        label_space: coarser space into which the labels are brought by an exact table (:func:`emolens.data.relabel`);
            the data's own if not given.
        describe: whether rows get the sentence that pretraining of UniEmoX needs (``emolens data describe``).
        protocol: name of a published protocol.
        ratios: split -> share, of a stratified, group-disjoint split by the seed of the benchmark.
        folds: leave-groups-out, so many folds, dealt by the seed of the benchmark.
        val: of folds: how many groups validate, or below 1 what share of the rows.
        split_seed: of ``ratios`` and ``folds``, where it is not to follow the seed of the benchmark.
        metrics: shown; the suite's if not given.
        view: what is judged, the scene or the persons in it.
    """

    name: str
    adapter: str = ""
    folder: str = ""
    manifest: str = ""
    options: Mapping[str, Any] = field(default_factory=dict)
    label_space: str = ""
    describe: bool = False
    protocol: str = ""
    ratios: Mapping[str, float] = field(default_factory=dict)
    folds: int = 0
    val: float = 0.1
    split_seed: int | None = None
    metrics: tuple[str, ...] = ()
    view: Literal["scene", "person"] = "scene"

    def __post_init__(self) -> None:
        check_types(self, f'data set "{self.name}"')
        if bool(self.adapter) == bool(self.manifest):
            raise ConfigError(f'data set "{self.name}": give either adapter or manifest')
        if sum(map(bool, (self.protocol, self.ratios, self.folds))) > 1:
            raise ConfigError(f'data set "{self.name}": give one of protocol, ratios and folds')


@dataclass(frozen=True)
class Suite:
    """Data sets that are measured together.

    Attributes:
        name: "" before it is read: the file's, without its ending.
        title: one line.
        source: who measured on these sets, or that the choice is ours.
        notes: what a reader must know.
        metrics: shown, in this order; all are computed, and in the CSV and JSON files.
        seeds: how many, from 0 on; each deals the splits that are ours, and trains.
        transfer: data sets on whose first fold models are trained to be judged on all the others.
        data: the sets.
    """

    title: str
    data: tuple[SuiteData, ...]
    name: str = ""
    source: str = ""
    notes: str = ""
    metrics: tuple[str, ...] = MEAN_METRICS
    seeds: int = 1
    transfer: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        check_types(self, "suite")
        names = [one.name for one in self.data]
        if not names:
            raise ConfigError("suite: has no [[data]]")
        if double := [name for name in names if names.count(name) > 1]:
            raise ConfigError(f'suite: two data sets are called "{double[0]}"')
        for name in self.transfer:
            if name not in names:
                raise ConfigError(f'suite: transfer names "{name}", which is no data set; {did_you_mean(name, names)}')
        if self.seeds < 1:
            raise ConfigError(f"suite: seeds {self.seeds}: must be at least 1")

    def shown(self, data: str) -> tuple[str, ...]:
        """The metrics that are shown of a data set."""
        own = next(one.metrics for one in self.data if one.name == data)
        return own or self.metrics


def list_suites() -> list[str]:
    """Names of the suites that come with emolens, sorted."""
    return sorted(entry.name[:-5] for entry in _folder().iterdir() if entry.name.endswith(".toml"))


def read_suite(name: str) -> Suite:
    """A suite by its name, or by the path of its TOML file.

    Raises:
        ConfigError: there is no such suite, or its file is not readable, has an unknown key or a value of a wrong kind.
    """
    path = Path(name)
    if not name.endswith(".toml"):
        if name not in list_suites():
            raise ConfigError(f'unknown suite "{name}"; {did_you_mean(name, list_suites())}, or a TOML file')
        return parse_suite((_folder() / f"{name}.toml").read_text(encoding="utf-8"), name, f"suite {name}")
    return parse_suite(read_toml_text(path), path.stem, str(path))


def parse_suite(text: str, name: str, what: str) -> Suite:
    """A suite from the text of its file; ``what`` opens the messages.

    Raises:
        ConfigError: see :func:`read_suite`.
    """
    table = parse_toml(text, what)
    parts = table.pop("data", None)
    if not isinstance(parts, list) or not all(isinstance(part, dict) for part in parts):
        raise ConfigError(f"{what}: has no [[data]] tables")
    try:
        data = tuple(from_plain(SuiteData, part, f"[[data]] {number}") for number, part in enumerate(parts, start=1))
        return from_plain(Suite, {**table, "name": name, "data": data}, "suite")
    except ConfigError as error:
        raise ConfigError(f"{what}: {error}") from error


def _folder() -> Any:
    return files("emolens.evaluation.benchmark") / "suites"
