"""From a manifest and a config to a run folder: heads on frozen embeddings.

Legend: N samples, D embedding, C classes.
"""

import sys
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from lightning_fabric import Fabric
from numpy.typing import NDArray
from torch import Tensor

from emolens.compute import ComputeConfig, Precision
from emolens.data.loaders.class_weights import class_weights
from emolens.data.manifest import Manifest
from emolens.embedding.cache import EmbeddingCache
from emolens.errors import ConfigError, DataError
from emolens.files import user_cache, write_json
from emolens.heads.heads import CrossEntropyHead, Head, ProbeHead, TextHead
from emolens.inference.image_predictor import ImagePredictor
from emolens.models.backbones.base import Backbone
from emolens.models.backbones.load import load_backbone
from emolens.models.clip_e import CLIPEContrastive, CLIPECrossEntropy
from emolens.models.probe import TARGETS, LinearProbe
from emolens.models.zero_shot import label_embeddings
from emolens.progress import track
from emolens.runs.head import describe
from emolens.taxonomy import LabelSpace
from emolens.training.checkpoint import CHECKPOINT
from emolens.training.jobs.head_config import (
    CLIPEContrastiveConfig,
    CLIPECrossEntropyConfig,
    HeadConfig,
    ProbeConfig,
)
from emolens.training.jobs.run_folder import REQUEST, check_run, select_split
from emolens.training.tasks.clip_e import CLIPEContrastiveTask, CLIPECrossEntropyTask
from emolens.training.tasks.probe import LABEL, ProbeTask
from emolens.training.tensor_table import TensorTable
from emolens.training.trainer import FitResult, Trainer

STRENGTHS_PAST_BEST = 3  # the validation loss along the path is smooth, so three worse ones in a row are the end


def train_head(
    config: HeadConfig,
    recipe: str,
    data: Path,
    run: Path,
    resume: bool = False,
    cache: Path | None = None,
    device: str = "auto",
    precision: Precision = "auto",
    batch_size: int = 32,
    workers: int | None = None,
) -> ImagePredictor:
    """Embed what is not yet embedded, fit the head, and leave a run folder that :func:`emolens.load` reads.

    Args:
        config: from a recipe.
        recipe: its name, for the record.
        data: manifest with the splits ``train`` and ``val``; ``val`` alone decides when to stop and what to keep.
        run: folder for request.json, config.json, model.safetensors, metrics.json (on ``val``), log.csv, tensorboard.
        resume: go on with an interrupted run.
        cache: of embeddings; the user's cache folder if not given.
        device, precision, batch_size, workers: of the backbone.

    Raises:
        ConfigError: the recipe does not fit the data, or the run folder holds another run.
        DataError: no training or validation split, or no usable rows in it.
        WeightsError: the backbone's weights are not at hand.
    """
    manifest = Manifest.read(data)
    train, val = select_split(manifest, data, "train"), select_split(manifest, data, "val")
    space = manifest.space() if manifest.has("label") else None
    targets = tuple(name for name in TARGETS if manifest.has(name))
    if isinstance(config, ProbeConfig):
        space = space if config.targets in ("all", LABEL) else None
        targets = targets if config.targets in ("all", "valence_arousal") else ()
        if space is None and not targets:
            raise ConfigError(
                f"{data}: has nothing for --targets {config.targets}; it needs a label or a target column"
            )
    elif space is None:
        raise ConfigError(f'{data}: has no labels, and {recipe} needs them; for valence and arousal train "probe"')
    else:
        targets = ()
    request = {"recipe": recipe, "config": asdict(config), "data": str(data.resolve())}
    check_run(run, request, resume)  # before the work, not after it

    backbone = load_backbone(config.backbone, ComputeConfig(device, precision))
    embeddings = EmbeddingCache(cache or user_cache() / "embeddings", backbone)
    tables = {
        name: _table(part, embeddings, space, targets, batch_size, workers)
        for name, part in (("train", train), ("val", val))
    }
    weight_C = None
    if config.class_weights and space is not None:
        weight_C = torch.from_numpy(class_weights(train.label_index(), len(space))).float()
    write_json(run / REQUEST, request)
    # Heads are small: one process on the backbone's device, in full precision.
    fabric = Fabric(accelerator=backbone.device.type, devices=1)
    if isinstance(config, ProbeConfig):
        head, fitted = _fit_probe(config, tables, space, targets, weight_C, run, fabric)
    else:
        assert space is not None
        head, fitted = _fit_clip_e(config, tables, space, backbone, weight_C, run, fabric, resume)
    facts: dict[str, Any] = {
        **request,
        "seed": config.trainer.seed,
        "data": {
            "path": request["data"],
            "dataset": manifest.metadata.get("dataset"),
            "splits": manifest.metadata.get("splits"),
            "n": {name: len(table) for name, table in tables.items()},
        },
        "epoch": fitted.epoch,
        "steps": fitted.steps,
        "validation": fitted.metrics,
    }
    predictor = ImagePredictor(f"run:{run.name}", backbone, head, describe(head, backbone, targets, **facts))
    n_val = len(tables["val"])
    metrics = {name: {"value": value, "n": n_val} for name, value in fitted.metrics.items()}
    write_json(run / "metrics.json", {"split": "val", "metrics": metrics})
    predictor.save_pretrained(run)
    (run / CHECKPOINT).unlink(missing_ok=True)  # a finished run needs no way back
    return predictor


