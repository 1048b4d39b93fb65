"""Multi-label metrics: how well the labels that apply are ranked above those that do not.

Legend: N rows, C labels, R resamples.
"""

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]


def check_multilabel(score_NC: npt.ArrayLike, target_NC: npt.ArrayLike) -> tuple[Floats, Floats]:
    """The inputs as float64 arrays, once they are found fit.

    Raises:
        ValueError: shapes that differ, no rows, NaN, targets other than 0 and 1.
    """
    score, target = np.asarray(score_NC, dtype=np.float64), np.asarray(target_NC, dtype=np.float64)
    if score.shape != target.shape or score.ndim != 2:
        raise ValueError(f"scores {score.shape} and targets {target.shape} must be of one shape (N, C)")
    if len(score) == 0:
        raise ValueError("no rows to compute metrics on")
    if not np.isfinite(score).all():
        raise ValueError("scores hold NaN or infinity; leave out the rows that have no prediction")
    if not np.isin(target, (0, 1)).all():
        raise ValueError("targets must be 0 or 1 for each label")
    return score, target


def weighted_average_precision(score_N: Floats, target_N: Floats, weight_NR: Floats) -> Floats:
    """Average precision of one label with rows weighted, (R,); NaN where no positive row has weight.

    Rows of equal score come together, so their order does not matter, as in scikit-learn.

    Args:
        score_N: the higher the likelier.
        target_N: 0 or 1.
        weight_NR: how often each row is taken in each resample; rows first, so that a row is one block of
            memory.
    """
    order = np.argsort(-score_N, kind="stable")
    ranked_N, hit_N = score_N[order], target_N[order] > 0
    run_N = np.concatenate([[0], np.cumsum(np.diff(ranked_N) != 0)])  # rows of equal score share a number
    useful = np.unique(run_N[hit_N])  # precision only counts where recall grows
    result: Floats = np.full(weight_NR.shape[1], np.nan)
    if len(useful) == 0:
        return result
    # Sums between one useful run's end and the next, rather than over all rows: a label is mostly absent.
    last = np.searchsorted(run_N, useful, side="right")
    start = np.concatenate([[0], last[:-1]])
    taken = np.cumsum(np.add.reduceat(weight_NR[order[: last[-1]]], start, axis=0), axis=0)
    first_hit = np.searchsorted(run_N[hit_N], useful)
    gained = np.add.reduceat(weight_NR[order[hit_N]], first_hit, axis=0)
    found = np.cumsum(gained, axis=0)
    precision = np.divide(found, taken, out=np.zeros_like(found), where=taken > 0)
    np.divide((gained * precision).sum(axis=0), found[-1], out=result, where=found[-1] > 0)
    return result


def average_precision(score_NC: npt.ArrayLike, target_NC: npt.ArrayLike) -> Floats:
    """Average precision of each label, (C,), in [0, 1]; NaN for a label without positives.

    Args:
        score_NC: the higher the likelier, any scale.
        target_NC: 0 or 1.

    Raises:
        ValueError: as :func:`check_multilabel`.
    """
    score, target = check_multilabel(score_NC, target_NC)
    once_N1 = np.ones((len(score), 1))
    return np.array([weighted_average_precision(score[:, c], target[:, c], once_N1)[0] for c in range(score.shape[1])])


def mean_average_precision(score_NC: npt.ArrayLike, target_NC: npt.ArrayLike) -> float:
    """mAP: mean average precision of the labels that have at least one positive, in [0, 1]; NaN if none has.

    Args and errors as :func:`average_precision`.
    """
    every_C = average_precision(score_NC, target_NC)
    defined = every_C[~np.isnan(every_C)]
    return float(defined.mean()) if defined.size else float("nan")
