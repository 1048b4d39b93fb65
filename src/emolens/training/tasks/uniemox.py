"""Pretraining of UniEmoX (arXiv 2409.18877): reconstruct, and say of a picture what CLIP says.

Legend: B batch, L patches, D width of token and teacher, T texts.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from emolens.errors import ConfigError
from emolens.losses.clip_distillation import contrastive_loss, similarity_loss
from emolens.models.uniemox import UniEmoX
from emolens.training.seeds import seed_of
from emolens.training.tasks.task import Step, Task
from emolens.training.tasks.teacher import Teacher
from emolens.training.tasks.text_table import TextTable
from emolens.training.tensor_table import Batch

VALIDATION = -1  # in place of a step's number: the same masks in every epoch, so that its figures can be compared
ROWS = "rows"  # of a batch, beside its loss parts
VALIDATION_TEXTS = 1024  # the first of the split; more would not move the figure, and cost memory


@dataclass(frozen=True)
class LossWeights:
    """Weights of the parts of L = reconstruction L_rec + similarity L_sim + contrastive L_con."""

    reconstruction: float = 1.0
    """Weight of the reconstruction of the scene's hidden patches; 0 switches it off."""
    similarity: float = 1.0
    """Weight of the similarity to the teacher's image embedding; 0 switches it off."""
    contrastive: float = 1.0
    """Weight of the agreement with the teacher's ranking of the batch's texts; 0 switches it off."""

    def __post_init__(self) -> None:
        weights = (self.reconstruction, self.similarity, self.contrastive)
        if min(weights) < 0 or max(weights) == 0:
            raise ConfigError(f"loss weights {weights}: none below 0, and at least one above")

    @property
    def distils(self) -> bool:
        return self.similarity > 0 or self.contrastive > 0


class UniEmoXTask(Task):
    """L_rec + L_sim + L_con, each with its weight.

    The masks of a sample depend on (seed, step, row) and the texts of L_con are those of the whole step, so a step is
    the same on one process and on several, whole or in micro-batches.

    Args:
        model: the student.
        teacher: needed unless both its losses are off.
        weights: of the loss parts.
        mask_ratio: share of patches hidden in each view.
        texts: of the training rows; needed unless the contrastive loss is off.
        val_texts: of the validation rows.
        seed: of the masks in validation.

    Raises:
        ConfigError: the teacher's width is not the student's, or something is missing.
    """

    keys = ("scene", "person", "row")

    def __init__(
        self,
        model: UniEmoX,
        teacher: Teacher | None = None,
        weights: LossWeights | None = None,
        mask_ratio: float = 0.75,
        texts: TextTable | None = None,
        val_texts: TextTable | None = None,
        seed: int = 0,
    ) -> None:
        super().__init__()
        self.model: UniEmoX = model
        self.teacher, self.weights, self.mask_ratio = teacher, weights or LossWeights(), mask_ratio
        self.texts, self.val_texts, self.seed = texts, val_texts, seed
        if self.weights.distils and teacher is None:
            raise ConfigError("similarity and contrastive loss need a teacher; name one, or set both weights to 0")
        if self.weights.contrastive and texts is None:
            raise ConfigError("the contrastive loss needs a text for each row; give texts, or set its weight to 0")
        if teacher is not None:
            model.check_teacher(teacher.embed_dim, teacher.backbone.spec)
        # What no loss reaches would be waited for by DDP, and worn away by weight decay.
        model.fusion.requires_grad_(self.weights.distils)
        if not self.weights.reconstruction:
            for part in (model.decoder_blocks, model.decoder_norm, model.decoder_pred):
                part.requires_grad_(False)
            model.mask_token.requires_grad_(False)

    def forward(self, batch: Batch, step: Step) -> dict[str, Tensor]:
        rows = batch["row"].tolist()
        noise_2BL = masking_noise(step.seed, step.number, rows, self.model.patch_embed.num_patches)
        text_TD = self.texts.rows(step.rows) if self.texts is not None and self.weights.contrastive else None
        return self._parts(batch, noise_2BL, text_TD)

    def _parts(self, batch: Batch, noise_2BL: Tensor, text_TD: Tensor | None) -> dict[str, Tensor]:
        scene_BCHW, weights = batch["scene"], self.weights
        output = self.model(scene_BCHW, batch["person"], self.mask_ratio, noise_2BL.to(scene_BCHW.device))
        parts = {}
        if weights.reconstruction:
            parts["reconstruction"] = weights.reconstruction * output.reconstruction_loss
        if weights.distils:
            assert self.teacher is not None
            image_BD = self.teacher.embed(scene_BCHW)
            if weights.similarity:
                parts["similarity"] = weights.similarity * similarity_loss(output.fused_BD, image_BD)
            if weights.contrastive and text_TD is not None:
                contrast = contrastive_loss(output.fused_BD, image_BD, text_TD, self.teacher.logit_scale)
                parts["contrastive"] = weights.contrastive * contrast
        return parts

    def judge(self, batch: Batch) -> dict[str, Tensor]:
        """The loss parts of a batch, each (1,), and how many rows they are of; the masks are fixed."""
        text_TD = None
        if self.val_texts is not None and self.weights.contrastive:
            text_TD = self.val_texts.first(VALIDATION_TEXTS)
        rows = batch["row"].tolist()
        noise_2BL = masking_noise(self.seed, VALIDATION, rows, self.model.patch_embed.num_patches)
        parts = self._parts(batch, noise_2BL, text_TD)
        return {**{name: part[None] for name, part in parts.items()}, ROWS: torch.tensor([len(rows)])}

    def metrics(self, judged: Mapping[str, Tensor]) -> dict[str, float]:
        """Mean of each loss part, weighted as in training, and their sum as ``loss``."""
        rows = judged[ROWS].tolist()
        metrics = {
            name: sum(part * count for part, count in zip(parts.tolist(), rows, strict=True)) / sum(rows)
            for name, parts in judged.items()
            if name != ROWS
        }
        return {**metrics, "loss": sum(metrics.values())}


def masking_noise(seed: int, step: int, rows: Sequence[int], patches: int) -> Tensor:
    """What decides the masks: float32 in [0, 1), shape (2, B, L), the scenes', then the persons'.

    A function of seed, step and row number alone, whichever process has the row and whatever else is in its batch.
    """
    drawn = [torch.rand(2, patches, generator=torch.Generator().manual_seed(seed_of(seed, step, row))) for row in rows]
    return torch.stack(drawn, dim=1)
