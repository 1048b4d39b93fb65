"""Fine-tuning of a vision transformer: from a pretrained encoder and a manifest to a model that predicts."""

from dataclasses import asdict, dataclass, field, replace
from typing import TYPE_CHECKING, Annotated, Literal

from emolens.data.loaders.single_view import Augment
from emolens.models.vit import ViTConfig
from emolens.progress import notice
from emolens.specs import stored_path
from emolens.training.flags import Unprefixed
from emolens.training.jobs.config import JobConfig
from emolens.training.jobs.plan import is_first_process
from emolens.training.optim import OptimizerConfig
from emolens.training.tasks.finetune import MixConfig
from emolens.training.trainer_config import TrainerConfig

if TYPE_CHECKING:
    from emolens.training.jobs.job import Job
    from emolens.training.trainer import FitResult


@dataclass(frozen=True)
class UniEmoXFinetuneConfig(JobConfig):
    """Fine-tuning on labels, several labels, or valence, arousal and dominance."""

    encoder: str | None = None
    """Weights to start from, in MAE's names: a pretraining run or one of its snapshots, a file, or a name of `emolens
    weights list`; None starts from random ones."""
    model: Annotated[ViTConfig, Unprefixed] = field(default_factory=ViTConfig)
    """Sizes of the transformer; the encoder's own take their place, but for the image size."""
    drop_path: float = 0.0
    """Probability that the last block is skipped, rising from 0 at the first (arXiv 1603.09382)."""
    targets: Literal["all", "label", "valence_arousal"] = "all"
    """What to predict: the labels, valence and arousal (dominance too, where the data has it), or all of them."""
    view: Literal["scene", "person"] = "scene"
    """What to look at: the whole picture, or the person with context where rows are persons (EMOTIC, HECO)."""
    augment: Annotated[Augment, Unprefixed] = field(default_factory=Augment)
    """How training pictures are changed, one by one."""
    mix: Annotated[MixConfig, Unprefixed] = field(default_factory=MixConfig)
    """Mixup, CutMix and label smoothing; nothing is mixed where rows have several labels."""
    optimizer: Annotated[OptimizerConfig, Unprefixed] = field(default_factory=OptimizerConfig)
    """How the weights move."""
    trainer: Annotated[TrainerConfig, Unprefixed] = field(default_factory=TrainerConfig)
    """How long, and in what batches."""
    compile: bool = False
    """Compile the model with torch.compile: minutes at the start, for a faster step on GPUs."""

    def train(self, job: "Job") -> "FitResult":
        """See :class:`JobConfig`."""
        import torch

        from emolens.data.loaders.single_view import SingleViewDataset
        from emolens.models.backbones.vit import evaluation_preprocess, read_stored
        from emolens.models.loading.published import load_into_vit
        from emolens.models.vit import EmotionViT
        from emolens.runs.config import RunConfig
        from emolens.training.jobs.job import TRAIN, VAL
        from emolens.training.tasks.finetune import FinetuneTask
        from emolens.training.tasks.outputs import Outputs

        train, val = job.splits()
        outputs = Outputs.of(job.manifest, self.targets, job.data)
        target_NO, val_target_NO = outputs.table(train), outputs.table(val)
        stored = read_stored(stored_path(self.encoder)) if self.encoder is not None else None
        sizes, seed = stored.sized(self.model) if stored is not None else self.model, self.trainer.seed
        preprocess = evaluation_preprocess(sizes.image_size)
        views, val_views = (
            SingleViewDataset(part, preprocess, seed, train=part is train, view=self.view, augment=self.augment)
            for part in (train, val)
        )
        mix = self.mix.unmixed() if outputs.multi_label else self.mix
        job.check(len(train), replace(self, mix=mix, model=sizes))
        if mix != self.mix and is_first_process():
            notice(f"{job.data}: has several labels a row, which mixup and CutMix are not for; they are off")
        shows = job.fabric.is_global_zero
        torch.manual_seed(seed)  # the head, or all, is drawn here
        model = EmotionViT(**asdict(sizes), num_classes=outputs.size, drop_path=self.drop_path)
        if stored is not None:
            load_into_vit(model, stored.state, str(stored.path), show=shows)
        if self.compile:
            model.compile()
        task = FinetuneTask(model, outputs, target_NO, val_target_NO, mix)
        made = RunConfig(
            "vit_finetuned",
            label_space=outputs.space,
            targets=outputs.targets,
            multi_label=outputs.multi_label,
            view=self.view,
            preprocess=preprocess,
            model=asdict(sizes),
        )
        n = {TRAIN: len(train), VAL: len(val)}
        return job.finish(job.run(task, views, val_views, made, n), made, n)
