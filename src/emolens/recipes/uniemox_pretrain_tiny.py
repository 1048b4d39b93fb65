"""UniEmoX pretraining for two CPU cores."""

from dataclasses import replace

from emolens.models.uniemox import tiny
from emolens.recipes.uniemox_pretrain_scratch import uniemox_pretrain_scratch
from emolens.training.jobs.uniemox import UniEmoXPretrainConfig


def uniemox_pretrain_tiny() -> UniEmoXPretrainConfig:
    """UniEmoX pretraining on a ViT of 5 million parameters and pictures of 64 pixels; two CPU cores, minutes.

    All parts of the published method are on; the weights are random at first, as nobody publishes so small a MAE.

    emolens train uniemox_pretrain_tiny --data described.parquet --out runs/tiny \\
        --teacher ViT-B-16-quickgelu/clip.safetensors

    2 CPU cores, minutes for a thousand pictures. A teacher of another width than 512 needs --decoder-embed-dim; without
    a teacher: --similarity 0 --contrastive 0. The rate is the release's, which fits small batches.
    """
    full = uniemox_pretrain_scratch()
    return replace(
        full,
        model=tiny(),
        optimizer=replace(full.optimizer, lr=1e-3, warmup_epochs=4),
        trainer=replace(
            full.trainer,
            epochs=40,
            batch_size=64,
            snapshot_every=None,
            max_grad_norm=None,
            checkpoint_seconds=30.0,
            log_steps=1,
        ),
    )
