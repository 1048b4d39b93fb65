"""What a comparison found: models x data sets."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

import pandas as pd

from emolens.data.protocol_use import ProtocolUse
from emolens.evaluation.report.predictions_table import predictions_table
from emolens.evaluation.report.provenance import versions
from emolens.evaluation.reported import ReportedNumber
from emolens.evaluation.score.answers import Answers
from emolens.evaluation.score.measure import MetricSet, by_json
from emolens.evaluation.score.targets import Targets
from emolens.metrics.interval import Interval, metrics_json


@dataclass(frozen=True)
class Cell:
    """One model on one data set.

    Attributes:
        answers, measured: None where it did not run.
        not_run: why not.
        home: the model was trained on (another split of) this data set.
        warning: the model was, or may have been, trained on these rows; such a result never counts as best.
    """

    answers: Answers | None = None
    measured: MetricSet | None = None
    not_run: str | None = None
    home: bool = False
    warning: str | None = None


@dataclass(frozen=True)
class Entry:
    """One model of the comparison.

    Attributes:
        name: unique in the comparison.
        kind: "baseline" or "given".
        description: what it is, one line.
        cells: data set -> result, for every data set.
    """

    name: str
    kind: str
    description: str
    cells: dict[str, Cell]


@dataclass(frozen=True)
class Difference:
    """The best model minus another one, on the rows that both answered."""

    data: str
    metric: str
    best: str
    other: str
    interval: Interval


@dataclass(frozen=True)
class SeedSpread:
    """One metric over runs that differ in nothing but the seed."""

    name: str
    data: str
    metric: str
    mean: float
    sd: float
    seeds: tuple[int, ...]


@dataclass(frozen=True)
class Comparison:
    """Models x data sets, with the baselines.

    Attributes:
        targets: data set -> ground truth of the split.
        entries: the baselines, then the given models.
        differences: paired bootstrap differences to the best.
        spreads: over seeds.
        reported: numbers from publications.
        seed: of the bootstrap.
        command: the command line or call that made it.
        protocols: data set -> how it was divided; None where its manifest carries no protocol.
    """

    targets: dict[str, Targets]
    entries: list[Entry]
    differences: list[Difference]
    spreads: list[SeedSpread]
    reported: list[ReportedNumber]
    seed: int
    command: str
    protocols: dict[str, ProtocolUse | None] = field(default_factory=dict)

    def columns(self, data: Iterable[str]) -> list[tuple[str, list[str]]]:
        """The data sets side by side: (heading, names) for the scene-centric, the person-centric, and the other ones.

        One group without a heading where nothing says of any of them what it is centred on.
        """
        groups: dict[str | None, list[str]] = {"scene": [], "person": [], None: []}
        for name in data:
            centric = self.targets[name].centric
            groups[centric if centric in groups else None].append(name)
        other = "other" if groups["scene"] or groups["person"] else ""
        headings = {"scene": "scene-centric", "person": "person-centric", None: other}
        return [(headings[centric], names) for centric, names in groups.items() if names]

    @property
    def warnings(self) -> list[str]:
        """Reasons not to trust some of the numbers: models that were, or may have been, trained on the rows."""
        cells = [cell for entry in self.entries for cell in entry.cells.values()]
        return [cell.warning for cell in cells if cell.warning is not None]

    def to_json(self) -> dict[str, Any]:
        """The content of ``metrics.json``: metrics[data][model][name] = {"value", "low", "high", "n"}, and the rest."""
        return {
            "metrics": {
                data: {
                    entry.name: metrics_json(entry.cells[data].measured.metrics)  # type: ignore[union-attr]
                    for entry in self.entries
                    if entry.cells[data].measured is not None
                }
                for data in self.targets
            },
            "models": [
                {
                    "name": entry.name,
                    "kind": entry.kind,
                    "description": entry.description,
                    "data": {data: _cell_json(cell, self.targets[data]) for data, cell in entry.cells.items()},
                }
                for entry in self.entries
            ],
            "data": {
                data: {
                    "split": targets.split,
                    "protocol": None if (use := self.protocols.get(data)) is None else use.to_json(),
                    "n_total": len(targets),
                    "ids_sha256": targets.ids_sha256,
                    "label_space": targets.space.name if targets.space is not None and targets.has_labels else None,
                    "resampled": "rows" if targets.group_N is None else "groups",
                    "centric": targets.centric,
                }
                for data, targets in self.targets.items()
            },
            "differences": [
                {"data": d.data, "metric": d.metric, "best": d.best, "other": d.other} | d.interval.as_dict()
                for d in self.differences
            ],
            "seeds": [
                {"name": s.name, "data": s.data, "metric": s.metric, "mean": s.mean, "sd": s.sd, "seeds": list(s.seeds)}
                for s in self.spreads
            ],
            "reported, other split": [vars(number) for number in self.reported],
            "bootstrap": {"seed": self.seed},
            "command": self.command,
            "versions": versions(),
        }

    def to_pandas(self) -> pd.DataFrame:
        """The answers of all models: ``data``, ``model``, then the columns of :func:`predictions_table`."""
        parts = []
        for entry in self.entries:
            for data, cell in entry.cells.items():
                if cell.answers is not None:
                    table = predictions_table(cell.answers, self.targets[data])
                    table.insert(0, "model", entry.name)
                    table.insert(0, "data", data)
                    parts.append(table)
        return pd.concat(parts, ignore_index=True) if parts else pd.DataFrame()


def _cell_json(cell: Cell, targets: Targets) -> dict[str, Any]:
    if cell.not_run is not None or cell.answers is None or cell.measured is None:
        return {"not_run": cell.not_run}
    return {
        "mapping": cell.answers.mapping,
        "view": cell.answers.view,
        "trained_here": cell.home,
        "warning": cell.warning,
        "n_scored": cell.measured.n_scored,
        "n_failed": cell.measured.n_failed,
        **cell.measured.partial.to_json(),
        "by": by_json(cell.measured.breakdown),
        "failed": [{"id": targets.id_N[row], "error": why} for row, why in sorted(cell.answers.errors.items())],
    }
