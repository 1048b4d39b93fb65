"""Runs that differ in nothing but the seed: mean and standard deviation of what they score."""

import json
import math
import statistics
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from emolens.errors import DataError
from emolens.evaluation.comparison import Entry, SeedSpread
from emolens.runs.config import RunConfig
from emolens.runs.folder import read_config


@dataclass(frozen=True)
class SeedGroup:
    """Runs of one configuration.

    Attributes:
        name: of the configuration.
        specs: the runs.
        seeds: their seeds, in the same order.
    """

    name: str
    specs: tuple[str, ...]
    seeds: tuple[int, ...]


def seed_groups(specs: Sequence[str]) -> list[SeedGroup]:
    """Find runs (``run:DIR``) whose ``config.json`` agree in recipe, model and data but not in the seed."""
    groups: dict[str, list[tuple[str, int, str]]] = {}
    for spec in specs:
        config = run_config(spec)
        if config is None or config.training is None or config.training.seed is None:
            continue
        key = json.dumps(_without_seed(_same(config)), sort_keys=True, default=str)
        groups.setdefault(key, []).append((spec, config.training.seed, config.recipe or "run"))
    found = []
    for runs in groups.values():
        if len({seed for _, seed, _ in runs}) > 1:
            specs_of = tuple(spec for spec, _, _ in runs)
            found.append(SeedGroup(f"{runs[0][2]} x {len(runs)}", specs_of, tuple(seed for _, seed, _ in runs)))
    return found


def seed_spreads(entries: Mapping[str, Entry]) -> list[SeedSpread]:
    """Mean and standard deviation of the headline metrics over the runs of each group, data set by data set.

    Args:
        entries: spec -> entry of a comparison. A group counts only where all of its runs were scored, and a metric
            only where it is defined for all of them.
    """
    found = []
    for group in seed_groups(list(entries)):
        for data in entries[group.specs[0]].cells:
            parts = [entries[spec].cells[data].measured for spec in group.specs]
            measured = [part for part in parts if part is not None]
            if len(measured) < len(parts):
                continue
            for metric in measured[0].headline:
                values = [part.metrics[metric].value for part in measured]
                if all(map(math.isfinite, values)):
                    found.append(SeedSpread(group.name, data, metric, *mean_and_sd(values), group.seeds))
    return found


def run_config(spec: str) -> RunConfig | None:
    """What a ``run:DIR`` is; None for other models, and for folders that are no finished run."""
    if not spec.startswith("run:"):
        return None
    try:
        return read_config(Path(spec.removeprefix("run:")))
    except DataError:
        return None


def mean_and_sd(values: Sequence[float]) -> tuple[float, float]:
    """Mean and sample standard deviation (n - 1) of at least two values."""
    return statistics.fmean(values), statistics.stdev(values)


def _same(config: RunConfig) -> dict[str, Any]:
    """What repetitions have in common."""
    facts = config.to_dict()
    kept = {name: facts[name] for name in ("kind", "backbone", "label_space", "targets", "multi_label", "view")}
    return kept | {name: facts["training"][name] for name in ("recipe", "config", "data")}


def _without_seed(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _without_seed(part) for name, part in value.items() if name != "seed"}
    return value
