"""UniEmoX pretraining for two CPU cores."""

from dataclasses import replace

from emolens.models.uniemox import tiny
from emolens.recipes.uniemox_pretrain import uniemox_pretrain
from emolens.training.jobs.uniemox import UniEmoXPretrainConfig


def uniemox_pretrain_tiny() -> UniEmoXPretrainConfig:
    """UniEmoX pretraining on a ViT of 5 million parameters and pictures of 64 pixels; two CPU cores, minutes.

    All parts of the published method are on.

    emolens train uniemox_pretrain_tiny --data described.parquet --out runs/tiny --teacher ViT-B-16/clip.safetensors

    2 CPU cores, minutes for a thousand pictures. A teacher of another width than 512 needs --decoder-embed-dim.
    """
    full = uniemox_pretrain()
    return replace(
        full,
        model=tiny(),
        optimizer=replace(full.optimizer, warmup_epochs=4),
        trainer=replace(full.trainer, epochs=40, batch_size=64, checkpoint_seconds=30.0, log_steps=1),
    )
