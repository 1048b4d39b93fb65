"""Configs of the heads on frozen embeddings."""

from dataclasses import dataclass, field
from typing import Literal

from emolens.training.optim import OptimizerConfig
from emolens.training.trainer import TrainerConfig


@dataclass(frozen=True)
class HeadConfig:
    """What every head on frozen embeddings is trained with.

    Attributes:
        backbone: spec of the frozen encoder, see :func:`emolens.models.backbones.load.load_backbone`.
        optimizer, trainer: how the weights move, and for how long.
        class_weights: weigh each class by its inverse frequency in the training split.
    """

    backbone: str = "ViT-B-32/openai"
    optimizer: OptimizerConfig = field(default_factory=OptimizerConfig)
    trainer: TrainerConfig = field(default_factory=TrainerConfig)
    class_weights: bool = False


@dataclass(frozen=True)
class ProbeConfig(HeadConfig):
    """A linear probe.

    Attributes:
        targets: ``label`` for the classes, ``valence_arousal`` for regression (dominance too, where the data has it),
            ``all`` for what the data holds.
        l2: strengths to choose from on the validation split, for each target by itself. With N training
            samples a strength is the ridge penalty alpha / N.
    """

    targets: Literal["all", "label", "valence_arousal"] = "all"
    l2: tuple[float, ...] = (0.001, 0.003, 0.01, 0.03, 0.1, 0.3, 1.0, 3.0, 10.0, 30.0, 100.0)


@dataclass(frozen=True)
class CLIPECrossEntropyConfig(HeadConfig):
    """CLIP-E with cross-entropy."""


@dataclass(frozen=True)
class CLIPEContrastiveConfig(HeadConfig):
    """CLIP-E against text.

    Attributes:
        detach_targets: stop gradients at the soft targets; the release lets them through.
    """

    detach_targets: bool = False
