"""Audio-visual networks: from a manifest of videos to a model that predicts emotions of videos."""

from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, ClassVar

from emolens.data.loaders.video_augment import VideoAugment
from emolens.errors import ConfigError, DataError
from emolens.media.audio_config import AudioConfig
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
class AVConfig(JobConfig):
    """Training on videos with one label each."""

    samples: ClassVar[str] = "videos"

    model: AVCPNetConfig
    """The network, and with it the shape of its videos; the number of classes is taken from the data."""
    audio: AudioConfig = field(default_factory=AudioConfig)
    """How sound becomes the network's input; how many numbers a frame of it has is the network's coefficients."""
    loss: Annotated[AVLossConfig, Unprefixed] = field(default_factory=AVLossConfig)
    """Parts of the loss, modality dropout and mixup."""
    augment: Annotated[VideoAugment, Unprefixed] = field(default_factory=VideoAugment)
    """How training videos are changed, one by one."""
    decoded: str | None = None
    """Folder of decoded videos that `emolens data decode` has made; without, each epoch decodes the files."""
    optimizer: Annotated[OptimizerConfig, Unprefixed] = field(default_factory=OptimizerConfig)
    """How the weights move."""
    trainer: Annotated[TrainerConfig, Unprefixed] = field(default_factory=TrainerConfig)
    """How long, and in what batches."""
    compile: bool = False
    """Compile the model with torch.compile: minutes at the start, for a faster step on GPUs."""

    def __post_init__(self) -> None:
        stated = {"mfcc": "coefficients", "log_mel": "n_mels"}[self.audio.feature]
        value, wanted = getattr(self.audio, stated), self.model.coefficients
        if value not in (wanted, getattr(AudioConfig, stated)):
            raise ConfigError(f"audio.{stated} = {value}, but the network takes {wanted}: set model.coefficients")

    @property
    def video(self) -> VideoConfig:
        """What the network is given of a video."""
        model, audio = self.model, replace(self.audio, coefficients=self.model.coefficients)
        if audio.feature == "log_mel":
            audio = replace(audio, n_mels=model.coefficients)
        return VideoConfig(model.segments, model.frames, model.size, model.audio_frames, audio)

    def train(self, job: "Job") -> "FitResult":
        """See :class:`JobConfig`; rows without a label are left out."""
        import torch

        from emolens.data.loaders.videos import VideoDataset
        from emolens.models.av_cpnet import AVCPNet
        from emolens.runs.config import RunConfig
        from emolens.training.jobs.job import TRAIN, VAL
        from emolens.training.tasks.av import AVTask

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
        made = RunConfig("av_cpnet", label_space=space, video=config.video, model=config.model.to_dict())
        n = {TRAIN: len(train), VAL: len(val)}
        return job.finish(job.run(task, videos, val_videos, made, n), made, n, task.counts)

    def _decoded(self, job: "Job") -> Path | None:
        """The folder of decoded videos; a missing one would be passed over in silence, at a price in hours."""
        if self.decoded is not None and not Path(self.decoded).is_dir():
            raise ConfigError(
                f"{self.decoded}: no such folder of decoded videos; make it: emolens data decode {job.data} "
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
