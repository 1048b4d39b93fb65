"""The sound of AV-CPNet alone."""

from dataclasses import replace

from emolens.recipes.av_cpnet_robust import av_cpnet_robust
from emolens.training.jobs.av import AVConfig


def audio_resnet() -> AVConfig:
    """The sound of short videos alone: an audio ResNet, a GPU.

    ResNet-34 on the MFCCs of 16 segments, their mean, and a linear layer.

    emolens train audio_resnet --data emotions.parquet --out runs/audio

    One GPU. Pictures are not even decoded. Trained as av_cpnet_robust, which is ours, from random
    weights. Not trained yet: that takes a GPU and the eMotions data.
    """
    full = av_cpnet_robust()
    return replace(
        full,
        model=replace(full.model, modalities=("audio",)),
        loss=replace(full.loss, modality_dropout=0.0),
        trainer=replace(full.trainer, accumulate=1, val_batch_size=32),
    )
