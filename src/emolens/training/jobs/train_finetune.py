"""From a pretrained encoder and a manifest to a run folder that predicts."""

from dataclasses import asdict, replace
from pathlib import Path

import torch

from emolens.data.loaders.single_view import SingleViewDataset
from emolens.errors import ConfigError
from emolens.models.backbones.vit import StoredViT, evaluation_preprocess, read_stored
from emolens.models.loading.published import load_into_vit
from emolens.models.vit import EmotionViT
from emolens.runs.vit import describe_vit, save_vit
from emolens.training.jobs.job import VALIDATED, Machine, RunRequest, shut_down_process_group
from emolens.training.jobs.uniemox_config import UniEmoXFinetuneConfig, ViTConfig
from emolens.training.tasks.finetune import FinetuneTask
from emolens.training.tasks.outputs import Outputs
from emolens.training.trainer import FitResult, Trainer


def train_finetune(
    config: UniEmoXFinetuneConfig,
    recipe: str,
    data: str | Path,
    run: Path,
    resume: bool = False,
    machine: Machine | None = None,
) -> FitResult:
    """Fine-tune, and leave a run folder that :func:`emolens.load` reads.

    Args:
        config: from a recipe.
        recipe: its name, for the record.
        data: manifest with the splits ``train`` and ``val``, or shards of one; ``val`` alone decides what is kept.
        run: folder for request.json, config.json, model.safetensors, metrics.json (on ``val``), log.csv, tensorboard.
        resume: go on with an interrupted run.
        machine: where to run; under ``torchrun`` all its processes train together.

    Raises:
        ConfigError: the recipe does not fit the data, or the run folder holds another run.
        DataError: no training or validation split, or no usable rows in it; a loss that is not finite.
        WeightsError: the encoder's weights are not at hand or do not fit.
    """
    machine = machine or Machine()
    request = RunRequest(config, recipe, str(data), run, resume)
    manifest, train, val = request.splits()
    outputs = Outputs.of(manifest, config.targets, str(data))
    target_NO, val_target_NO = outputs.table(train), outputs.table(val)
    stored = read_stored(config.encoder) if config.encoder is not None else None
    sizes = _sizes(config, stored)
    preprocess = evaluation_preprocess(sizes.image_size)
    views = {
        name: SingleViewDataset(
            part,
            preprocess,
            config.trainer.seed,
            train=name == "train",
            view=config.view,
            augment=config.augment,
        )
        for name, part in (("train", train), (VALIDATED, val))
    }
    request.check()
    fabric = machine.fabric()
    torch.manual_seed(config.trainer.seed)  # the head, or all, is drawn here
    model = EmotionViT(**asdict(sizes), num_classes=outputs.size, drop_path=config.drop_path)
    if stored is not None:
        load_into_vit(model, stored.state, str(stored.path), show=fabric.is_global_zero)
    if config.compile:
        model.compile()
    task = FinetuneTask(model, outputs, target_NO, val_target_NO, config.mix)
    trainer = Trainer(config.trainer, config.optimizer, run, fabric, machine.loaders(fabric.device.type == "cpu"))
    request.claim(fabric)
    fitted = trainer.fit(task, views["train"], views[VALIDATED], resume)
    if fabric.is_global_zero:
        facts = request.close(fitted, manifest, {"train": len(train), VALIDATED: len(val)})
        described = describe_vit(
            asdict(sizes), outputs.space, outputs.targets, outputs.multi_label, preprocess, **facts
        )
        save_vit(run, fitted.weights, described)
        request.finish(fitted, fabric.world_size)
    shut_down_process_group()
    return fitted


def _sizes(config: UniEmoXFinetuneConfig, stored: StoredViT | None) -> ViTConfig:
    """Those of the encoder, on pictures of the size that is asked for."""
    if stored is None:
        return config.model
    own = {name: stored.model[name] for name in ("patch_size", "embed_dim", "depth", "num_heads")}
    sizes = replace(config.model, **own)
    if sizes.image_size % sizes.patch_size:
        raise ConfigError(
            f"image_size {sizes.image_size} is no multiple of the encoder's patches of {sizes.patch_size} pixels"
        )
    return sizes
