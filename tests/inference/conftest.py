"""Trained networks small enough for tests, as run folders."""

from collections.abc import Callable
from pathlib import Path

import pytest
import torch

from emolens.media.video_sample import ClipConfig
from emolens.models.av.audio_resnet import AudioResNetConfig
from emolens.models.av.video_swin import VideoSwinConfig
from emolens.models.av_cpnet import AVCPNet, AVCPNetConfig
from emolens.models.vit import EmotionViT
from emolens.runs.av import describe_av, save_av
from emolens.runs.vit import describe_vit, save_vit
from emolens.taxonomy import get_label_space

SIZES = {"image_size": 32, "patch_size": 8, "embed_dim": 24, "depth": 2, "num_heads": 3}


def small_vit(outputs: int) -> EmotionViT:
    """With weights that tell pictures and labels apart."""
    torch.manual_seed(0)
    model = EmotionViT(**SIZES, num_classes=outputs).eval()
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.add_(0.3 * torch.randn(parameter.shape))
    return model


@pytest.fixture
def vit_run(tmp_path: Path) -> Callable[..., tuple[Path, EmotionViT]]:
    """vit_run(space, targets, multi_label): its folder and the model in it."""

    def make(space="mikels8", targets=(), multi_label=False, name="tuned") -> tuple[Path, EmotionViT]:
        labels = get_label_space(space) if space else None
        model = small_vit((len(labels) if labels else 0) + len(targets))
        facts = {"recipe": "uniemox_finetune_tiny", "data": {"dataset": "drawn", "splits": {}}}
        folder = tmp_path / name
        save_vit(folder, model.state_dict(), describe_vit(SIZES, labels, targets, multi_label, **facts))
        return folder, model

    return make


@pytest.fixture
def av_run(tmp_path: Path) -> Callable[..., Path]:
    """av_run(modalities, fusion): the folder of an audio-visual network with random weights that tells clips apart."""

    def make(modalities=("audio", "video"), fusion="pyramid", name="av", space="emotions6") -> Path:
        clip = ClipConfig(segments=4, frames=2, size=32, rate=8000, coefficients=6, n_mels=16, audio_frames=8)
        labels = get_label_space(space)
        torch.manual_seed(0)
        net = AVCPNet(
            AVCPNetConfig(
                classes=len(labels), segments=4, frames=2, size=32, audio_frames=8, coefficients=6, width=16, levels=2,
                heads=2, fusion=fusion, modalities=modalities,
                video=VideoSwinConfig(embed_dim=8, depths=(1, 1), heads=(1, 2), window=(2, 2, 2)),
                audio=AudioResNetConfig(width=4, layers=(1, 1)),
            )
        )  # fmt: skip
        with torch.no_grad():
            for parameter in net.parameters():
                parameter.add_(0.06 * torch.randn(parameter.shape))
        facts = {"recipe": "av_cpnet_tiny", "data": {"dataset": "drawn", "splits": {}}}
        save_av(tmp_path / name, net.state_dict(), describe_av(net.config, clip, labels, **facts))
        return tmp_path / name

    return make
