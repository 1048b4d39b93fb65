"""UniEmoX pretraining as published (arXiv 2409.18877)."""

from emolens.models.uniemox import vit_l
from emolens.training.jobs.uniemox import UniEmoXPretrainConfig
from emolens.training.optim import OptimizerConfig
from emolens.training.trainer_config import TrainerConfig


def uniemox_pretrain() -> UniEmoXPretrainConfig:
    """UniEmoX pretraining as published: ViT-L, masked scenes and persons, distilled from CLIP; GPUs.

    Teacher CLIP ViT-B/16, mask ratio 0.75, 400 epochs.

    emolens data people emoset.parquet --detector yolox:yolox_x.onnx --out persons.parquet
    emolens data describe persons.parquet --out described.parquet
    torchrun --nproc-per-node 8 -m emolens train uniemox_pretrain --data described.parquet --out runs/uniemox

    ViT-B: --embed-dim 768 --depth 12 --num-heads 12. The learning rate is 1e-3 for 256 pictures and scales with the
    batch. Made for 8 GPUs of 80 GB; not measured here. The number of epochs is not stated by the paper's equations; it
    is MAE's shorter schedule.
    """
    return UniEmoXPretrainConfig(
        model=vit_l(),
        optimizer=OptimizerConfig(lr=1e-3, lr_batch=256, weight_decay=0.05, betas=(0.9, 0.95), warmup_epochs=40),
        trainer=TrainerConfig(
            epochs=400,
            batch_size=1024,
            val_batch_size=64,
            patience=None,
            checkpoint_seconds=1200.0,  # 4 GB a checkpoint
            checkpoint_epochs=True,
            log_steps=20,
        ),
    )
