"""CLIP-E with cross-entropy (arXiv 2310.12062)."""

from emolens.training.jobs.head import CLIPECrossEntropyConfig
from emolens.training.optim import OptimizerConfig
from emolens.training.trainer_config import TrainerConfig


def clip_e_cross_entropy() -> CLIPECrossEntropyConfig:
    """CLIP-E with cross-entropy: a small head on frozen CLIP for one label space.

    Linear(512, 512), ReLU, Linear(512, C) on the embeddings of CLIP ViT-B/32.

    emolens train clip_e_cross_entropy --data webemo.parquet --out runs/clip_e_ce

    The authors publish no hyper-parameters: optimiser, rate, batch and patience are ours. ``--label-space parrott6``
    or ``polarity2`` trains WEBEmo at 6 or 2 classes, the latter with one sigmoid unit as released.

    2 CPU cores, a minute for 100,000 cached embeddings. Not measured on CLIP: the test machines
    cannot download its weights. On other features see docs/results.md.
    """
    return CLIPECrossEntropyConfig(
        optimizer=OptimizerConfig(lr=1e-3, weight_decay=0.05, warmup_epochs=1),
        trainer=TrainerConfig(epochs=100, batch_size=256, patience=10),
    )
