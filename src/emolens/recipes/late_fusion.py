"""Sound and pictures that meet only in their answers."""

from dataclasses import replace

from emolens.recipes.av_cpnet_robust import av_cpnet_robust
from emolens.training.jobs.av import AVConfig


def late_fusion() -> AVConfig:
    """Sound and pictures of short videos that meet only in their answers: what AV-CPNet has to beat.

    Video Swin-T and audio ResNet-34, each with its own answer; the mean of their probabilities is the model's.

    emolens train late_fusion --data emotions.parquet --out runs/late --decoded decoded

    The simplest use of both, ours, and trained as av_cpnet_robust. One GPU. Not trained yet: that takes a GPU and the
    eMotions data.
    """
    full = av_cpnet_robust()
    return replace(full, model=replace(full.model, fusion="late"))
