"""The one linear probe: of the recipe ``probe``, and of every comparison as a baseline.

Legend: N samples, D embedding, C classes.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import torch
from numpy.typing import NDArray
from torch import Tensor

from emolens.errors import DataError
from emolens.files import write_json
from emolens.models.probe import LinearProbe
from emolens.progress import track
from emolens.taxonomy import LabelSpace
from emolens.training.tasks.probe import LABEL, LABELS, ProbeTask
from emolens.training.tensor_table import TensorTable
from emolens.training.trainer import FitResult, Trainer

if TYPE_CHECKING:
    from lightning_fabric import Fabric

    from emolens.training.jobs.head import ProbeConfig

STRENGTHS_PAST_BEST = 3  # the validation loss along the path is smooth, so three worse ones in a row are the end
FOLDS = 5  # where there is no validation split; the usual number, and four fifths of the rows are left to fit

Sweep = dict[float, dict[str, float]]


@dataclass(frozen=True)
class ProbeFit:
    """A fitted probe, and how its strength was chosen.

    Attributes:
        probe: on the CPU, fitted to all rows that were given.
        metrics: ``l2/OUTPUT`` and ``loss/OUTPUT`` of each output at its chosen strength, and ``accuracy`` or ``map``
            for labels: on the rows that the strength was chosen on, not on those of the last fit.
        chosen: strength of each output: ``label``, and each target.
        chosen_on: what the strengths were chosen on, for reports: "val", or "5 folds of train".
        fitted: the last fit, for a run's record.
    """

    probe: LinearProbe
    metrics: dict[str, float]
    chosen: dict[str, float]
    chosen_on: str
    fitted: FitResult


def fit_probe(
    train: TensorTable,
    val: TensorTable | None,
    space: LabelSpace | None,
    targets: Sequence[str],
    config: "ProbeConfig",
    *,
    multi_label: bool = False,
    groups: Sequence[Any] | NDArray[Any] | None = None,
    class_weight_C: Tensor | None = None,
    fabric: "Fabric | None" = None,
    run: Path | None = None,
) -> ProbeFit:
    """Fit once for each L2 strength, choose one for each output by itself, then fit on all rows.

    Features are standardised with the statistics of the rows of each fit. A class without training rows gets next to no
    probability.

    Args:
        train: columns ``embedding``, float32 (N, D), finite; ``label``, int64 (N,), -1 where unknown, or ``labels``,
            float32 (N, C) of 0 and 1, NaN where unknown; and each target, float32 (N,) in [-1, 1], NaN where unknown.
        val: the same columns, of the rows to choose on; the probe is then fitted on both. None chooses by folds of
            ``train``.
        space: of the labels; None for regression alone.
        targets: of valence, arousal, dominance.
        config: the strengths, the optimiser, and how long.
        multi_label: whether ``labels`` is read, and not ``label``.
        groups: one value for each row of ``train``; rows of one group are never in different folds. None: each row is
            a group.
        class_weight_C: weight of each class in the cross-entropy, float, shape (C,); not used with ``multi_label``.
        fabric: device and precision; one process on the best device if not given.
        run: the run folder of log and checkpoints of the last fit, and of ``sweep.json``. None leaves no trace.

    Raises:
        DataError: fewer than two labels in ``train``, a target without any value, or a single group and no ``val``.
    """
    outputs = ((LABEL,) if space is not None else ()) + tuple(targets)
    _check(train, space, targets, multi_label)

    def probe_for(table: TensorTable) -> LinearProbe:
        embedding_ND = table.columns["embedding"]
        probe = LinearProbe(embedding_ND.shape[1], len(space) if space else 0, targets, multi_label)
        probe.standardise(embedding_ND)
        return probe

    def fit(probe: LinearProbe, l2: Mapping[str, float], a: TensorTable, b: TensorTable | None, to: Path | None) -> Any:
        task = ProbeTask(probe, dict(l2), class_weight_C)
        return Trainer(config.trainer, config.optimizer, to, fabric).fit(task, a, b)

    parts = [(train, val)] if val is not None else _folds(train, groups)
    probes = [probe_for(part) for part, _ in parts]
    found: Sweep = {}
    best = dict.fromkeys(outputs, max(config.l2))
    # From strong to weak, each from where the last one ended: a weak penalty alone takes long to converge.
    path = sorted(config.l2, reverse=True)
    for step, strength in enumerate(track(path, "L2 strengths") if run is not None else path):
        l2 = dict.fromkeys(outputs, strength)
        found[strength] = _mean([fit(p, l2, a, b, None).metrics for p, (a, b) in zip(probes, parts, strict=True)])
        for name in outputs:
            if found[strength][f"loss/{name}"] < found[best[name]][f"loss/{name}"]:
                best[name] = strength
        if all(step - path.index(l2) >= STRENGTHS_PAST_BEST for l2 in best.values()):
            break  # weaker ones would overfit more, at a price
    if run is not None:
        write_json(run / "sweep.json", {f"{strength:g}": metrics for strength, metrics in found.items()})
    whole = train if val is None else _joined(train, val)
    probe = probe_for(whole)
    fitted: FitResult = fit(probe, best, whole, None, run)
    metrics = {f"l2/{name}": strength for name, strength in best.items()}
    metrics |= {f"loss/{name}": found[strength][f"loss/{name}"] for name, strength in best.items()}
    if LABEL in best:
        metrics |= {n: v for n, v in found[best[LABEL]].items() if n in ("accuracy", "map")}
    chosen_on = "val" if val is not None else f"{len(parts)} folds of train"
    return ProbeFit(probe.cpu().requires_grad_(False), metrics, best, chosen_on, replace(fitted, metrics=metrics))


def _check(train: TensorTable, space: LabelSpace | None, targets: Sequence[str], multi_label: bool) -> None:
    if space is not None and multi_label:
        seen = int((train.columns[LABELS].nan_to_num() > 0).any(dim=0).sum())
    elif space is not None:
        label_N = train.columns[LABEL]
        seen = len(set(label_N[label_N >= 0].tolist()))
    if space is not None and seen < 2:
        raise DataError(f"the training rows have {seen} label(s) of {space.name}; a linear probe needs two")
    for name in targets:
        if not bool(train.columns[name].isfinite().any()):
            raise DataError(f"no training row has a value of {name}; fit the probe without it")


def _folds(
    train: TensorTable, groups: Sequence[Any] | NDArray[Any] | None
) -> list[tuple[TensorTable, TensorTable | None]]:
    """Group-disjoint parts of ``train``: what to fit on, and what to measure on."""
    from sklearn.model_selection import GroupKFold

    group_N = np.arange(len(train)) if groups is None else pd.factorize(np.asarray(groups))[0]
    count = min(FOLDS, len(set(group_N.tolist())))
    if count < 2:
        raise DataError("the training rows are one single group, and there is no val split to choose the strength on")
    splits = GroupKFold(count).split(group_N, groups=group_N)
    return [(TensorTable(train[a.tolist()]), TensorTable(train[b.tolist()])) for a, b in splits]


def _joined(train: TensorTable, val: TensorTable) -> TensorTable:
    return TensorTable({key: torch.cat([train.columns[key], val.columns[key]]) for key in train.columns})


def _mean(parts: list[dict[str, float]]) -> dict[str, float]:
    """The mean of each metric over the folds; a fold without rows for one does not count in it."""
    return {name: float(np.nanmean([part[name] for part in parts])) for name in parts[0]} if parts[1:] else parts[0]
