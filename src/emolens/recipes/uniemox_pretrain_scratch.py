"""UniEmoX pretraining from random weights."""

from dataclasses import replace

from emolens.recipes.uniemox_pretrain import uniemox_pretrain
from emolens.training.jobs.uniemox import RANDOM, UniEmoXPretrainConfig


def uniemox_pretrain_scratch() -> UniEmoXPretrainConfig:
    """UniEmoX pretraining from random weights instead of MAE's: ViT-L, 400 epochs; GPUs and far more pictures.

    torchrun --nproc-per-node 8 -m emolens train uniemox_pretrain_scratch --data described.parquet --out runs/scratch

    For ablations, and where MAE's licence (CC-BY-NC 4.0) does not fit. Not the published method: EmoSet's 94,000
    training pictures are a fourteenth of what MAE was trained on, for 1,600 epochs. ViT-B: --embed-dim 768 --depth 12
    --num-heads 12. 400 epochs are the longest that the release names; the rate is MAE's own, made for random weights.
    Made for 8 GPUs of 80 GB; not measured here.
    """
    full = uniemox_pretrain()
    return replace(full, start=RANDOM, trainer=replace(full.trainer, epochs=400))
