"""Training the two heads of CLIP-E (arXiv 2310.12062, section 3).

Legend: B batch, N validation samples, D embedding, C labels.
"""

from collections.abc import Mapping

import torch.nn.functional as F  # noqa: N812
from torch import Tensor

from emolens.losses.soft_contrastive import soft_contrastive_loss
from emolens.models.clip_e import TEMPERATURE, CLIPEContrastive, CLIPECrossEntropy
from emolens.training.tasks.task import Step, Task
from emolens.training.tensor_table import Batch


class CLIPECrossEntropyTask(Task):
    """Cross-entropy of :class:`CLIPECrossEntropy`, with optional class weights, float, shape (C,)."""

    keys = ("embedding", "label")
    judged_by = ("accuracy",)
    class_weight_C: Tensor | None

    def __init__(self, model: CLIPECrossEntropy, class_weight_C: Tensor | None = None) -> None:
        super().__init__()
        self.model: CLIPECrossEntropy = model
        self.register_buffer("class_weight_C", class_weight_C)

    def forward(self, batch: Batch, step: Step) -> dict[str, Tensor]:
        log_p_BC = self.model.log_probability(batch["embedding"])
        return {"cross_entropy": F.nll_loss(log_p_BC, batch["label"], self.class_weight_C)}

    def judge(self, batch: Batch) -> dict[str, Tensor]:
        return {"log_p": self.model.log_probability(batch["embedding"]), "label": batch["label"]}

    def metrics(self, judged: Mapping[str, Tensor]) -> dict[str, float]:
        """Cross-entropy (as ``loss``, with the class weights) and accuracy."""
        return label_metrics(judged, self.class_weight_C)


class CLIPEContrastiveTask(Task):
    """The soft contrastive loss between the moved image embedding and the text of its label.

    Args:
        model: the head.
        text_CD: CLIP's embedding of each label, float32, shape (C, D).
        detach_targets: whether gradients stop at the soft targets; the release lets them through.
    """

    keys = ("embedding", "label")
    judged_by = ("accuracy",)
    text_CD: Tensor

    def __init__(self, model: CLIPEContrastive, text_CD: Tensor, detach_targets: bool = False) -> None:
        super().__init__()
        self.model: CLIPEContrastive = model
        self.detach_targets = detach_targets
        self.register_buffer("text_CD", text_CD)

    def forward(self, batch: Batch, step: Step) -> dict[str, Tensor]:
        text_BD = self.text_CD[batch["label"]]
        loss = soft_contrastive_loss(
            self.model(batch["embedding"]), text_BD, TEMPERATURE, detach_targets=self.detach_targets
        )
        return {"soft_contrastive": loss}

    def judge(self, batch: Batch) -> dict[str, Tensor]:
        return {"log_p": self.model.log_probability(batch["embedding"], self.text_CD), "label": batch["label"]}

    def metrics(self, judged: Mapping[str, Tensor]) -> dict[str, float]:
        """Cross-entropy over the labels (as ``loss``) and accuracy.

        Not the training loss: that one depends on which samples share a batch.
        """
        return label_metrics(judged)


def label_metrics(judged: Mapping[str, Tensor], class_weight_C: Tensor | None = None) -> dict[str, float]:
    """Loss and accuracy from ``log_p``, log-probabilities (N, C), and ``label`` (N,)."""
    log_p_NC, label_N = judged["log_p"], judged["label"]
    return {
        "loss": float(F.nll_loss(log_p_NC, label_N, class_weight_C)),
        "accuracy": float((log_p_NC.argmax(1) == label_N).double().mean()),
    }
