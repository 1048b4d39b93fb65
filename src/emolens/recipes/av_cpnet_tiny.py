"""AV-CPNet for two CPU cores; ours."""

from dataclasses import replace

from emolens.media.audio_config import AudioConfig
from emolens.models.av.audio_resnet import AudioResNetConfig
from emolens.models.av.frame_encoder import FrameEncoderConfig
from emolens.recipes.av_cpnet_robust import av_cpnet_robust
from emolens.training.jobs.av import AVConfig


def av_cpnet_tiny() -> AVConfig:
    """AV-CPNet on encoders that a small computer can train; two CPU cores, 20 minutes.

    Both stages of the fusion, and EP-CE; sizes, encoders and training are ours.

    emolens train av_cpnet_tiny --data javanese.parquet --out runs/tiny --decoded decoded

    2 CPU cores, 4 to 5 videos a second: about 20 minutes on the Javanese videos (120 to train on). Eight actors
    left out in turn: accuracy 0.524 [0.453, 0.595] of six emotions, n = 192, seeds 0-2 (benchmarks/javanese.py).

    Pictures go through the first half of a SqueezeNet that stays as it is: Video Swin from random weights learned next
    to nothing from 144 videos. Its weights are torchvision's of ImageNet (5 MB, downloaded once);
    ``--model.video.weights FILE`` takes a file, ``--model.video.weights None`` random ones. The sound is a log-mel
    spectrogram: of the MFCC a small ResNet makes less.
    """
    full = av_cpnet_robust()
    return replace(
        full,
        model=replace(
            full.model,
            segments=8,
            frames=4,
            audio_frames=48,
            width=32,
            levels=1,
            heads=4,
            dropout=0.8,
            video=FrameEncoderConfig(backbone="squeezenet1_1", layer="features.7", weights="imagenet"),
            audio=AudioResNetConfig(width=8, layers=(1, 1, 1, 1), input_norm=True),
        ),
        audio=AudioConfig(feature="log_mel"),
        optimizer=replace(full.optimizer, lr=1e-3, weight_decay=0.05),
        trainer=replace(
            full.trainer,
            epochs=40,
            batch_size=8,
            accumulate=1,
            val_batch_size=32,
            checkpoint_seconds=60.0,
            log_steps=1,
        ),
    )
