"""UniEmoX pretraining: from a manifest with persons and texts to an encoder."""

from dataclasses import asdict, dataclass, field, replace
from typing import TYPE_CHECKING, Annotated, ClassVar

from emolens.data.text.descriptions import few_texts_notice
from emolens.errors import ConfigError, DataError, WeightsError
from emolens.models.uniemox import UniEmoXConfig
from emolens.progress import notice
from emolens.specs import stored_path
from emolens.training.flags import Unprefixed
from emolens.training.jobs.config import JobConfig
from emolens.training.optim import OptimizerConfig
from emolens.training.tasks.uniemox import LossWeights
from emolens.training.trainer_config import TrainerConfig

if TYPE_CHECKING:
    from emolens.data.manifest import Manifest
    from emolens.training.jobs.job import Job
    from emolens.training.tasks.teacher import Teacher
    from emolens.training.trainer import FitResult

RANDOM = "random"  # in place of weights to start from


@dataclass(frozen=True)
class UniEmoXPretrainConfig(JobConfig):
    """Pretraining on scenes and persons."""

    learns_labels: ClassVar[bool] = False
    caches: ClassVar[bool] = True  # the texts, as the teacher embeds them

    model: Annotated[UniEmoXConfig, Unprefixed] = field(default_factory=UniEmoXConfig)
    """Sizes of encoder and decoder, and the fusion; the decoder is as wide as the teacher's embedding."""
    teacher: str = "ViT-B-16/openai"
    """Spec of the frozen CLIP that is distilled."""
    persons: bool = True
    """Cut the second view by the person boxes; without, both views are the scene, as in the release."""
    mask_ratio: float = 0.75
    """Share of patches hidden in each view."""
    weights: Annotated[LossWeights, Unprefixed] = field(default_factory=LossWeights)
    """Weights of the loss parts."""
    start: str | None = None
    """Weights that the student starts from, in MAE's names, with or without a decoder: mae_vit_large or another of
    `emolens weights list`, a file, a run folder, or "random". The sizes of its encoder are those of the weights."""
    optimizer: Annotated[OptimizerConfig, Unprefixed] = field(default_factory=OptimizerConfig)
    """How the weights move."""
    trainer: Annotated[TrainerConfig, Unprefixed] = field(default_factory=TrainerConfig)
    """How long, and in what batches."""
    compile: bool = False
    """Compile the model with torch.compile: minutes at the start, for a faster step on GPUs."""

    def train(self, job: "Job") -> "FitResult":
        """See :class:`JobConfig`; the run is an encoder, which ``uniemox:RUN`` reads.

        The teacher computes in the precision that was asked for; with "auto", in the best of its device.
        """
        import torch

        from emolens.data.loaders.two_view import TwoViewDataset
        from emolens.files import user_cache
        from emolens.models.backbones.vit import evaluation_preprocess, read_stored
        from emolens.models.loading.published import load_into_mae
        from emolens.models.uniemox import UniEmoX
        from emolens.runs.config import RunConfig
        from emolens.training.jobs.job import TRAIN, VAL
        from emolens.training.tasks.text_table import TextTable
        from emolens.training.tasks.uniemox import UniEmoXTask

        start = self._start(job.recipe)
        train, val = job.splits()
        reads = self.weights.contrastive > 0
        for part in (train, val):
            _need_texts(part, job.data, reads)
        if not self.persons:
            train, val = _without_boxes(train), _without_boxes(val)
        stored = read_stored(stored_path(start)) if start != RANDOM else None
        if stored is not None:
            stored.check_decoder(self.model)
        sizes = stored.sized(self.model) if stored is not None else self.model
        seed, preprocess = self.trainer.seed, evaluation_preprocess(sizes.image_size)
        views, val_views = (
            TwoViewDataset(part, preprocess, seed, train=part is train, need_boxes=self.persons)
            for part in (train, val)
        )
        job.check(len(train), replace(self, model=sizes))
        shows = job.fabric.is_global_zero
        if (
            shows
            and reads
            and (few := few_texts_notice(train.frame["text"].tolist(), self.trainer.batch_size or len(train)))
        ):
            notice(few)
        teacher = self._teacher(job) if self.weights.distils else None
        torch.manual_seed(seed)  # the student is drawn here
        model = UniEmoX(sizes)
        if teacher is not None:
            model.check_teacher(teacher.embed_dim, self.teacher)
        if stored is not None:
            load_into_mae(model, stored.state, str(stored.path), show=shows)
        if self.compile:
            model.compile()
        cache = job.cache or user_cache() / "embeddings"
        texts, val_texts = (
            TextTable.of(part.frame["text"].tolist(), teacher.backbone, cache, job.fabric)
            if teacher is not None and reads
            else None
            for part in (train, val)
        )
        task = UniEmoXTask(model, teacher, self.weights, self.mask_ratio, texts, val_texts, seed)
        made = RunConfig("uniemox_pretrained", preprocess=preprocess, model=asdict(sizes))
        n = {TRAIN: len(train), VAL: len(val)}
        return job.finish(job.run(task, views, val_views, made, n), made, n)

    def follow_up(self, job: "Job") -> str:
        recipe = job.recipe.replace("pretrain", "finetune").removesuffix("_scratch")
        return f"emolens train {recipe} --encoder {job.out} --data M.parquet --out RUN"

    def _start(self, recipe: str) -> str:
        if self.start is None:
            raise ConfigError(
                f"{recipe} starts from MAE's weights: --start mae_vit_large (fetched once; emolens weights info "
                "mae_vit_large says from where), mae_vit_base, or the path of such a file or of a run\n"
                "From random weights, which takes far more pictures: emolens train uniemox_pretrain_scratch, or "
                f"--start {RANDOM}"
            )
        return self.start

    def _teacher(self, job: "Job") -> "Teacher":
        from emolens.models.backbones.load import load_backbone
        from emolens.models.imagenet import IMAGENET_MEAN, IMAGENET_STD
        from emolens.training.tasks.teacher import Teacher

        try:
            backbone = load_backbone(self.teacher, replace(job.compute, device=str(job.fabric.device)))
        except WeightsError as error:
            raise WeightsError(f"{error}; or train without a teacher: --similarity 0 --contrastive 0") from error
        if self.weights.contrastive and not backbone.has_text:
            raise ConfigError(f'teacher "{self.teacher}": encodes no text; take a CLIP, or --contrastive 0')
        if backbone.preprocess is None:
            raise ConfigError(f'teacher "{self.teacher}": does not see pictures as tensors; take a CLIP')
        return Teacher(backbone, IMAGENET_MEAN, IMAGENET_STD)


def _without_boxes(part: "Manifest") -> "Manifest":
    columns = [name for name in ("boxes", "box_scores") if name in part.frame.columns]
    return replace(part, frame=part.frame.drop(columns=columns))


def _need_texts(part: "Manifest", data: str, needed: bool) -> None:
    without = len(part)
    if part.has("text"):
        without = int(part.frame["text"].fillna("").astype(str).str.strip().eq("").sum())
    if needed and without:
        raise DataError(
            f"{data}: {without} rows have no text, which the contrastive loss needs; write them with "
            f"`emolens data describe {data} --out DESCRIBED.parquet`, or switch that loss off: --contrastive 0"
        )
