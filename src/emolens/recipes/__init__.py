"""Recipes: functions that return a complete, typed config. One file each, named after the recipe."""

from collections.abc import Callable
from importlib import import_module
from typing import TYPE_CHECKING

from emolens.errors import ConfigError
from emolens.names import did_you_mean

if TYPE_CHECKING:
    from emolens.training.jobs.av_config import AVConfig
    from emolens.training.jobs.head_config import HeadConfig
    from emolens.training.jobs.uniemox_config import UniEmoXFinetuneConfig, UniEmoXPretrainConfig

HEADS = {  # on frozen embeddings
    "probe": "linear probe on frozen embeddings: classes, valence, arousal, whichever the data holds",
    "clip_e_cross_entropy": "CLIP-E with cross-entropy: a small head for one label space",
    "clip_e_contrastive": "CLIP-E against text: predicts any label space by its words",
}
TRANSFORMERS = {
    "uniemox_pretrain": "UniEmoX: masked scenes and persons, distilled from CLIP; ViT-L or ViT-B, GPUs",
    "uniemox_pretrain_tiny": "the same on a tiny ViT: two CPU cores, minutes",
    "uniemox_finetune": "a pretrained ViT on labels, several labels, valence, arousal, dominance; GPUs",
    "uniemox_finetune_tiny": "the same on a tiny ViT: two CPU cores, minutes",
}
AUDIO_VISUAL = {  # on short videos
    "av_cpnet": "AV-CPNet: Video Swin and an audio ResNet, fused in two stages; short videos, a GPU",
    "av_cpnet_tiny": "the same, tiny: two CPU cores, minutes",
    "late_fusion": "sound and pictures that meet only in their answers: what AV-CPNet has to beat",
    "video_swin": "the pictures of short videos alone",
    "audio_resnet": "the sound of short videos alone",
}
RECIPES = HEADS | TRANSFORMERS | AUDIO_VISUAL


def get_recipe(name: str) -> "Callable[[], HeadConfig | UniEmoXPretrainConfig | UniEmoXFinetuneConfig | AVConfig]":
    """The recipe of that name.

    Raises:
        ConfigError: there is none; the message names the nearest.
    """
    if name not in RECIPES:
        raise ConfigError(f'unknown recipe "{name}"; {did_you_mean(name, RECIPES)}')
    recipe: Callable[[], HeadConfig | UniEmoXPretrainConfig | UniEmoXFinetuneConfig | AVConfig] = getattr(
        import_module(f"emolens.recipes.{name}"), name
    )
    return recipe
