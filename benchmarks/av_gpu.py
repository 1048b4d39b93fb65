"""What a training step of the full-size AV-CPNet costs on a GPU: videos per second and peak memory.

    python benchmarks/av_gpu.py
    python benchmarks/av_gpu.py --recipe video_swin --precision fp32 --compile

The trainer, the task and the optimiser are those of ``emolens train``; only the videos are made up (noise, already
decoded), so that the figure is the network's. Weights are random: their values do not change the time. Each
setting first takes ``--warm`` steps that do not count. Without a CUDA device it says so, and measures nothing.

Legend: S segments, T frames of one, H = W = size, C channels; F audio frames of a segment, M coefficients.
"""

import argparse
from dataclasses import replace

import torch
from torch import Tensor
from torch.utils.data import Dataset

from emolens.models.av_cpnet import AVCPNet
from emolens.recipes import get_recipe
from emolens.taxonomy import get_label_space
from emolens.training.devices import build_fabric
from emolens.training.jobs.av import AVConfig
from emolens.training.tasks.av import AVTask
from emolens.training.trainer import Trainer

SPACE = get_label_space("emotions6")


class NoiseClips(Dataset[dict[str, Tensor]]):
    """As many rows as are asked for, all of the same video of noise; every fourth lacks its sound."""

    def __init__(self, config: AVConfig, rows: int) -> None:
        video, generator = config.video, torch.Generator().manual_seed(0)
        shape = (video.segments, video.frames, video.size, video.size, 3)
        self.rows = rows
        self.video_STHWC = torch.randint(0, 256, shape, generator=generator, dtype=torch.uint8)
        self.audio_SFM = torch.randn(video.segments, video.audio_frames, video.bands, generator=generator)

    def __len__(self) -> int:
        return self.rows

    def __getitem__(self, rows: list[int]) -> dict[str, Tensor]:
        row_B = torch.tensor(rows)
        return {
            "video": self.video_STHWC.expand(len(rows), *self.video_STHWC.shape).contiguous(),
            "audio": self.audio_SFM.expand(len(rows), *self.audio_SFM.shape).contiguous(),
            "has_video": torch.ones(len(rows), dtype=torch.bool),
            "has_audio": row_B % 4 > 0,
            "row": row_B,
        }


def measure(config: AVConfig, device: str, precision: str, warm: int, steps: int) -> tuple[float, float]:
    """Clips trained on per second, and peak gigabytes of GPU memory (0 elsewhere)."""
    fabric = build_fabric(device, precision)
    model = AVCPNet(config.model, pretrained=False)
    if config.compile:
        model.compile()
    trainer = replace(config.trainer, epochs=1, patience=None)
    for count in (warm, steps):
        rows = count * config.trainer.batch_size
        label_N = torch.arange(rows) % len(SPACE)
        task = AVTask(model, label_N, label_N, SPACE, config.loss)
        if fabric.device.type == "cuda":
            torch.cuda.reset_peak_memory_stats()
        optimizer = replace(config.optimizer, warmup_epochs=0, final_epochs=0)
        fitted = Trainer(trainer, optimizer, None, fabric).fit(task, NoiseClips(config, rows))
    peak = torch.cuda.max_memory_allocated() / 1e9 if fabric.device.type == "cuda" else 0.0
    return fitted.samples_per_s, peak


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--recipe", default="av_cpnet")
    parser.add_argument("--precision", choices=("bf16", "fp32"), default="bf16")
    parser.add_argument("--micro-batch", type=int, default=8, help="videos that go through the network together")
    parser.add_argument("--warm", type=int, default=3)
    parser.add_argument("--steps", type=int, default=10)
    parser.add_argument("--compile", action="store_true")
    options = parser.parse_args()
    if not torch.cuda.is_available():
        print("NOT MEASURED: no CUDA device here; run this where there is one")
        return
    config = get_recipe(options.recipe)()
    assert isinstance(config, AVConfig)
    trainer = replace(config.trainer, accumulate=max(1, config.trainer.batch_size // options.micro_batch))
    config = replace(config, trainer=trainer, compile=options.compile)
    speed, peak = measure(config, "cuda", options.precision, options.warm, options.steps)
    how = f"{options.precision}{', compiled' if options.compile else ''}"
    print(
        f"{options.recipe} on {torch.cuda.get_device_name()}, {how}, torch {torch.__version__}: {speed:.1f} videos/s, "
        f"peak {peak:.1f} GB, {trainer.batch_size} videos a step in {trainer.accumulate} micro-batches, "
        f"{options.steps} steps"
    )


if __name__ == "__main__":
    main()
