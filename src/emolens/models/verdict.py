"""What a model says of N samples, whatever kind of model it is.

Legend: N samples, C labels.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from emolens.taxonomy import (
    LabelSpace,
    get_label_space,
    map_scores,
    mapping_kind,
    scores_from_valence_arousal,
    valence_arousal_from_scores,
)

Array = NDArray[np.float64]


@dataclass(frozen=True)
class Verdict:
    """Scores over a label space, a point in the valence-arousal plane, or both.

    Attributes:
        label_space: the space of ``score_NC``; None where there are no scores.
        score_NC: probabilities, float64, shape (N, C), rows sum to 1.
        valence_N: float64, shape (N,), in [-1, 1], 0 is neutral.
        arousal_N: float64, shape (N,), in [-1, 1], 0 is medium.
    """

    label_space: LabelSpace | None = None
    score_NC: Array | None = None
    valence_N: Array | None = None
    arousal_N: Array | None = None

    def completed(self) -> "Verdict":
        """With the expected valence-arousal point of the scores, where the model itself gives none."""
        if self.valence_N is not None or self.arousal_N is not None:
            return self  # one of the two is not mixed with an expectation of the other
        if self.score_NC is None or self.label_space is None:
            return self
        if np.isnan(self.label_space.valence_arousal).any():
            return self  # a space that a data set brought along may have no points
        return Verdict(self.label_space, self.score_NC, *valence_arousal_from_scores(self.score_NC, self.label_space))

    def mapped(self, target: LabelSpace | str) -> "Verdict":
        """The same verdict in another label space; :func:`mapping_of` tells how.

        Scores are coarsened by an exact table where there is one. Else a valence-arousal point the model
        itself gave is nearer the truth than one read off its labels, so it is used first.
        """
        space = get_label_space(target)
        kind = mapping_of(self.label_space, space, self.valence_N is not None)
        if kind == "native":
            return self
        if self.valence_N is not None and self.arousal_N is not None and kind == "valence_arousal":
            score_NC = scores_from_valence_arousal(self.valence_N, self.arousal_N, space)
        else:
            assert self.score_NC is not None
            assert self.label_space is not None
            score_NC = map_scores(self.score_NC, self.label_space, space)
        return Verdict(space, score_NC, self.valence_N, self.arousal_N)


def mapping_of(source: LabelSpace | None, target: LabelSpace, has_point: bool) -> str:
    """How a verdict reaches ``target``: "native", "exact" or "valence_arousal"."""
    if source is None:
        return "valence_arousal"
    kind = mapping_kind(source, target)
    return kind if kind in ("native", "exact") else "valence_arousal"
