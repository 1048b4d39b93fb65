"""Audio-visual networks: from a manifest of videos to a model that judges videos."""

from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, ClassVar, Literal

from emolens.data.loaders.video_augment import VideoAugment
from emolens.errors import ConfigError, DataError
from emolens.media.video_sample import VideoConfig
from emolens.models.av_cpnet import AVCPNetConfig
from emolens.training.flags import Unprefixed
from emolens.training.jobs.config import JobConfig
from emolens.training.optim import OptimizerConfig
from emolens.training.tasks.av import AVLossConfig
from emolens.training.trainer_config import TrainerConfig

if TYPE_CHECKING:
    from emolens.data.manifest import Manifest
    from emolens.training.jobs.job import Job
    from emolens.training.trainer import FitResult


@dataclass(frozen=True)
class SoundConfig:
    """How sound becomes coefficients; how many of them, and of how many frames, the network's config says."""

    feature: Literal["mfcc", "log_mel"] = "mfcc"
    """What the network hears: MFCC, as published, or the log-mel spectrogram with a band for each coefficient."""
    rate: int = 44100
    """Samples a second."""
    n_fft: int = 2048
    """Samples in a window of the short-time Fourier transform."""
    hop: int = 512
    """Samples from one window to the next."""
    n_mels: int = 128
    """Mel bands below the MFCC."""


@dataclass(frozen=True)
class AVConfig(JobConfig):
    """Training on videos with one label each."""

    samples: ClassVar[str] = "videos"

    model: AVCPNetConfig
    """The network, and with it the shape of its videos; the number of classes is taken from the data."""
    sound: SoundConfig = field(default_factory=SoundConfig)
    """How sound becomes the network's input."""
    loss: AVLossConfig = field(default_factory=AVLossConfig)
    """Parts of the loss, modality dropout and mixup."""
    augment: VideoAugment = field(default_factory=VideoAugment)
    """How training videos are changed, one by one."""
    decoded: str | None = None
    """Folder of decoded videos that `emolens data clips` has made; without, each epoch decodes the files."""
    optimizer: Annotated[OptimizerConfig, Unprefixed] = field(default_factory=OptimizerConfig)
    """How the weights move."""
    trainer: Annotated[TrainerConfig, Unprefixed] = field(default_factory=TrainerConfig)
    """How long, and in what batches."""
    compile: bool = False
    """Compile the model with torch.compile: minutes at the start, for a faster step on GPUs."""

    @property
    def video(self) -> VideoConfig:
        """How the videos of this network are made."""
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

    def train(self, job: "Job") -> "FitResult":
        """See :class:`JobConfig`; rows without a label are left out."""
        import torch

        from emolens.data.loaders.videos import VideoDataset
        from emolens.models.av_cpnet import AVCPNet
        from emolens.runs.config import RunConfig
        from emolens.training.jobs.job import TRAIN, VAL
        from emolens.training.tasks.av import AVTask

        if job.in_shards:
            raise ConfigError(f"{job.data}: is a folder; videos are trained from a manifest: emolens data import")
        train, val = job.splits()
        space = job.manifest.space() if job.manifest.has("label") else None
        if space is None:
            raise ConfigError(
                f"{job.data}: has no labels, and {job.recipe} needs one for each video (columns label, label_space)"
            )
        train, val = (_labelled(part, job.data, name) for part, name in ((train, TRAIN), (val, VAL)))
        config = replace(self, model=replace(self.model, classes=len(space)))
        takes = {name: name in config.model.modalities for name in ("video", "audio")}
        cache, seed = self._decoded(job), self.trainer.seed
        videos, val_videos = (
            VideoDataset(part, config.video, seed=seed, train=part is train, augment=self.augment, cache=cache, **takes)
            for part in (train, val)
        )
        job.check(len(train), config)
        job.fabric  # noqa: B018  # an impossible device is an error before weights are fetched
        torch.manual_seed(seed)  # what no weights are given for is drawn here
        model = AVCPNet(config.model)
        if self.compile:
            model.compile()
        label_N, val_label_N = (torch.from_numpy(part.label_index()) for part in (train, val))
        task = AVTask(model, label_N, val_label_N, space, self.loss)
        fitted = job.run(task, videos, val_videos)
        made = RunConfig("av_cpnet", label_space=space, video=config.video, model=config.model.to_dict())
        return job.finish(fitted, made, {TRAIN: len(train), VAL: len(val)}, task.counts)

    def _decoded(self, job: "Job") -> Path | None:
        """The folder of decoded videos; a missing one would be passed over in silence, at a price in hours."""
        if self.decoded is not None and not Path(self.decoded).is_dir():
            raise ConfigError(
                f"{self.decoded}: no such folder of decoded videos; make it: emolens data clips {job.data} "
                f"--out {self.decoded}"
            )
        return None if self.decoded is None else Path(self.decoded)


def _labelled(part: "Manifest", data: str, name: str) -> "Manifest":
    """The rows that have a label."""
    labelled = part.frame["label"].notna()
    if not labelled.any():
        raise DataError(f"{data}: none of the {len(part)} rows of split {name} has a label")
    if labelled.all():
        return part
    return replace(part, frame=part.frame[labelled].reset_index(drop=True))