def _table(
    part: Manifest,
    embeddings: EmbeddingCache,
    space: LabelSpace | None,
    targets: tuple[str, ...],
    batch_size: int,
    workers: int | None,
) -> TensorTable:
    """The rows of one split that have an embedding and at least one target."""
    embedded = embeddings.embed(part.paths(), batch_size=batch_size, workers=workers)
    columns: dict[str, Tensor] = {"embedding": torch.from_numpy(np.asarray(embedded.embedding_ND, np.float32))}
    usable_N: NDArray[np.bool_] = np.zeros(len(part), dtype=bool)
    if space is not None:
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


def _fit_clip_e(
    config: HeadConfig,
    tables: dict[str, TensorTable],
    space: LabelSpace,
    backbone: Backbone,
    weight_C: Tensor | None,
    run: Path,
    fabric: Fabric,
    resume: bool,
) -> tuple[Head, FitResult]:
    trainer = Trainer(config.trainer, config.optimizer, run, fabric)
    torch.manual_seed(config.trainer.seed)  # the layers are drawn here
    if isinstance(config, CLIPECrossEntropyConfig):
        classifier = CLIPECrossEntropy(len(space), backbone.embed_dim)
        fitted = trainer.fit(CLIPECrossEntropyTask(classifier, weight_C), tables["train"], tables["val"], resume)
        return CrossEntropyHead(classifier.cpu(), space), fitted
    assert isinstance(config, CLIPEContrastiveConfig)
    contrastive = CLIPEContrastive(backbone.embed_dim)
    task = CLIPEContrastiveTask(contrastive, label_embeddings(backbone, space), config.detach_targets)
    fitted = trainer.fit(task, tables["train"], tables["val"], resume)
    return TextHead(backbone, space, contrastive.cpu().eval(), space), fitted


def _fit_probe(
    config: ProbeConfig,
    tables: dict[str, TensorTable],
    space: LabelSpace | None,
    targets: tuple[str, ...],
    weight_C: Tensor | None,
    run: Path,
    fabric: Fabric,
) -> tuple[Head, FitResult]:
    """Fit once for each L2 strength, choose on ``val`` for each target by itself, refit on both splits."""
    outputs = ((LABEL,) if space is not None else ()) + targets
    train, val = tables["train"], tables["val"]
    probe = LinearProbe(train.columns["embedding"].shape[1], len(space) if space else 0, targets)
    probe.standardise(train.columns["embedding"])
    found: dict[float, dict[str, float]] = {}
    best = dict.fromkeys(outputs, max(config.l2))
    # From strong to weak, each from where the last one ended: a weak penalty alone takes long to converge.
    path = sorted(config.l2, reverse=True)
    for step, strength in enumerate(track(path, "L2 strengths")):
        task = ProbeTask(probe, dict.fromkeys(outputs, strength), weight_C)
        found[strength] = Trainer(config.trainer, config.optimizer, None, fabric).fit(task, train, val).metrics
        for name in outputs:
            if found[strength][f"loss/{name}"] < found[best[name]][f"loss/{name}"]:
                best[name] = strength
        if all(step - path.index(l2) >= STRENGTHS_PAST_BEST for l2 in best.values()):
            break  # weaker ones would overfit more, at a price
    write_json(run / "sweep.json", {f"{strength:g}": metrics for strength, metrics in found.items()})

    both = TensorTable({key: torch.cat([train.columns[key], val.columns[key]]) for key in train.columns})
    probe = LinearProbe(both.columns["embedding"].shape[1], len(space) if space else 0, targets)
    probe.standardise(both.columns["embedding"])
    fitted = Trainer(config.trainer, config.optimizer, run, fabric).fit(ProbeTask(probe, best, weight_C), both)
    metrics = {f"l2/{name}": strength for name, strength in best.items()}
    metrics |= {f"loss/{name}": found[strength][f"loss/{name}"] for name, strength in best.items()}
    if LABEL in best:
        metrics["accuracy"] = found[best[LABEL]]["accuracy"]
    return ProbeHead(probe.cpu(), space), replace(fitted, metrics=metrics)
