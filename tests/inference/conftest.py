"""A fine-tuned vision transformer small enough for tests, as a run folder."""

from collections.abc import Callable
from pathlib import Path

import pytest
import torch

from emolens.inference.vit_run import describe_vit, save_vit
from emolens.models.vit import EmotionViT
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
