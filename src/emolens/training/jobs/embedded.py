"""The rows of a manifest as embeddings with their targets, for heads.

Legend: N samples, D embedding, C classes.
"""

import sys
from dataclasses import dataclass

import numpy as np
import torch
from lightning_fabric import Fabric
from numpy.typing import NDArray
from torch import Tensor

from emolens.data.loaders.class_weights import class_weights
from emolens.data.manifest import Manifest
from emolens.data.persons import view_boxes
from emolens.embedding.cache import EmbeddingCache
from emolens.errors import ConfigError, DataError
from emolens.files import user_cache
from emolens.models.backbones.base import Backbone
from emolens.models.backbones.load import load_backbone
from emolens.taxonomy import LabelSpace
from emolens.training.jobs.head_config import HeadConfig
from emolens.training.jobs.job import TRAIN, VAL, Job
from emolens.training.tasks.outputs import Outputs
from emolens.training.tasks.probe import LABEL, LABELS
from emolens.training.tensor_table import TensorTable


@dataclass(frozen=True)
class Embedded:
    """Both splits through a frozen backbone.

    Attributes:
        backbone: what embedded them.
        train, val: columns ``embedding``, ``label`` or ``labels``, and the targets; see
            :func:`emolens.training.fit_probe.fit_probe`.
        class_weight_C: float32, shape (C,), where the config asks for it.
    """

    backbone: Backbone
    train: TensorTable
    val: TensorTable
    class_weight_C: Tensor | None

    @property
    def n(self) -> dict[str, int]:
        """Rows of each split."""
        return {TRAIN: len(self.train), VAL: len(self.val)}


def embed_splits(
    job: Job,
    config: HeadConfig,
    train: Manifest,
    val: Manifest,
    space: LabelSpace | None,
    targets: tuple[str, ...] = (),
    multi_label: bool = False,
) -> Embedded:
    """Embed what is not in the cache yet; heads are then fitted on the backbone's device, in fp32, by one process.

    Args:
        job: says where to run, and where the cache is; its fabric becomes that of the heads.
        config: names the backbone, and what of a picture is embedded.
        train, val: the splits.
        space: of the labels; None leaves them.
        targets: columns of values.
        multi_label: whether a row has several labels.

    Raises:
        ConfigError: the data lies in shards.
        DataError: a split without a usable row, or without boxes where persons are embedded.
        WeightsError: the backbone's weights are missing.
    """
    if job.in_shards:
        raise ConfigError(f"{job.data}: is a folder; heads are trained from a manifest of files: emolens data import")
    backbone = load_backbone(config.backbone, job.compute)
    cache = EmbeddingCache(job.cache or user_cache() / "embeddings", backbone)
    table, val_table = (
        _table(part, cache, config, space, targets, multi_label, job.compute.workers) for part in (train, val)
    )
    weight_C = None
    if config.class_weights and space is not None:
        weight_C = torch.from_numpy(class_weights(train.label_index(), len(space))).float()
    job.fabric = Fabric(accelerator=backbone.device.type, devices=1)
    return Embedded(backbone, table, val_table, weight_C)


def _table(
    part: Manifest,
    cache: EmbeddingCache,
    config: HeadConfig,
    space: LabelSpace | None,
    targets: tuple[str, ...],
    multi_label: bool,
    workers: int | None,
) -> TensorTable:
    """The rows of one split that have an embedding and at least one target."""
    embedded = cache.embed(part.paths(), config.embed_batch_size, workers, view_boxes(part, config.view))
    columns: dict[str, Tensor] = {"embedding": torch.from_numpy(np.asarray(embedded.embedding_ND, np.float32))}
    usable_N: NDArray[np.bool_] = np.zeros(len(part), dtype=bool)
    if space is not None and multi_label:
        columns[LABELS] = Outputs(space, True, ()).table(part)
        usable_N |= columns[LABELS].isfinite().all(dim=1).numpy()
    elif space is not None:
        label_N = part.label_index()
        columns[LABEL] = torch.from_numpy(label_N)
        usable_N |= label_N >= 0
    for name in targets:
        value_N = part.target(name)
        columns[name] = torch.from_numpy(value_N.astype(np.float32))
        usable_N |= np.isfinite(value_N)
    for row, error in embedded.errors.items():
        usable_N[row] = False
        print(f"left out: {error}", file=sys.stderr)
    keep_N = torch.from_numpy(usable_N)
    if not keep_N.any():
        raise DataError(f"no row of {len(part)} has both a readable picture and a target; see `emolens data verify`")
    return TensorTable({name: column[keep_N] for name, column in columns.items()})
