"""How well the positive, the neutral and the negative rows are answered.

Legend: N rows, C classes, R resamples.
"""

from dataclasses import replace

import numpy as np
import numpy.typing as npt

from emolens.metrics.bootstrap import bootstrap_intervals
from emolens.metrics.interval import Interval
from emolens.taxonomy import LabelSpace

POLARITIES = ("positive", "neutral", "negative")

Floats = npt.NDArray[np.float64]


def polarity_metrics(
    score_NC: Floats,
    target_N: npt.NDArray[np.int64],
    space: LabelSpace,
    groups: npt.NDArray[np.int64] | None = None,
    seed: int = 0,
) -> dict[str, Interval]:
    """Of the rows whose true label is positive (neutral, negative): how many are right, and how many right in polarity.

    Args:
        score_NC: probabilities over ``space``, (N, C), finite.
        target_N: true class indices.
        space: of the labels.
        groups: what the bootstrap resamples together.
        seed: of the bootstrap.

    Returns:
        ``polarity/positive/accuracy`` (the label is right) and ``polarity/positive/recall`` (its polarity is), the same
        for neutral and negative, each for those that some row has; ``n`` is the number of these rows. Nothing where all
        labels have one polarity, or each polarity has one label, so that label by label says the same.
    """
    sign_C = np.array(space.polarity)
    present = [name for name in POLARITIES if name in space.polarity]
    if len(present) < 2 or len(present) == len(space):
        return {}
    predicted_N = score_NC.argmax(axis=1)
    hit_N = (predicted_N == target_N).astype(np.float64)
    same_N = (sign_C[predicted_N] == sign_C[target_N]).astype(np.float64)
    within = {name: (sign_C[target_N] == name).astype(np.float64) for name in present}
    within = {name: mask_N for name, mask_N in within.items() if mask_N.any()}

    def statistics(weight_RN: Floats) -> dict[str, Floats]:
        found = {}
        for name, mask_N in within.items():
            rows_R = weight_RN @ mask_N
            for kind, value_N in (("accuracy", hit_N), ("recall", same_N)):
                share_R = np.full(len(rows_R), np.nan)
                np.divide(weight_RN @ (mask_N * value_N), rows_R, out=share_R, where=rows_R > 0)
                found[f"polarity/{name}/{kind}"] = share_R
        return found

    intervals = bootstrap_intervals(statistics, len(target_N), groups, seed)
    return {name: replace(m, n=int(within[name.split("/")[1]].sum())) for name, m in intervals.items()}
