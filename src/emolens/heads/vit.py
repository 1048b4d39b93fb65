"""What a fine-tuned vision transformer says: its classifier, apart from the encoder.

Legend: N samples, D embedding, C labels, R continuous targets.
"""

import torch
from torch import Tensor, nn

from emolens.errors import WeightsError
from emolens.heads.answers import Answers
from emolens.heads.base import MappedHead, clipped_targets, to_scores
from emolens.taxonomy import LabelSpace

VIT = "vit_finetuned"


class VitClassifier(nn.Module):
    """The published ``head``, one linear layer: C outputs for the labels, then R for the continuous targets.

    Args:
        weight, bias: float, shapes (C + R, D) and (C + R,).
        targets: names of the last R outputs, values in [-1, 1].
        multi_label: whether the labels are independent (each output is the degree to which its label applies, regressed
            to 0 or 1) instead of logits of a softmax.
    """

    def __init__(self, weight: Tensor, bias: Tensor, targets: tuple[str, ...] = (), multi_label: bool = False) -> None:
        super().__init__()
        self.targets, self.multi_label = targets, multi_label
        self.linear = nn.Linear(weight.shape[1], weight.shape[0])
        with torch.no_grad():
            self.linear.weight.copy_(weight)
            self.linear.bias.copy_(bias)

    def forward(self, embedding_ND: Tensor) -> tuple[Tensor, Tensor]:
        """Outputs for the labels, shape (N, C), and values, shape (N, R)."""
        output = self.linear(embedding_ND)
        targets = len(self.targets)
        return output[:, : output.shape[1] - targets], output[:, output.shape[1] - targets :]


class VitHead(MappedHead):
    """Classes, several labels, valence and arousal, or labels and a point."""

    kind = VIT

    def __init__(self, module: nn.Module, own_label_space: LabelSpace | None, space: LabelSpace | None = None) -> None:
        super().__init__(module, own_label_space, space)
        assert isinstance(module, VitClassifier)
        labels = module.linear.out_features - len(module.targets)
        if labels != (len(own_label_space) if own_label_space else 0):
            names = (
                f"{own_label_space.name} has {len(own_label_space)} labels"
                if own_label_space
                else "no label space is given"
            )
            raise WeightsError(f"the head has {labels} outputs for labels, but {names}")
        self.gives_point = {"valence", "arousal"} <= set(module.targets)
        self.multi_label = module.multi_label

    def own_answers(self, embedding_ND: Tensor) -> Answers:
        assert isinstance(self.module, VitClassifier)
        output_NC, value_NR = self.module(embedding_ND)
        score_NC = None
        if self.own_label_space is not None:
            # Degrees stay as they are regressed: clipped to 0..1, rare labels would tie, and lose their ranks.
            score_NC = output_NC.double().numpy() if self.multi_label else to_scores(output_NC.softmax(1))
        return Answers(self.own_label_space, score_NC, **clipped_targets(value_NR, self.module.targets))
