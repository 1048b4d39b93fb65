"""Fine-tuning for two CPU cores."""

from dataclasses import replace

from emolens.models.uniemox import tiny
from emolens.models.vit import ViTConfig
from emolens.recipes.uniemox_finetune import uniemox_finetune
from emolens.training.jobs.finetune import UniEmoXFinetuneConfig
from emolens.training.tasks.finetune import MixConfig


def uniemox_finetune_tiny() -> UniEmoXFinetuneConfig:
    """Fine-tuning of the encoder of uniemox_pretrain_tiny on labels or valence and arousal; two CPU cores.

    emolens train uniemox_finetune_tiny --data oasis.parquet --out runs/oasis --encoder runs/tiny

    2 CPU cores, minutes for a thousand pictures; figures on OASIS with and without pretraining:
    benchmarks/oasis_uniemox.py. Nothing is mixed: a tiny model on little data learns too little as it is. Lower layers
    learn slower (layer decay 0.75), and the epoch of the lowest validation loss is kept: both ours.
    """
    full, sizes = uniemox_finetune(), tiny()
    return replace(
        full,
        model=ViTConfig(sizes.image_size, sizes.patch_size, sizes.embed_dim, sizes.depth, sizes.num_heads),
        drop_path=0.1,
        mix=MixConfig(label_smoothing=0.1),
        optimizer=replace(full.optimizer, min_lr_ratio=0.0, layer_decay=0.75),
        trainer=replace(
            full.trainer,
            epochs=30,
            batch_size=32,
            patience=10,
            keep_by="loss",
            checkpoint_seconds=30.0,
            log_steps=1,
        ),
    )
