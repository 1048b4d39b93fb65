"""What every head on frozen embeddings is trained with."""

from dataclasses import dataclass, field
from typing import Annotated, ClassVar

from emolens.errors import ConfigError
from emolens.people.crop import View
from emolens.training.flags import Unprefixed
from emolens.training.jobs.config import JobConfig
from emolens.training.optim import OptimizerConfig
from emolens.training.trainer_config import TrainerConfig


@dataclass(frozen=True)
class HeadConfig(JobConfig):
    """The fields that all heads share."""

    samples: ClassVar[str] = "embeddings"
    embeds: ClassVar[bool] = True
    caches: ClassVar[bool] = True

    backbone: str = "ViT-B-32/openai"
    """Spec of the frozen encoder: ARCH/TAG of open_clip, timm:NAME, torchvision:NAME/PATH, uniemox:RUN or mini."""
    view: View = "scene"
    """What is embedded: the whole picture, or the person in each row's box."""
    optimizer: Annotated[OptimizerConfig, Unprefixed] = field(default_factory=OptimizerConfig)
    """How the weights move."""
    trainer: Annotated[TrainerConfig, Unprefixed] = field(default_factory=TrainerConfig)
    """How long, and in what batches."""
    class_weights: bool = False
    """Weigh each class by its inverse frequency in the training split."""
    embed_batch_size: int = 32
    """Pictures that go through the backbone together."""

    def __post_init__(self) -> None:
        if self.embed_batch_size < 1:
            raise ConfigError(f"embed_batch_size {self.embed_batch_size}: must be positive")
