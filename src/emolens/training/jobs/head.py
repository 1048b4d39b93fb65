"""Heads on frozen embeddings: the linear probe, a plain linear layer, and both heads of CLIP-E."""

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Literal

from emolens.errors import ConfigError
from emolens.training.jobs.head_config import HeadConfig

if TYPE_CHECKING:
    from emolens.data.manifest import Manifest
    from emolens.taxonomy import LabelSpace
    from emolens.training.jobs.job import Job
    from emolens.training.trainer import FitResult


@dataclass(frozen=True)
class ProbeConfig(HeadConfig):
    """A linear probe."""

    targets: Literal["all", "label", "valence_arousal"] = "all"
    """What to predict: the labels, valence and arousal (dominance too, where the data has it), or all of them."""
    l2: tuple[float, ...] = (0.001, 0.003, 0.01, 0.03, 0.1, 0.3, 1.0, 3.0, 10.0, 30.0, 100.0)
    """Strengths to choose from on the validation split; with N training rows one is the ridge penalty alpha / N."""

    def __post_init__(self) -> None:
        super().__post_init__()
        if not self.l2 or min(self.l2) < 0:
            raise ConfigError(f"l2 {self.l2}: must be one strength or more, none of them negative")

    def train(self, job: "Job") -> "FitResult":
        """See :class:`JobConfig`; labels, several labels a row, and values, whichever the data holds."""
        from emolens.models.probe import TARGETS
        from emolens.runs.config import BackboneFacts, RunConfig
        from emolens.training.fit_probe import fit_probe
        from emolens.training.jobs.embedded import embed_splits

        manifest, wants = job.manifest, self.targets
        train, val = job.splits()
        multi_label = manifest.has("labels") and not manifest.has("label") and wants != "valence_arousal"
        space = manifest.space() if wants != "valence_arousal" and (manifest.has("label") or multi_label) else None
        targets = tuple(name for name in TARGETS if manifest.has(name)) if wants != "label" else ()
        if space is None and not targets:
            raise ConfigError(f"{job.data}: has nothing for --targets {wants}; it needs a label or a target column")
        if multi_label and self.class_weights:
            raise ConfigError(f"{job.data}: has several labels a row, which --class-weights cannot weigh; leave it out")
        job.check(len(train))
        embedded = embed_splits(job, self, train, val, space, targets, multi_label)
        job.claim()
        fit = fit_probe(
            embedded.train,
            embedded.val,
            space,
            targets,
            self,
            multi_label=multi_label,
            class_weight_C=embedded.class_weight_C,
            fabric=job.fabric,
            run=job.out,
        )
        backbone = BackboneFacts.of(embedded.backbone)
        model = RunConfig("probe", backbone, space, targets, multi_label, self.view)
        return job.finish(fit.fitted, model, embedded.n)


@dataclass(frozen=True)
class LinearHeadConfig(HeadConfig):
    """One linear layer on embeddings as they are, by gradient descent on the labels alone."""

    def train(self, job: "Job") -> "FitResult":
        """See :class:`JobConfig`; the layer starts as torch draws it. A batch larger than the split takes all of it."""
        import torch
        from torch import nn

        from emolens.models.probe import LinearProbe
        from emolens.runs.config import BackboneFacts, RunConfig
        from emolens.training.jobs.embedded import embed_splits
        from emolens.training.tasks.probe import LABEL, ProbeTask

        train, val = job.splits()
        space = _labels(job.manifest, job)
        trainer = replace(self.trainer, batch_size=min(self.trainer.batch_size, len(train)))
        job.check(len(train), replace(self, trainer=trainer))
        embedded = embed_splits(job, self, train, val, space)
        head = LinearProbe(embedded.backbone.embed_dim, len(space))
        torch.manual_seed(self.trainer.seed)  # the layer is drawn here
        head.linear = nn.Linear(embedded.backbone.embed_dim, len(space))
        task = ProbeTask(head, {LABEL: 0.0}, embedded.class_weight_C)
        model = RunConfig("probe", BackboneFacts.of(embedded.backbone), space, view=self.view)
        fitted = job.run(task, embedded.train, embedded.val, model, embedded.n, loaders=0)
        return job.finish(fitted, model, embedded.n)


@dataclass(frozen=True)
class CLIPECrossEntropyConfig(HeadConfig):
    """CLIP-E with cross-entropy."""

    def train(self, job: "Job") -> "FitResult":
        """See :class:`JobConfig`."""
        import torch

        from emolens.models.clip_e import CLIPECrossEntropy
        from emolens.runs.config import BackboneFacts, RunConfig
        from emolens.training.jobs.embedded import embed_splits
        from emolens.training.tasks.clip_e import CLIPECrossEntropyTask

        train, val = job.splits()
        space = _labels(job.manifest, job)
        job.check(len(train))
        embedded = embed_splits(job, self, train, val, space)
        torch.manual_seed(self.trainer.seed)  # the layers are drawn here
        head = CLIPECrossEntropy(len(space), embedded.backbone.embed_dim)
        task = CLIPECrossEntropyTask(head, embedded.class_weight_C)
        model = RunConfig("clip_e_cross_entropy", BackboneFacts.of(embedded.backbone), space, view=self.view)
        fitted = job.run(task, embedded.train, embedded.val, model, embedded.n, loaders=0)
        return job.finish(fitted, model, embedded.n)


@dataclass(frozen=True)
class CLIPEContrastiveConfig(HeadConfig):
    """CLIP-E against text."""

    detach_targets: bool = False
    """Stop gradients at the soft targets; the release lets them through."""

    def train(self, job: "Job") -> "FitResult":
        """See :class:`JobConfig`; the backbone must read text."""
        import torch

        from emolens.models.clip_e import CLIPEContrastive
        from emolens.models.zero_shot import label_embeddings
        from emolens.runs.config import BackboneFacts, RunConfig
        from emolens.training.jobs.embedded import embed_splits
        from emolens.training.tasks.clip_e import CLIPEContrastiveTask

        train, val = job.splits()
        space = _labels(job.manifest, job)
        if self.class_weights:
            raise ConfigError(f"{job.recipe} has no loss of each class to weigh; leave out --class-weights")
        job.check(len(train))
        embedded = embed_splits(job, self, train, val, space)
        torch.manual_seed(self.trainer.seed)  # the layers are drawn here
        head = CLIPEContrastive(embedded.backbone.embed_dim)
        task = CLIPEContrastiveTask(head, label_embeddings(embedded.backbone, space), self.detach_targets)
        model = RunConfig("clip_e_contrastive", BackboneFacts.of(embedded.backbone), space, view=self.view)
        fitted = job.run(task, embedded.train, embedded.val, model, embedded.n, loaders=0)
        return job.finish(fitted, model, embedded.n)


def _labels(manifest: "Manifest", job: "Job") -> "LabelSpace":
    """The space of the labels, one a row."""
    space = manifest.space() if manifest.has("label") else None
    if space is None:
        raise ConfigError(
            f'{job.data}: has no labels, and {job.recipe} needs them; for valence and arousal train "probe"'
        )
    return space
