"""AV-CPNet for two CPU cores."""

from dataclasses import replace

from emolens.models.audio_resnet import AudioResNetConfig
from emolens.models.video_swin import VideoSwinConfig
from emolens.recipes.av_config import AVConfig
from emolens.recipes.av_cpnet import av_cpnet


def av_cpnet_tiny() -> AVConfig:
    """The whole method on 8 segments of 4 frames of 64 pixels, from random weights.

    emolens train av_cpnet_tiny --data javanese.parquet --out runs/tiny

    2 CPU cores, minutes for a thousand short clips.
    """
    full = av_cpnet()
    return replace(
        full,
        model=replace(
            full.model,
            segments=8,
            frames=4,
            size=64,
            audio_frames=64,
            width=128,
            heads=4,
            video=VideoSwinConfig(embed_dim=24, depths=(1, 1, 2, 1), heads=(1, 2, 4, 8)),
            audio=AudioResNetConfig(width=16, layers=(1, 1, 1, 1), input_norm=True),
        ),
        optimizer=replace(full.optimizer, lr=5e-4),
        trainer=replace(
            full.trainer, batch_size=16, accumulate=1, val_batch_size=32, checkpoint_seconds=60.0, log_steps=1
        ),
    )
