"""Config of the audio-visual networks."""

from dataclasses import dataclass, field, replace

from emolens.data.loaders.video_augment import VideoAugment
from emolens.errors import ConfigError
from emolens.media.audio_config import AudioConfig
from emolens.media.video_sample import VideoConfig
from emolens.models.av_cpnet import AVCPNetConfig
from emolens.training.optim import OptimizerConfig
from emolens.training.tasks.av import AVLossConfig
from emolens.training.trainer import TrainerConfig


@dataclass(frozen=True)
class AVConfig:
    """Training on videos with one label each.

    Attributes:
        model: the network, and with it the shape of its input: segments, frames, size, audio frames, coefficients.
            ``classes`` is taken from the data.
        audio: how sound becomes a feature. How many numbers a frame of it has is the network's ``coefficients``.
        loss: parts, penalties, modality dropout, mixup.
        augment: of the training videos, one by one.
        cache: folder of ``emolens data decode``; None decodes each time.
        optimizer, trainer: how the weights move, and for how long.
        compile: ``torch.compile`` the model: minutes at the start, for a faster step on GPUs.
    """

    model: AVCPNetConfig
    audio: AudioConfig = field(default_factory=AudioConfig)
    loss: AVLossConfig = field(default_factory=AVLossConfig)
    augment: VideoAugment = field(default_factory=VideoAugment)
    cache: str | None = None
    optimizer: OptimizerConfig = field(default_factory=OptimizerConfig)
    trainer: TrainerConfig = field(default_factory=TrainerConfig)
    compile: bool = False

    def __post_init__(self) -> None:
        stated = {"mfcc": "coefficients", "log_mel": "n_mels"}[self.audio.feature]
        value, wanted = getattr(self.audio, stated), self.model.coefficients
        if value not in (wanted, getattr(AudioConfig, stated)):
            raise ConfigError(f"audio.{stated} = {value}, but the network takes {wanted}: set model.coefficients")

    @property
    def clip(self) -> VideoConfig:
        """What the network is given of a video."""
        model, audio = self.model, replace(self.audio, coefficients=self.model.coefficients)
        if audio.feature == "log_mel":
            audio = replace(audio, n_mels=model.coefficients)
        return VideoConfig(model.segments, model.frames, model.size, model.audio_frames, audio)
