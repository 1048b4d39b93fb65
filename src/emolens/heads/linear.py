"""The linear probe as a head.

Legend: N samples, D embedding, C labels, R continuous targets.
"""

from torch import Tensor, nn

from emolens.heads.answers import Answers
from emolens.heads.base import MappedHead, clipped_targets, to_scores
from emolens.models.probe import LinearProbe
from emolens.taxonomy import LabelSpace


class LinearHead(MappedHead):
    """A linear probe: one label or several of a picture, valence and arousal, or both."""

    kind = "probe"

    def __init__(self, module: nn.Module, own_label_space: LabelSpace | None, space: LabelSpace | None = None) -> None:
        super().__init__(module, own_label_space, space)
        assert isinstance(module, LinearProbe)
        self.gives_point = {"valence", "arousal"} <= set(module.targets)
        self.multi_label = module.multi_label

    def own_answers(self, embedding_ND: Tensor) -> Answers:
        assert isinstance(self.module, LinearProbe)
        logit_NC, value_NR = self.module(embedding_ND)
        score_NC = None
        if self.own_label_space is not None:
            score_NC = logit_NC.double().sigmoid().numpy() if self.multi_label else to_scores(logit_NC.softmax(1))
        return Answers(self.own_label_space, score_NC, **clipped_targets(value_NR, tuple(self.module.targets)))
