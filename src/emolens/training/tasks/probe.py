"""Training a linear probe.

Legend: B batch, C classes, R continuous targets, O = C + R outputs.
"""

from collections.abc import Iterable

import torch
import torch.nn.functional as F  # noqa: N812
from torch import Tensor

from emolens.models.probe import LinearProbe
from emolens.training.tasks.task import Task
from emolens.training.tensor_table import Batch

LABEL = "label"


class ProbeTask(Task):
    """Cross-entropy for the classes, half the squared error for each continuous target, L2 on the weights.

    With L2 strength l = alpha / N the continuous part is ridge regression with penalty alpha (Hoerl and
    Kennard, 1970). A row without a target (label -1, value NaN) does not count in that part.

    Args:
        model: the probe.
        l2: strength for each output block: ``label`` and each name in ``model.targets``.
        class_weight_C: weight of each class in the cross-entropy, float, shape (C,); None weighs them alike.
    """

    keys = ("embedding", LABEL)
    l2_O: Tensor
    class_weight_C: Tensor | None

    def __init__(self, model: LinearProbe, l2: dict[str, float], class_weight_C: Tensor | None = None) -> None:
        super().__init__()
        self.model: LinearProbe = model
        strengths = [l2[LABEL]] * model.num_classes if model.num_classes else []
        strengths += [l2[name] for name in model.targets]
        self.register_buffer("l2_O", torch.tensor(strengths))
        self.register_buffer("class_weight_C", class_weight_C)

    def forward(self, batch: Batch) -> dict[str, Tensor]:
        weight_OD = self.model.linear.weight
        penalty = 0.5 * (self.l2_O * weight_OD.square().sum(1)).sum()
        return {**self._parts(batch), "l2": penalty}

    def _parts(self, batch: Batch) -> dict[str, Tensor]:
        logit_BC, value_BR = self.model(batch["embedding"])
        parts = {}
        if self.model.num_classes:
            label_B = batch[LABEL]
            # A batch without any label would be 0 / 0.
            if bool((label_B >= 0).any()):
                parts[LABEL] = F.cross_entropy(logit_BC, label_B, self.class_weight_C, ignore_index=-1)
            else:
                parts[LABEL] = logit_BC.sum() * 0
        for column, name in enumerate(self.model.targets):
            known_B = batch[name].isfinite()
            error_B = torch.where(known_B, value_BR[:, column] - batch[name].nan_to_num(), 0)
            parts[name] = 0.5 * error_B.square().sum() / known_B.sum().clamp(min=1)
        return parts

    def validate(self, batches: Iterable[Batch]) -> dict[str, float]:
        """The loss of each output block, without L2, and their sum as ``loss``; accuracy where there are classes."""
        tables = list(batches)
        whole = {key: torch.cat([batch[key] for batch in tables]) for key in tables[0]}
        metrics = {f"loss/{name}": float(part) for name, part in self._parts(whole).items()}
        metrics["loss"] = sum(metrics.values())
        if self.model.num_classes:
            known_N = whole[LABEL] >= 0
            hit_N = self.model(whole["embedding"])[0].argmax(1) == whole[LABEL]
            metrics["accuracy"] = float(hit_N[known_N].double().mean())
        return metrics
