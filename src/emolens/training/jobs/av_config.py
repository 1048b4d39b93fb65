"""Config of the audio-visual networks."""

from dataclasses import dataclass, field
from typing import Literal

from emolens.data.loaders.video_augment import VideoAugment
from emolens.media.video_sample import VideoConfig
from emolens.models.av_cpnet import AVCPNetConfig
from emolens.training.optim import OptimizerConfig
from emolens.training.tasks.av import AVLossConfig
from emolens.training.trainer import TrainerConfig


@dataclass(frozen=True)
class SoundConfig:
    """How sound becomes coefficients; how many of them, and of how many frames, the network's config says.

    Attributes:
        feature: ``mfcc``, as published, or ``log_mel``, with a band for each coefficient.
        rate: samples a second.
        n_fft, hop: of the short-time Fourier transform, in samples.
        n_mels: mel bands below the MFCC.
    """

    feature: Literal["mfcc", "log_mel"] = "mfcc"
    rate: int = 44100
    n_fft: int = 2048
    hop: int = 512
    n_mels: int = 128


@dataclass(frozen=True)
class AVConfig:
    """Training on clips with one label each.

    Attributes:
        model: the network, and with it the shape of its clips: segments, frames, size, audio frames, coefficients.
            ``classes`` is taken from the data.
        sound: the rest of what makes a clip.
        loss: parts, penalties, modality dropout, mixup.
        augment: of the training clips, one by one.
        cache: folder of decoded clips to read from and add to; None decodes each time.
        optimizer, trainer: how the weights move, and for how long.
        compile: ``torch.compile`` the model: minutes at the start, for a faster step on GPUs.
    """

    model: AVCPNetConfig
    sound: SoundConfig = field(default_factory=SoundConfig)
    loss: AVLossConfig = field(default_factory=AVLossConfig)
    augment: VideoAugment = field(default_factory=VideoAugment)
    cache: str | None = None
    optimizer: OptimizerConfig = field(default_factory=OptimizerConfig)
    trainer: TrainerConfig = field(default_factory=TrainerConfig)
    compile: bool = False

    @property
    def clip(self) -> VideoConfig:
        """How the clips of this network are made."""
        model, sound = self.model, self.sound
        return VideoConfig(
            segments=model.segments,
            frames=model.frames,
            size=model.size,
            audio_frames=model.audio_frames,
            coefficients=model.coefficients,
            feature=sound.feature,
            rate=sound.rate,
            n_fft=sound.n_fft,
            hop=sound.hop,
            n_mels=sound.n_mels if sound.feature == "mfcc" else model.coefficients,
        )
