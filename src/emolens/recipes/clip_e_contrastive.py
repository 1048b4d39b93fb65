"""CLIP-E against text (arXiv 2310.12062)."""

from emolens.training.jobs.head import CLIPEContrastiveConfig
from emolens.training.optim import OptimizerConfig
from emolens.training.trainer_config import TrainerConfig


def clip_e_contrastive() -> CLIPEContrastiveConfig:
    """CLIP-E against text: a small head on frozen CLIP that predicts any label space by its words.

    Two linear layers move CLIP's image embedding towards the text of its emotion, at temperature 0.075.
    Scores at prediction are the softmax of cosine / 0.075; the release leaves the temperature out there, which gives
    the same first label and flatter scores.

    emolens train clip_e_contrastive --data webemo.parquet --out runs/clip_e_con

    The authors publish no hyper-parameters: optimiser, rate, batch and patience are ours. ``--label-space parrott6``
    or ``polarity2`` trains WEBEmo at 6 or 2 classes.

    2 CPU cores, a minute for 100,000 cached embeddings. Not measured on CLIP: the test machines
    cannot download its weights.
    """
    return CLIPEContrastiveConfig(
        optimizer=OptimizerConfig(lr=1e-3, weight_decay=0.05, warmup_epochs=1),
        trainer=TrainerConfig(epochs=100, batch_size=256, patience=10),
    )
