"""What a model answers for N samples, whatever kind of model it is: arrays from the head to the table.

Legend: N samples, K some of them, C labels.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, fields, replace

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

Floats = NDArray[np.float64]
Rows = Sequence[int] | NDArray[np.integer] | slice


@dataclass(frozen=True)
class Answers:
    """Scores over a label space, a point in the valence-arousal plane, or both.

    A sample without an answer has NaN in every array.

    Attributes:
        label_space: the space of ``score_NC``; None where there are no scores.
        score_NC: probabilities, float64, shape (N, C), rows sum to 1. Of a multi-label model in its own label space:
            independent degrees.
        valence_N, arousal_N, dominance_N: float64, shape (N,), in [-1, 1]; 0 is neutral, or medium.

    Examples:
        >>> import numpy as np
        >>> answers = Answers(get_label_space("polarity2"), np.array([[0.25, 0.75], [0.5, 0.5]]))
        >>> len(answers), answers[[0]].score_NC.tolist()
        (2, [[0.25, 0.75]])
        >>> answers.mean().score_NC.tolist()
        [[0.375, 0.625]]
    """

    label_space: LabelSpace | None = None
    score_NC: Floats | None = None
    valence_N: Floats | None = None
    arousal_N: Floats | None = None
    dominance_N: Floats | None = None

    def __len__(self) -> int:
        return next((len(array) for array in self.arrays().values()), 0)

    def __getitem__(self, row_K: Rows) -> "Answers":
        """Some of the samples, in the order of ``row_K``; one may be named twice."""
        place = row_K if isinstance(row_K, slice) else np.asarray(row_K, dtype=np.intp)
        return self._each(lambda array: array[place])

    def arrays(self) -> dict[str, Floats]:
        """The arrays that there are, by the name of their attribute."""
        found = {item.name: getattr(self, item.name) for item in fields(self) if item.name != "label_space"}
        return {name: array for name, array in found.items() if array is not None}

    def spread(self, row_K: Rows, count: int) -> "Answers":
        """These K answers as the rows ``row_K`` of ``count`` samples; the others have none (NaN)."""
        place = row_K if isinstance(row_K, slice) else np.asarray(row_K, dtype=np.intp)

        def placed(array: Floats) -> Floats:
            whole = np.full((count, *array.shape[1:]), np.nan)
            whole[place] = array
            return whole

        return self._each(placed)

    def mean(self) -> "Answers":
        """One answer for N frames: the mean of their scores, of their valence, of their arousal.

        Scores, not logits or embeddings: the mean of probabilities is the share of the time that each label is the
        answer, to the degree each frame is sure; it sums to 1, no single overconfident frame outweighs the others as it
        does among logits, and it works with every head, one that reads a point as well as one that reads words.
        """
        return self._each(lambda array: array.mean(axis=0, keepdims=True))

    @staticmethod
    def concatenate(parts: Sequence["Answers"]) -> "Answers":
        """The answers of all parts, in order. An array that not all of them have is left out."""
        arrays = [part.arrays() for part in parts]
        common = [name for name in arrays[0] if all(name in found for found in arrays)]
        return Answers(parts[0].label_space, **{name: np.concatenate([a[name] for a in arrays]) for name in common})

    def completed(self) -> "Answers":
        """With the expected valence-arousal point of the scores, where the model itself gives none."""
        if self.valence_N is not None or self.arousal_N is not None:
            return self  # one of the two is not mixed with an expectation of the other
        if self.score_NC is None or self.label_space is None:
            return self
        if np.isnan(self.label_space.valence_arousal).any():
            return self  # a space that a data set brought along may have no points
        valence_N, arousal_N = valence_arousal_from_scores(self.score_NC, self.label_space)
        return replace(self, valence_N=valence_N, arousal_N=arousal_N)

    def mapped(self, target: LabelSpace | str) -> "Answers":
        """The same answers in another label space; :func:`mapping_of` says how.

        Scores are coarsened by an exact table where there is one. Else a valence-arousal point that the model
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
        return replace(self, label_space=space, score_NC=score_NC)

    def _each(self, function: Callable[[Floats], Floats]) -> "Answers":
        return Answers(self.label_space, **{name: function(array) for name, array in self.arrays().items()})


def mapping_of(source: LabelSpace | None, target: LabelSpace, has_point: bool) -> str:
    """How answers reach ``target``: "native", "exact" or "valence_arousal".

    Args:
        source: the space of their scores; None without scores.
        target: the space that is wanted.
        has_point: whether valence and arousal are the model's own.
    """
    if source is None:
        return "valence_arousal"
    kind = mapping_kind(source, target)
    return kind if kind in ("native", "exact") else "valence_arousal"
