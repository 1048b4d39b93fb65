"""AV-CPNet as published (arXiv 2311.17335; as AV-CANet, 2508.06902)."""

from emolens.data.loaders.video_augment import VideoAugment
from emolens.models.av.video_swin import VideoSwinConfig
from emolens.models.av_cpnet import AVCPNetConfig
from emolens.training.jobs.av import AVConfig
from emolens.training.optim import OptimizerConfig
from emolens.training.tasks.av import AVLossConfig
from emolens.training.trainer_config import TrainerConfig


def av_cpnet() -> AVConfig:
    """AV-CPNet as published: Video Swin and an audio ResNet, fused in two stages; short videos, a GPU.

    Video Swin-T and an audio ResNet-34 on 16 segments, EP-CE; 30 epochs, 32 videos a step.

    emolens data decode emotions.parquet --out decoded
    emolens train av_cpnet --data emotions.parquet --out runs/av --decoded decoded
    torchrun --nproc-per-node 4 -m emolens train av_cpnet --data emotions.parquet --out runs/av --decoded decoded \\
        --accumulate 1

    On one GPU, or on four: eight videos go through the network together. benchmarks/av_gpu.py measures speed
    and memory. Not trained yet: that takes a GPU and the eMotions data.

    Video Swin starts from torchvision's weights of Kinetics-400 (122 MB, downloaded once); --model.video.weights takes
    a file instead, also of a 2-D Swin-T, or None for random ones. The audio ResNet starts from random weights. How
    many training videos lose a modality is not published: one in ten loses its sound, and one in ten its pictures.

    The rate rises to 1.5e-4 over 2.5 epochs (a length that is not published; this is Video Swin's, arXiv 2106.13230)
    and falls to 1% of it, set per step: docs/images/av_cpnet_lr.png. The release trains at that 1% alone.
    """
    return AVConfig(
        model=AVCPNetConfig(classes=6, video=VideoSwinConfig(weights="kinetics400")),
        loss=AVLossConfig(kind="ep_ce", modality_dropout=0.1),
        augment=VideoAugment(),
        optimizer=OptimizerConfig(lr=1.5e-4, weight_decay=0.02, warmup_epochs=2.5, min_lr_ratio=0.01),
        trainer=TrainerConfig(
            epochs=30,
            batch_size=32,
            accumulate=4,
            val_batch_size=8,
            patience=None,
            checkpoint_seconds=1200.0,
            checkpoint_epochs=True,
            log_steps=20,
        ),
    )
