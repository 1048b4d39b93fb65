"""Sound and pictures that meet only in their answers."""

from dataclasses import replace

from emolens.recipes.av_cpnet import av_cpnet
from emolens.training.jobs.av import AVConfig


def late_fusion() -> AVConfig:
    """Video Swin-T and audio ResNet-34, each with its own answer; the mean of their probabilities is the model's.

    emolens train late_fusion --data emotions.parquet --out runs/late --cache clips

    The simplest use of both, and what the two stages of AV-CPNet have to beat. One GPU. Not trained here, for
    want of a GPU and of eMotions.
    """
    full = av_cpnet()
    return replace(full, model=replace(full.model, fusion="late"))
