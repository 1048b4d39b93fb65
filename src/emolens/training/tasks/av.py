"""Training an audio-visual network on labelled videos (AV-CPNet, arXiv 2311.17335; AV-CANet, arXiv 2508.06902).

Legend: B batch, K those rows of it that count, N rows of a split, C classes.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Literal

import numpy as np
import torch
import torch.nn.functional as F  # noqa: N812
import tyro
from torch import Tensor

from emolens.errors import ConfigError, DataError
from emolens.losses.ep_ce import ep_cross_entropy
from emolens.metrics.classification import accuracy, confusion_matrix, unweighted_average_recall
from emolens.models.av.fusion import AVLogits
from emolens.models.av_cpnet import AVCPNet
from emolens.taxonomy import LabelSpace
from emolens.training.tasks.task import Step, Task
from emolens.training.tensor_table import Batch

POLARITIES = ("positive", "neutral", "negative")  # their numbers in the loss


@dataclass(frozen=True)
class AVLossConfig:
    """The loss, and what makes the training videos harder."""

    kind: Annotated[Literal["ep_ce", "ce"], tyro.conf.arg(name="loss")] = "ep_ce"
    """Cross-entropy that grows where the polarity is wrong (EP-CE), or plain cross-entropy."""
    penalty: tuple[float, float, float] = (0.5, 0.5, 0.5)
    """Penalties of EP-CE for videos whose true polarity is positive, neutral, negative."""
    modality_dropout: float = 0.0
    """Probability that a training video loses its sound, and the same for its pictures; never both. Without it the
    network never sees a video that has only one of them. Ours; the release has none."""
    mixup: float = 0.0
    """Alpha of mixup (arXiv 1710.09412) of whole videos, sound and pictures by one share; 0 for none. Ours."""

    def __post_init__(self) -> None:
        if not 0 <= self.modality_dropout <= 0.5:
            raise ConfigError(
                f"modality_dropout {self.modality_dropout}: must lie in [0, 0.5]; sound and pictures share 1"
            )
        if self.mixup < 0:
            raise ConfigError(f"mixup {self.mixup}: must be positive, or 0 for none")
        if min(self.penalty) < 0:
            raise ConfigError(f"penalty {self.penalty}: must not be negative")


class AVTask(Task):
    """L(fused) + L(sound alone) + L(pictures alone), each a mean over the videos that have that modality.

    A network of one modality has the one part ``fused``; late fusion, which has nothing of its own to learn, the two of
    its modalities.

    Args:
        model: with as many classes as ``space`` has.
        label_N: class of each training row, int64, in [0, C).
        val_label_N: of each validation row.
        space: of the labels; it says their polarity.
        loss: see :class:`AVLossConfig`.

    Attributes:
        counts: how many rows each figure of the last validation is of.
    """

    keys = ("video", "audio", "has_video", "has_audio", "row")
    judged_by = ("accuracy",)

    def __init__(
        self,
        model: AVCPNet,
        label_N: Tensor,
        val_label_N: Tensor,
        space: LabelSpace,
        loss: AVLossConfig | None = None,
    ) -> None:
        super().__init__()
        self.model: AVCPNet = model
        # Plain tensors: tables of the data are no part of the model, nor of its checkpoints.
        self.label_N, self.val_label_N, self.loss = label_N, val_label_N, loss or AVLossConfig()
        self.polarity_C = torch.tensor([POLARITIES.index(polarity) for polarity in space.polarity])
        self.counts: dict[str, int] = {}

    def forward(self, batch: Batch, step: Step) -> dict[str, Tensor]:
        # The step alone decides, so a resumed run draws the same; NumPy, so that it has nothing in common with the
        # network's dropout, which torch draws from the same seed.
        rng = np.random.default_rng(step.part_seed)
        video, audio = batch["video"], batch["audio"]
        label_B = self.label_N[batch["row"].cpu()].to(video.device)
        video_B, audio_B = self._drop(batch["has_video"], batch["has_audio"], rng)
        targets = [(1.0, label_B)]
        if self.loss.mixup > 0:
            share, other_B = float(rng.beta(self.loss.mixup, self.loss.mixup)), _partners(video_B, audio_B)
            video, audio = _mixed(video, other_B, share), _mixed(audio, other_B, share)
            targets = [(share, label_B), (1 - share, label_B[other_B])]
        logits = self.model(video, audio, video_B, audio_B)
        parts = {}
        for name, (logit_BC, row_B) in self._answers(logits, video_B, audio_B).items():
            if name == "fused" and self.model.config.fusion == "late" and len(self.model.config.modalities) > 1:
                continue
            each = [part * self._loss(logit_BC[row_B], target_B[row_B]) for part, target_B in targets]
            parts[name] = torch.stack(each).sum()
        if not (bool(video_B.any()) and bool(audio_B.any())):
            # An encoder that no row here has anything for has not run, and DDP waits for its gradient all the same.
            idle = torch.stack([p.sum() for p in self.model.parameters() if p.requires_grad]).sum() * 0
            parts = {name: part + idle for name, part in parts.items()}
        return parts

    def _drop(self, video_B: Tensor, audio_B: Tensor, rng: np.random.Generator) -> tuple[Tensor, Tensor]:
        """Which rows keep their pictures, and which their sound."""
        share = self.loss.modality_dropout
        if share == 0 or len(self.model.config.modalities) == 1:
            return video_B, audio_B
        draw_B = torch.from_numpy(rng.random(len(video_B), dtype=np.float32)).to(video_B.device)
        draw_B = draw_B.where(video_B & audio_B, 1)
        return video_B & ~((draw_B >= share) & (draw_B < 2 * share)), audio_B & (draw_B >= share)

    def _answers(self, logits: AVLogits, video_B: Tensor, audio_B: Tensor) -> dict[str, tuple[Tensor, Tensor]]:
        """Logits (B, C) of each answer, and the rows that have what it is made of."""
        has = {"video": video_B, "audio": audio_B}
        heard = [has[name] for name in self.model.config.modalities]
        found = {"fused": (logits.fused_BC, torch.stack(heard).any(dim=0))}
        if len(heard) > 1:
            assert logits.audio_BC is not None
            assert logits.video_BC is not None
            found |= {"audio": (logits.audio_BC, audio_B), "video": (logits.video_BC, video_B)}
        return found

    def _loss(self, logit_KC: Tensor, label_K: Tensor) -> Tensor:
        logit_KC = logit_KC.float()
        if len(label_K) == 0:
            return logit_KC.sum()  # 0, and DDP gets the gradient that it waits for
        if self.loss.kind == "ce":
            return F.cross_entropy(logit_KC, label_K)
        penalty = torch.tensor(self.loss.penalty, device=logit_KC.device)
        return ep_cross_entropy(logit_KC, label_K, self.polarity_C.to(logit_KC.device), penalty)

    def judge(self, batch: Batch) -> dict[str, Tensor]:
        """Logits (K, C) of each answer and the labels (K,) of its rows; nothing dropped or mixed."""
        video_B, audio_B = batch["has_video"], batch["has_audio"]
        label_B = self.val_label_N[batch["row"]].to(video_B.device)
        logits = self.model(batch["video"], batch["audio"], video_B, audio_B)
        found: dict[str, Tensor] = {}
        for name, (logit_BC, row_B) in self._answers(logits, video_B, audio_B).items():
            found |= {name: logit_BC[row_B].float(), f"{name}/label": label_B[row_B]}
        return found

    def metrics(self, judged: Mapping[str, Tensor]) -> dict[str, float]:
        """Loss, accuracy and UAR of the fused answer; accuracy of each modality by itself.

        Raises:
            DataError: no video has a modality that the network takes.
        """
        metrics: dict[str, float] = {}
        for name in [name for name in judged if not name.endswith("/label")]:
            logit_NC, label_N = judged[name].cpu(), judged[f"{name}/label"].cpu()
            if len(label_N) == 0 and name == "fused":
                taken = " or ".join(self.model.config.modalities)
                raise DataError(f"no video of the validation split has {taken}, which is what the network takes")
            if len(label_N) == 0:
                continue
            confusion_CC = confusion_matrix(logit_NC.argmax(dim=1).numpy(), label_N.numpy(), logit_NC.shape[1])
            if name == "fused":
                mine = {
                    "loss": float(self._loss(logit_NC, label_N)),
                    "accuracy": float(accuracy(confusion_CC)),
                    "uar": float(unweighted_average_recall(confusion_CC)),
                }
            else:
                mine = {f"accuracy/{name}": float(accuracy(confusion_CC))}
            metrics |= mine
            self.counts |= dict.fromkeys(mine, len(label_N))
        return metrics


def _partners(video_B: Tensor, audio_B: Tensor) -> Tensor:
    """For each row another one with the same modalities, or itself where there is none: int64 (B,)."""
    kind_B = (2 * video_B.int() + audio_B.int()).cpu()
    other_B = torch.arange(len(kind_B))
    for kind in range(4):
        row_K = (kind_B == kind).nonzero()[:, 0]
        other_B[row_K] = row_K.roll(1)
    return other_B.to(video_B.device)


def _mixed(media: Tensor, other_B: Tensor, share: float) -> Tensor:
    """``share`` of each row and the rest of its partner, in the type of ``media``."""
    whole = torch.lerp(media[other_B].float(), media.float(), share)
    return whole.round().to(media.dtype) if not media.dtype.is_floating_point else whole
