"""The linear layer with which the release of UniEmoX compares frozen networks."""

from emolens.training.jobs.head import LinearHeadConfig
from emolens.training.optim import OptimizerConfig
from emolens.training.trainer_config import TrainerConfig


def linear_head() -> LinearHeadConfig:
    """One linear layer on a frozen backbone by Adam, as the release of UniEmoX trains its baselines.

    emolens train linear_head --data fi.parquet --out runs/vgg16 --backbone penultimate:vgg16/vgg16-397923af.pth

    Adam with 1e-3, 100 epochs, batch 256, cross-entropy, as in the release's ``baseline.py``. Not as there: each
    picture is embedded once, so it is not augmented, and batch norms keep their statistics (there they drift, although
    the weights are frozen). The epoch with the best validation accuracy is kept, as the release means it; since it does
    not copy the weights, it tests those of the last epoch. 2 CPU cores, seconds on cached embeddings.
    """
    return LinearHeadConfig(
        optimizer=OptimizerConfig(lr=1e-3, weight_decay=0.0),
        trainer=TrainerConfig(epochs=100, batch_size=256, patience=None, keep_by="accuracy"),
    )
