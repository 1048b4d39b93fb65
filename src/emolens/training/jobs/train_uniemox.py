"""From a manifest with persons and texts to a pretrained encoder in a run folder."""

from dataclasses import asdict, replace
from pathlib import Path

import torch

from emolens import __version__
from emolens.compute import ComputeConfig
from emolens.data.loaders.two_view import TwoViewDataset
from emolens.data.manifest import Manifest
from emolens.errors import ConfigError, DataError
from emolens.files import write_json
from emolens.models.backbones.load import load_backbone
from emolens.models.backbones.vit import IMAGENET_MEAN, IMAGENET_STD, evaluation_preprocess, read_stored
from emolens.models.loading.published import load_into_mae
from emolens.models.loading.safetensors_file import WEIGHTS, save_weights
from emolens.models.uniemox import UniEmoX
from emolens.runs.run_files import CONFIG, FORMAT
from emolens.training.jobs.job import VALIDATED, Machine, RunRequest, shut_down_process_group
from emolens.training.jobs.uniemox_config import UniEmoXPretrainConfig
from emolens.training.tasks.teacher import Teacher, TextTable
from emolens.training.tasks.uniemox import UniEmoXTask
from emolens.training.trainer import FitResult, Trainer

KIND = "uniemox_pretrained"


def train_uniemox(
    config: UniEmoXPretrainConfig,
    recipe: str,
    data: str | Path,
    run: Path,
    resume: bool = False,
    machine: Machine | None = None,
) -> FitResult:
    """Pretrain, and leave a run folder that ``uniemox:RUN`` and ``emolens train uniemox_finetune --encoder RUN`` read.

    Args:
        config: from a recipe.
        recipe: its name, for the record.
        data: manifest with the splits ``train`` and ``val``, person boxes and texts; or shards of one.
        run: folder for request.json, config.json, model.safetensors, metrics.json (on ``val``), log.csv, tensorboard.
        resume: go on with an interrupted run.
        machine: where to run; under ``torchrun`` all its processes train together.

    Raises:
        ConfigError: the run folder holds another run; the teacher does not fit.
        DataError: no training or validation split, no boxes, no texts, a loss that is not finite.
        WeightsError: the teacher's weights, or those to start from, are not at hand or do not fit.
    """
    machine = machine or Machine()
    request = RunRequest(config, recipe, str(data), run, resume)
    manifest, train, val = request.splits()
    if config.weights.contrastive:
        _need_texts(train, str(data))
        _need_texts(val, str(data))
    size, seed = config.model.image_size, config.trainer.seed
    if not config.persons:
        train, val = _without_boxes(train), _without_boxes(val)
    preprocess = evaluation_preprocess(size)
    views = {
        name: TwoViewDataset(
            part,
            preprocess,
            seed,
            train=name == "train",
            need_boxes=config.persons,
        )
        for name, part in (("train", train), (VALIDATED, val))
    }
    request.check()
    fabric = machine.fabric()
    teacher = _load_teacher(config, str(fabric.device)) if config.weights.distils else None
    torch.manual_seed(seed)  # the student is drawn here
    model = UniEmoX(config.model)
    if teacher is not None:
        model.check_teacher(teacher.embed_dim, config.teacher)
    if config.start is not None:
        load_into_mae(model, read_stored(config.start).state, config.start, show=fabric.is_global_zero)
    if config.compile:
        model.compile()
    texts: dict[str, TextTable | None] = {"train": None, VALIDATED: None}
    if teacher is not None and config.weights.contrastive:
        texts = {
            name: TextTable.of(part.frame["text"].tolist(), teacher, show=fabric.is_global_zero)
            for name, part in (("train", train), (VALIDATED, val))
        }
    task = UniEmoXTask(model, teacher, config.weights, config.mask_ratio, texts["train"], texts[VALIDATED], seed)
    trainer = Trainer(config.trainer, config.optimizer, run, fabric, machine.loaders(fabric.device.type == "cpu"))
    request.claim(fabric)
    fitted = trainer.fit(task, views["train"], views[VALIDATED], resume)
    if fabric.is_global_zero:
        facts = request.close(fitted, manifest, {"train": len(train), VALIDATED: len(val)})
        save_weights(run / WEIGHTS, fitted.weights)
        head = {"format": FORMAT, "emolens": __version__, "kind": KIND, "model": asdict(config.model)}
        head |= {"preprocess": preprocess.to_dict(), "label_space": None, "targets": []}
        write_json(run / CONFIG, {**head, **facts})
        request.finish(fitted, fabric.world_size)
    shut_down_process_group()
    return fitted


def _load_teacher(config: UniEmoXPretrainConfig, device: str) -> Teacher:
    backbone = load_backbone(config.teacher, ComputeConfig(device))
    if config.weights.contrastive and not backbone.has_text:
        raise ConfigError(f'teacher "{config.teacher}": encodes no text, which --contrastive needs; take a CLIP, or 0')
    if backbone.preprocess is None:
        raise ConfigError(f'teacher "{config.teacher}": does not see pictures as tensors; take a CLIP')
    return Teacher(backbone, IMAGENET_MEAN, IMAGENET_STD)


def _without_boxes(part: Manifest) -> Manifest:
    columns = [name for name in ("boxes", "box_scores") if name in part.frame.columns]
    return replace(part, frame=part.frame.drop(columns=columns))


def _need_texts(part: Manifest, data: str) -> None:
    without = len(part)
    if part.has("text"):
        without = int(part.frame["text"].fillna("").astype(str).str.strip().eq("").sum())
    if without:
        raise DataError(
            f"{data}: {without} rows have no text, which the contrastive loss needs; write them with "
            f"`emolens data describe {data} --out DESCRIBED.parquet`, or switch that loss off: --contrastive 0"
        )
