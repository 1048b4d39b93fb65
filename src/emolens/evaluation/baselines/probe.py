"""The linear probe as a baseline: what a frozen backbone knows, read off by one linear layer.

Legend: N rows, D embedding width, C classes.
"""

from collections.abc import Iterable, Iterator
from dataclasses import replace

import numpy as np
import torch
from torch import Tensor

from emolens.embedding.cache import EmbeddingCache
from emolens.errors import DataError, EmolensError
from emolens.evaluation.baselines.registry import register_baseline
from emolens.evaluation.candidate import Candidate, Setting, predictor_candidate, refused
from emolens.evaluation.data_set import DataSet
from emolens.evaluation.score.pairs import AFFECT
from emolens.evaluation.score.targets import Targets
from emolens.evaluation.score.view import viewed
from emolens.heads.linear import LinearHead
from emolens.inference.fitted import head_predictor
from emolens.models.backbones.base import Backbone
from emolens.models.backbones.load import load_backbone
from emolens.specs import short_names
from emolens.training.fit_probe import FOLDS, ProbeFit, fit_probe
from emolens.training.jobs.head import ProbeConfig
from emolens.training.optim import OptimizerConfig
from emolens.training.tasks.probe import LABEL, LABELS
from emolens.training.tensor_table import TensorTable
from emolens.training.trainer_config import TrainerConfig

CONFIG = ProbeConfig(  # of the recipe "probe": whole batches by L-BFGS until nothing moves
    optimizer=OptimizerConfig(algorithm="lbfgs"), trainer=TrainerConfig(epochs=4, batch_size=0, patience=None)
)


@register_baseline("probe", rank=30)
def probe(setting: Setting) -> Iterable[Candidate]:
    """One for each backbone and data set with a train split; each is asked on every data set."""
    for spec, name in short_names(setting.backbones or ("mini",)).items():
        title = f"linear probe on {name}"
        try:
            backbone = load_backbone(spec, setting.compute)
        except EmolensError as error:
            yield refused(title, str(error))
        else:
            yield from _of_backbone(title, backbone, setting)


def _of_backbone(name: str, backbone: Backbone, setting: Setting) -> Iterator[Candidate]:
    for data in setting.data.values():
        title = f"{name}, from {data.name}" if len(setting.data) > 1 else name
        try:
            fitted, trained = _fit(data, backbone, setting)
        except DataError as error:
            yield refused(title, str(error))
            continue
        head = LinearHead(fitted.probe, trained.space if fitted.probe.num_classes else None)
        splits = data.manifest.freeze_splits().metadata["splits"]
        facts = {"recipe": "linear probe", "data": {"dataset": trained.dataset or None, "splits": splits}}
        predictor = head_predictor(title, backbone, head, facts, setting.cache, setting.baseline_view(data))
        strengths = ", ".join(f"{output} {strength:g}" for output, strength in fitted.chosen.items())
        what = f"{backbone.spec}, train split of {data.name}; L2 strengths chosen on {fitted.chosen_on}: {strengths}"
        yield replace(predictor_candidate(title, predictor, setting), description=what)


def _fit(data: DataSet, backbone: Backbone, setting: Setting) -> tuple[ProbeFit, Targets]:
    """The probe of a data set, and the targets that it was fitted on.

    Raises:
        DataError: there is nothing to fit it on, or too little.
    """
    if data.train is None:
        raise DataError('there is no split "train" to fit it on')
    cache, view = EmbeddingCache(setting.cache, backbone), setting.baseline_view(data)
    columns = _columns(data.train)
    table, kept_N = _table(viewed(data.train, data.manifest, view), columns, cache, setting)
    if not len(table):
        raise DataError(f'{data.name}, split "train": none of its pictures could be embedded')
    val = None
    # A split that lacks one of the targets cannot choose the strength of that output.
    if data.val is not None and _columns(data.val) >= columns:
        val = _table(viewed(data.val, data.manifest, view), columns, cache, setting)[0]
    multi_label = LABELS in columns
    fitted = fit_probe(
        table,
        val if val is not None and len(val) else None,
        data.train.space if columns & {LABEL, LABELS} else None,
        [name for name in AFFECT if name in columns],
        CONFIG,
        multi_label=multi_label,
        groups=data.train.groups(np.flatnonzero(kept_N)),
    )
    return fitted, data.train


def _columns(targets: Targets) -> set[str]:
    """What a probe can be fitted to; a target with fewer values than there are folds is left out."""
    labels = LABEL if targets.label_N is not None else LABELS if targets.label_NC is not None else None
    affect = {name for name in AFFECT if np.isfinite(_affect(targets, name)).sum() >= FOLDS}
    return affect if labels is None else affect | {labels}


def _affect(targets: Targets, name: str) -> np.ndarray:
    value_N = targets.affect(name)
    return np.full(len(targets), np.nan) if value_N is None else value_N


def _table(
    targets: Targets, columns: set[str], cache: EmbeddingCache, setting: Setting
) -> tuple[TensorTable, np.ndarray]:
    """The rows with an embedding and a target, and which those are, bool (N,)."""
    if targets.has_videos:
        raise DataError(f"{targets.data} has videos; a linear probe is fitted on pictures")
    paths, boxes = list(targets.path_N), targets.box_N
    embedding_ND = cache.embed(paths, setting.batch_size, setting.compute.workers, boxes).embedding_ND
    kept_N = np.isfinite(embedding_ND).all(axis=1) & targets.has_target_N
    found: dict[str, Tensor] = {"embedding": torch.from_numpy(embedding_ND[kept_N])}
    if LABEL in columns and targets.label_N is not None:
        found[LABEL] = torch.from_numpy(targets.label_N[kept_N])
    if LABELS in columns and targets.label_NC is not None:
        applies_NC = targets.label_NC[kept_N].astype(np.float32)
        applies_NC[~applies_NC.any(axis=1)] = np.nan  # not labelled
        found[LABELS] = torch.from_numpy(applies_NC)
    for name in columns & set(AFFECT):
        found[name] = torch.from_numpy(_affect(targets, name)[kept_N].astype(np.float32))
    return TensorTable(found), kept_N
