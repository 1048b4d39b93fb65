"""Configs of UniEmoX: pretraining and fine-tuning of vision transformers."""

from dataclasses import dataclass, field
from typing import Literal

from emolens.data.loaders.single_view import Augment
from emolens.models.uniemox import UniEmoXConfig
from emolens.training.optim import OptimizerConfig
from emolens.training.tasks.finetune import MixConfig
from emolens.training.tasks.uniemox import LossWeights
from emolens.training.trainer import TrainerConfig


@dataclass(frozen=True)
class UniEmoXPretrainConfig:
    """Pretraining on scenes and persons.

    Attributes:
        model: sizes of encoder and decoder, and the fusion; the decoder is as wide as the teacher's embedding.
        teacher: spec of a frozen CLIP.
        persons: False leaves the person boxes unused: both views are the scene, as in the release.
        mask_ratio: share of patches hidden in each view.
        weights: of the loss parts; 0 switches one off.
        start: weights to start from, in MAE's names, with or without a decoder; None for random ones.
        optimizer, trainer: how the weights move, and for how long.
        compile: ``torch.compile`` the model: minutes at the start, for a faster step on GPUs.
    """

    model: UniEmoXConfig = field(default_factory=UniEmoXConfig)
    teacher: str = "ViT-B-16/openai"
    persons: bool = True
    mask_ratio: float = 0.75
    weights: LossWeights = field(default_factory=LossWeights)
    start: str | None = None
    optimizer: OptimizerConfig = field(default_factory=OptimizerConfig)
    trainer: TrainerConfig = field(default_factory=TrainerConfig)
    compile: bool = False


@dataclass(frozen=True)
class ViTConfig:
    """Sizes of a vision transformer; ViT-L, patch 16, 224 pixels by default."""

    image_size: int = 224
    patch_size: int = 16
    embed_dim: int = 1024
    depth: int = 24
    num_heads: int = 16


@dataclass(frozen=True)
class UniEmoXFinetuneConfig:
    """Fine-tuning on labels, several labels, or valence, arousal and dominance.

    Attributes:
        encoder: a pretraining run folder, or a file in MAE's names; None starts from random weights.
        model: sizes. Those of ``encoder`` count where there is one, but for ``image_size``.
        drop_path: of the last block, rising from 0 at the first (arXiv 1603.09382).
        targets: ``label`` for the classes, ``valence_arousal`` for regression (dominance too, where the data has it),
            ``all`` for what the data holds.
        view: ``scene`` is the whole picture, ``person`` the person with context, where rows are persons (EMOTIC, HECO).
        augment: of the training pictures, one by one.
        mix: mixup, CutMix and label smoothing.
        optimizer, trainer: how the weights move, and for how long.
        compile: ``torch.compile`` the model.
    """

    encoder: str | None = None
    model: ViTConfig = field(default_factory=ViTConfig)
    drop_path: float = 0.0
    targets: Literal["all", "label", "valence_arousal"] = "all"
    view: Literal["scene", "person"] = "scene"
    augment: Augment = field(default_factory=Augment)
    mix: MixConfig = field(default_factory=MixConfig)
    optimizer: OptimizerConfig = field(default_factory=OptimizerConfig)
    trainer: TrainerConfig = field(default_factory=TrainerConfig)
    compile: bool = False
