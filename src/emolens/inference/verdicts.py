"""Verdicts of many frames or windows, taken apart and put together.

Legend: N samples, K of them, C labels.
"""

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

from emolens.models.verdict import Array, Verdict


def rows_of(verdict: Verdict, row_K: Sequence[int] | NDArray[np.integer]) -> Verdict:
    """The verdict of some of N samples, in the order of ``row_K``; one may be named twice."""
    return _each([verdict], lambda parts: parts[0][np.asarray(row_K, dtype=np.intp)])


def joined(verdicts: Sequence[Verdict]) -> Verdict:
    """One verdict of all samples, in order. A column that not all of them have is left out."""
    return _each(verdicts, np.concatenate)


def mean_of(verdict: Verdict) -> Verdict:
    """One verdict for N frames: the mean of their scores, of their valence and of their arousal.

    Scores, not logits or embeddings: the mean of probabilities is the share of the time that each label is the answer,
    to the degree each frame is sure; it sums to 1, no single overconfident frame outweighs the others as it does among
    logits, and it works with every head, one that reads a point as well as one that reads words.
    """
    return _each([verdict], lambda parts: parts[0].mean(axis=0, keepdims=True))


def _each(verdicts: Sequence[Verdict], function: Callable[[list[Array]], Array]) -> Verdict:
    def of(columns: list[Array | None]) -> Array | None:
        given = [column for column in columns if column is not None]
        return function(given) if len(given) == len(columns) else None

    return Verdict(
        verdicts[0].label_space,
        of([verdict.score_NC for verdict in verdicts]),
        of([verdict.valence_N for verdict in verdicts]),
        of([verdict.arousal_N for verdict in verdicts]),
    )
