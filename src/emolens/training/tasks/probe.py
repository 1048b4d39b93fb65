"""Training a linear probe.

Legend: B batch, C classes, R continuous targets, O = C + R outputs.
"""

from collections.abc import Mapping

import torch
import torch.nn.functional as F  # noqa: N812
from torch import Tensor

from emolens.metrics.multilabel import mean_average_precision
from emolens.models.probe import LinearProbe
from emolens.training.tasks.task import Step, Task
from emolens.training.tensor_table import Batch

LABEL = "label"  # the column of single labels, and the name of the labels among the outputs
LABELS = "labels"  # the column of several labels a row


class ProbeTask(Task):
    """Cross-entropy for the classes, half the squared error for each continuous target, L2 on the weights.

    With L2 strength l = alpha / N the continuous part is ridge regression with penalty alpha (Hoerl and
    Kennard, 1970). Several labels a row are so many logistic regressions, each with that penalty. A row without a
    target (label -1; labels or value NaN) does not count in that part.

    Args:
        model: the probe.
        l2: strength for each output block: ``label`` and each name in ``model.targets``.
        class_weight_C: weight of each class in the cross-entropy, float, shape (C,); None weighs them alike. Not
            used where a row may have several labels.
    """

    l2_O: Tensor
    class_weight_C: Tensor | None

    def __init__(self, model: LinearProbe, l2: dict[str, float], class_weight_C: Tensor | None = None) -> None:
        super().__init__()
        self.model: LinearProbe = model
        label = (LABELS if model.multi_label else LABEL,) if model.num_classes else ()
        self.judged_by = ("map" if model.multi_label else "accuracy",) if model.num_classes else ()
        self.keys = ("embedding", *label, *model.targets)
        strengths = [l2[LABEL]] * model.num_classes if model.num_classes else []
        strengths += [l2[name] for name in model.targets]
        self.register_buffer("l2_O", torch.tensor(strengths))
        self.register_buffer("class_weight_C", class_weight_C)

    def forward(self, batch: Batch, step: Step) -> dict[str, Tensor]:
        weight_OD = self.model.linear.weight
        penalty = 0.5 * (self.l2_O * weight_OD.square().sum(1)).sum()
        return {**self._parts(batch), "l2": penalty}

    def _parts(self, batch: Batch) -> dict[str, Tensor]:
        logit_BC, value_BR = self.model(batch["embedding"])
        parts = {}
        if self.model.num_classes:
            parts[LABEL] = self._several(logit_BC, batch) if self.model.multi_label else self._single(logit_BC, batch)
        for column, name in enumerate(self.model.targets):
            known_B = batch[name].isfinite()
            error_B = torch.where(known_B, value_BR[:, column] - batch[name].nan_to_num(), 0)
            parts[name] = 0.5 * error_B.square().sum() / known_B.sum().clamp(min=1)
        return parts

    def _single(self, logit_BC: Tensor, batch: Batch) -> Tensor:
        label_B = batch[LABEL]
        # A batch without any label would be 0 / 0.
        if not bool((label_B >= 0).any()):
            return logit_BC.sum() * 0
        return F.cross_entropy(logit_BC, label_B, self.class_weight_C, ignore_index=-1)

    def _several(self, logit_BC: Tensor, batch: Batch) -> Tensor:
        known_B = batch[LABELS].isfinite().all(dim=1)
        if not bool(known_B.any()):
            return logit_BC.sum() * 0
        loss_BC = F.binary_cross_entropy_with_logits(logit_BC[known_B], batch[LABELS][known_B], reduction="none")
        return loss_BC.sum(dim=1).mean()  # summed over labels, so that each has the penalty for itself

    def judge(self, batch: Batch) -> dict[str, Tensor]:
        return dict(batch)  # embeddings are small, and a line through them is fastest for all at once

    def metrics(self, judged: Mapping[str, Tensor]) -> dict[str, float]:
        """The loss of each output block, without L2, and their sum as ``loss``; accuracy, or mAP, of labels."""
        metrics = {f"loss/{name}": float(part) for name, part in self._parts(judged).items()}
        metrics["loss"] = sum(metrics.values())
        if self.model.num_classes:
            metrics |= self._label_metrics(judged)
        return metrics

    def _label_metrics(self, whole: Batch) -> dict[str, float]:
        logit_NC = self.model(whole["embedding"])[0]
        if self.model.multi_label:
            known_N = whole[LABELS].isfinite().all(dim=1)
            score_NC, true_NC = (x[known_N].double().cpu().numpy() for x in (logit_NC, whole[LABELS]))
            return {"map": mean_average_precision(score_NC, true_NC)} if len(score_NC) else {}
        known_N = whole[LABEL] >= 0
        hit_N = logit_NC.argmax(1) == whole[LABEL]
        return {"accuracy": float(hit_N[known_N].double().mean())}
