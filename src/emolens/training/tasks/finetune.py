"""Fine-tuning of a vision transformer on emotions (UniEmoX, arXiv 2409.18877; MAE, arXiv 2111.06377, table 9).

Legend: B batch, N rows, C labels, R continuous targets, O = C + R outputs.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F  # noqa: N812
from torch import Tensor

from emolens.errors import ConfigError
from emolens.losses.multi_label import weighted_squared_error
from emolens.metrics.classification import hits_at
from emolens.metrics.multilabel import mean_average_precision
from emolens.metrics.regression import concordance, pearson_r
from emolens.models.vit import EmotionViT
from emolens.training.tasks.outputs import Outputs
from emolens.training.tasks.task import Step, Task
from emolens.training.tensor_table import Batch


@dataclass(frozen=True)
class MixConfig:
    """Mixing pictures and their targets, and softening labels."""

    mixup: float = 0.0
    """Alpha of mixup (arXiv 1710.09412); 0 for none."""
    cutmix: float = 0.0
    """Alpha of CutMix (arXiv 1905.04899); 0 for none. With both, one of them is drawn for each batch."""
    probability: float = 1.0
    """Probability that a batch is mixed."""
    label_smoothing: float = 0.0
    """Share of a single label that is spread over all labels."""

    def unmixed(self) -> "MixConfig":
        """Without mixup and CutMix: for several labels a row, each of which counts by how often it occurs."""
        return replace(self, mixup=0.0, cutmix=0.0)

    def __post_init__(self) -> None:
        if self.mixup < 0 or self.cutmix < 0:
            raise ConfigError(f"mixup {self.mixup}, cutmix {self.cutmix}: must be positive, or 0 for none")
        for name in ("probability", "label_smoothing"):
            if not 0 <= getattr(self, name) <= 1:
                raise ConfigError(f"{name} {getattr(self, name)}: must lie between 0 and 1")


class FinetuneTask(Task):
    """Cross-entropy for single labels, EMOTIC's weighted squared error for several, squared error for values.

    A row without a label, or without a value, does not count in that part; a mixture with such a row neither.

    Args:
        model: with as many outputs as ``outputs`` has.
        outputs: what they mean.
        target_NO: targets of the training rows, see :meth:`Outputs.table`.
        val_target_NO: of the validation rows.
        mix: see :class:`MixConfig`.
    """

    keys = ("image", "row")

    def __init__(
        self,
        model: EmotionViT,
        outputs: Outputs,
        target_NO: Tensor,
        val_target_NO: Tensor | None = None,
        mix: MixConfig | None = None,
    ) -> None:
        super().__init__()
        self.model: EmotionViT = model
        self.outputs, self.mix = outputs, mix or MixConfig()
        # Plain tensors: tables of the data are no part of the model, nor of its checkpoints.
        self.target_NO, self.val_target_NO = target_NO, val_target_NO
        self.judged_by = _judged_by(outputs)
        self.count_C = target_NO[:, : outputs.labels].nansum(dim=0) if outputs.multi_label else None
        self._mixup = self._build_mixup()

    def _build_mixup(self) -> Any:
        mix = self.mix
        if mix.mixup <= 0 and mix.cutmix <= 0:
            return None
        from timm.data.mixup import Mixup

        # Labels are smoothed and dense before they are mixed, so that values are mixed with the same shares.
        return Mixup(
            mixup_alpha=mix.mixup,
            cutmix_alpha=mix.cutmix,
            prob=mix.probability,
            label_smoothing=0.0,
            num_classes=self.outputs.size,
            multi_label=True,
        )

    def forward(self, batch: Batch, step: Step) -> dict[str, Tensor]:
        """See :class:`Task`. Pictures are mixed in pairs; of an odd number the last one stays as it is."""
        image_BCHW = batch["image"]
        target_BO = self.target_NO[batch["row"].cpu()].to(image_BCHW.device)
        if self.outputs.space is not None and not self.outputs.multi_label and self.mix.label_smoothing:
            keep, labels = 1 - self.mix.label_smoothing, self.outputs.labels
            smooth_BC = target_BO[:, :labels] * keep + self.mix.label_smoothing / labels
            target_BO = torch.cat([smooth_BC, target_BO[:, labels:]], dim=1)
        if self._mixup is not None:
            before = np.random.get_state()  # timm draws from numpy's global generator
            np.random.seed(step.part_seed % 2**32)
            pairs = len(image_BCHW) // 2 * 2
            mixed_BCHW, mixed_BO = self._mixup(image_BCHW[:pairs].clone(), target_BO[:pairs])
            np.random.set_state(before)
            image_BCHW = torch.cat([mixed_BCHW, image_BCHW[pairs:]])
            target_BO = torch.cat([mixed_BO, target_BO[pairs:]])
        return self._parts(self.model(image_BCHW), target_BO)

    def _parts(self, output_BO: Tensor, target_BO: Tensor) -> dict[str, Tensor]:
        output_BO = output_BO.float()
        labels = self.outputs.labels
        parts = {}
        if labels:
            logit_BC, soft_BC = output_BO[:, :labels], target_BO[:, :labels]
            known_B = soft_BC.isfinite().all(dim=1)
            if not bool(known_B.any()):
                parts["label"] = logit_BC.sum() * 0  # DDP waits for a gradient all the same
            elif self.outputs.multi_label:
                parts["label"] = weighted_squared_error(logit_BC[known_B], soft_BC[known_B], self.count_C)
            else:
                parts["label"] = F.cross_entropy(logit_BC[known_B], soft_BC[known_B])
        for column, name in enumerate(self.outputs.targets, start=labels):
            known_B = target_BO[:, column].isfinite()
            error_B = torch.where(known_B, output_BO[:, column] - target_BO[:, column].nan_to_num(), 0)
            parts[name] = error_B.square().sum() / known_B.sum().clamp(min=1)
        return parts

    def judge(self, batch: Batch) -> dict[str, Tensor]:
        return {"output": self.model(batch["image"]).float(), "row": batch["row"]}

    def metrics(self, judged: Mapping[str, Tensor]) -> dict[str, float]:
        """Loss parts without mixing or smoothing; accuracy at 1 and 3, or mAP; Pearson r and CCC of values."""
        assert self.val_target_NO is not None
        output_NO, target_NO = judged["output"].cpu(), self.val_target_NO[judged["row"].cpu()]
        parts = self._parts(output_NO, target_NO)
        metrics = {f"loss/{name}": float(part) for name, part in parts.items()}
        metrics["loss"] = sum(metrics.values())
        return metrics | self._label_metrics(output_NO, target_NO) | self._value_metrics(output_NO, target_NO)

    def _label_metrics(self, output_NO: Tensor, target_NO: Tensor) -> dict[str, float]:
        labels = self.outputs.labels
        known_N = (
            target_NO[:, :labels].isfinite().all(dim=1) if labels else torch.zeros(len(target_NO), dtype=torch.bool)
        )
        if not bool(known_N.any()):
            return {}
        logit_NC, target_NC = output_NO[known_N, :labels].double(), target_NO[known_N, :labels]
        if self.outputs.multi_label:
            return {"map": mean_average_precision(logit_NC.numpy(), target_NC.numpy())}
        score_NC, label_N = logit_NC.softmax(dim=1).numpy(), target_NC.argmax(dim=1).numpy()
        metrics = {"accuracy": float(hits_at(score_NC, label_N, 1).mean())}
        if labels > 3:
            metrics["accuracy_at_3"] = float(hits_at(score_NC, label_N, 3).mean())
        return metrics

    def _value_metrics(self, output_NO: Tensor, target_NO: Tensor) -> dict[str, float]:
        metrics = {}
        for column, name in enumerate(self.outputs.targets, start=self.outputs.labels):
            known_N = target_NO[:, column].isfinite()
            if int(known_N.sum()) > 2:
                predicted, true = (
                    output_NO[known_N, column].double().numpy(),
                    target_NO[known_N, column].double().numpy(),
                )
                for metric, of in (("pearson_r", pearson_r), ("ccc", concordance)):
                    if np.isfinite(value := float(of(predicted, true))):
                        metrics[f"{name}/{metric}"] = value
        return metrics


def _judged_by(outputs: Outputs) -> tuple[str, ...]:
    """The metrics of :meth:`FinetuneTask.validate` that stand for accuracy: of labels, or else of all values."""
    if outputs.space is None:
        return tuple(f"{name}/ccc" for name in outputs.targets)
    return ("map",) if outputs.multi_label else ("accuracy",)
