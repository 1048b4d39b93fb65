"""CLIP-E with cross-entropy as a head (arXiv 2310.12062).

Legend: N samples, D embedding.
"""

from torch import Tensor

from emolens.heads.answers import Answers
from emolens.heads.base import MappedHead, to_scores
from emolens.models.clip_e import CLIPECrossEntropy


class CrossEntropyHead(MappedHead):
    """Scores over the labels that it was trained on. CLIP-E against text is a :class:`emolens.heads.text.TextHead`."""

    kind = "clip_e_cross_entropy"

    def own_answers(self, embedding_ND: Tensor) -> Answers:
        assert isinstance(self.module, CLIPECrossEntropy)
        return Answers(self.own_label_space, to_scores(self.module.log_probability(embedding_ND).exp()))
