"""AV-CPNet as released (arXiv 2311.17335; as AV-CANet, 2508.06902)."""

from emolens.data.loaders.video_augment import VideoAugment
from emolens.models.av.audio_resnet import AudioResNetConfig
from emolens.models.av.pyramid_config import PyramidConfig
from emolens.models.av.video_swin import VideoSwinConfig
from emolens.models.av_cpnet import AVCPNetConfig
from emolens.training.jobs.av import AVConfig
from emolens.training.optim import OptimizerConfig
from emolens.training.tasks.av import AVLossConfig
from emolens.training.trainer_config import TrainerConfig


def av_cpnet() -> AVConfig:
    """AV-CPNet as released: Video Swin and an audio ResNet, fused in two stages; short videos, a GPU.

    Video Swin-T and an audio ResNet-34 on 16 segments, EP-CE; 30 epochs, 32 videos a step.

    emolens data decode emotions.parquet --out decoded
    emolens train av_cpnet --data emotions.parquet --out runs/av --decoded decoded
    torchrun --nproc-per-node 4 -m emolens train av_cpnet --data emotions.parquet --out runs/av --decoded decoded \\
        --accumulate 1

    On one GPU, or on four: eight videos go through the network together. benchmarks/av_gpu.py measures speed
    and memory. Not trained yet: that takes a GPU and the eMotions data.

    The configuration is that of the release (github.com/XuecWu/eMotions); docs/videos.md tells, point by point, what is
    of the paper, of the release and ours. Ours here: EP-CE, which is the paper's loss, where the release's flag is
    plain cross-entropy (--loss ce); the most accurate epoch of the validation split is kept, and not of the test list.

    Video Swin starts from a 2-D Swin-T of ImageNet-22k, inflated, and the audio ResNet from ImageNet weights; both are
    fetched once (emolens weights list). --model.video.weights and --model.audio.weights take a file, or kinetics400 for
    the first; None goes without.

    The rate rises from a tenth of 1.5e-4 by the square of the steps over the first 5% of the epochs and stays at 1%
    over the last 5%, set per step: docs/images/av_cpnet_lr.png. That is the curve in the release, whose training loop
    asks it for the last epoch alone, and so trains at 1%.
    """
    return AVConfig(
        model=AVCPNetConfig(
            classes=6,
            dropout=0.5,
            dropout_before_mean=True,
            pyramid=PyramidConfig("relu", attention_dropout=0.1, dropout=0.5, last_relu=True, bias=True),
            video=VideoSwinConfig(weights="swin_t_imagenet22k"),
            audio=AudioResNetConfig(weights="imagenet"),
        ),
        loss=AVLossConfig(kind="ep_ce"),
        augment=VideoAugment.released(),
        optimizer=OptimizerConfig(
            lr=1.5e-4,
            weight_decay=0.02,
            decay_all=True,
            warmup="quadratic",
            warmup_start=0.1,
            warmup_epochs=1.5,
            min_lr_ratio=0.01,
            final_epochs=1.5,
        ),
        trainer=TrainerConfig(
            epochs=30,
            batch_size=32,
            accumulate=4,
            val_batch_size=8,
            patience=None,
            keep_by="accuracy",
            checkpoint_seconds=1200.0,
            checkpoint_epochs=True,
            log_steps=20,
        ),
    )
