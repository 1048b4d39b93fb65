"""The embedded baseline as a head.

Legend: N samples, D features.
"""

from torch import Tensor

from emolens.heads.answers import Answers
from emolens.heads.base import Head
from emolens.models.affective.regressor import mini_regressor
from emolens.taxonomy import LabelSpace


class MiniHead(Head):
    """Valence and arousal, mapped to any label space by the points of its labels."""

    kind = "mini"
    gives_point = True
    own_label_space = None

    def __init__(self, space: LabelSpace) -> None:
        self.space: LabelSpace = space
        self.regressor = mini_regressor()

    @property
    def mapping(self) -> str:
        return "valence_arousal"

    def answers(self, embedding_ND: Tensor) -> Answers:
        valence_N, arousal_N = self.regressor.predict(embedding_ND.numpy())
        return Answers(valence_N=valence_N, arousal_N=arousal_N).mapped(self.space)

    def retarget(self, space: LabelSpace) -> "MiniHead":
        return MiniHead(space)
