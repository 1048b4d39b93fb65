"""The pictures of AV-CPNet alone."""

from dataclasses import replace

from emolens.recipes.av_cpnet_robust import av_cpnet_robust
from emolens.training.jobs.av import AVConfig


def video_swin() -> AVConfig:
    """The pictures of short videos alone: Video Swin, a GPU.

    Video Swin-T on 16 segments, their mean, and a linear layer: what the sound adds is the distance to this.

    emolens train video_swin --data emotions.parquet --out runs/video --decoded decoded

    One GPU. Trained as av_cpnet_robust, which is ours. Not trained yet: that takes a GPU and the eMotions data.
    """
    full = av_cpnet_robust()
    return replace(
        full, model=replace(full.model, modalities=("video",)), loss=replace(full.loss, modality_dropout=0.0)
    )
