"""From a manifest of clips to a run folder that judges videos."""

from dataclasses import replace
from pathlib import Path

import torch
from torch import Tensor

from emolens.data.loaders.videos import VideoDataset
from emolens.data.manifest import Manifest
from emolens.data.shards import is_remote
from emolens.errors import ConfigError, DataError
from emolens.models.av_cpnet import AVCPNet
from emolens.runs.av import describe_av, save_av
from emolens.training.jobs.av_config import AVConfig
from emolens.training.jobs.job import VALIDATED, Machine, RunRequest, shut_down_process_group
from emolens.training.tasks.av import AVTask
from emolens.training.trainer import FitResult, Trainer


def train_av(
    config: AVConfig,
    recipe: str,
    data: str | Path,
    run: Path,
    resume: bool = False,
    machine: Machine | None = None,
) -> FitResult:
    """Train, and leave a run folder that :func:`emolens.load` reads.

    Args:
        config: from a recipe.
        recipe: its name, for the record.
        data: manifest with the splits ``train`` and ``val`` and a label for each clip; rows without one are left out.
            ``val`` alone decides what is kept.
        run: folder for request.json, config.json, model.safetensors, metrics.json (on ``val``), log.csv, tensorboard.
        resume: go on with an interrupted run.
        machine: where to run; under ``torchrun`` all its processes train together.

    Raises:
        ConfigError: the recipe does not fit the data, or the run folder holds another run.
        DataError: no training or validation split, or no labelled clip in it; a loss that is not finite.
        WeightsError: weights to start from are not at hand or do not fit.
    """
    machine = machine or Machine()
    if is_remote(str(data)) or Path(data).is_dir():
        raise ConfigError(f"{data}: is a folder; clips are trained from a manifest: emolens data import")
    request = RunRequest(config, recipe, str(data), run, resume, samples="clips")
    manifest, train, val = request.splits()
    space = manifest.space() if manifest.has("label") else None
    if space is None:
        raise ConfigError(f"{data}: has no labels, and {recipe} needs one for each clip (columns label, label_space)")
    # The record says what was trained, not what the recipe was written for.
    config = replace(config, model=replace(config.model, classes=len(space)))
    request = replace(request, config=config)
    parts = {"train": _labelled(train, data, "train"), VALIDATED: _labelled(val, data, VALIDATED)}
    clips = {
        name: VideoDataset(
            part,
            config.clip,
            seed=config.trainer.seed,
            train=name == "train",
            augment=config.augment,
            cache=_cache(config.cache, data),
            video="video" in config.model.modalities,
            audio="audio" in config.model.modalities,
        )
        for name, part in parts.items()
    }
    request.check()
    fabric = machine.fabric()
    torch.manual_seed(config.trainer.seed)  # what no weights are given for is drawn here
    model = AVCPNet(config.model)
    if config.compile:
        model.compile()
    label_N, val_label_N = (_labels(parts[name]) for name in ("train", VALIDATED))
    task = AVTask(model, label_N, val_label_N, space, config.loss)
    trainer = Trainer(config.trainer, config.optimizer, run, fabric, machine.loaders(fabric.device.type == "cpu"))
    request.claim(fabric)
    fitted = trainer.fit(task, clips["train"], clips[VALIDATED], resume)
    if fabric.is_global_zero:
        n = {name: len(part) for name, part in parts.items()}
        facts = request.close(fitted, manifest, n, task.counts)
        save_av(run, fitted.weights, describe_av(config.model, config.clip, space, **facts))
        request.finish(fitted, fabric.world_size)
    shut_down_process_group()
    return fitted


def _labelled(part: Manifest, data: str | Path, name: str) -> Manifest:
    """The rows that have a label."""
    labelled = part.frame["label"].notna()
    if not labelled.any():
        raise DataError(f"{data}: none of the {len(part)} rows of split {name} has a label")
    if labelled.all():
        return part
    return replace(part, frame=part.frame[labelled].reset_index(drop=True))


def _cache(cache: str | None, data: str | Path) -> Path | None:
    """The folder of decoded videos; one that is not there would be passed over in silence, at a price in hours."""
    if cache is not None and not Path(cache).is_dir():
        raise ConfigError(f"{cache}: no such folder of decoded videos: emolens data decode {data} --out {cache}")
    return None if cache is None else Path(cache)


def _labels(part: Manifest) -> Tensor:
    return torch.from_numpy(part.label_index())
