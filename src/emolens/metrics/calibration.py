"""Do the probabilities mean what they say?

Legend: N rows, C classes, B bins.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from emolens.metrics.classification import check_scores

Floats = npt.NDArray[np.float64]
BINS = 15
"""As in Guo et al. 2017."""


@dataclass(frozen=True)
class ReliabilityCurve:
    """Confidence against accuracy, in B bins of equal width over [0, 1].

    Attributes:
        edges: (B + 1,) ends of the bins; a bin holds its upper end.
        count: (B,) rows in each.
        confidence: (B,) mean probability of the predicted label; NaN in an empty bin.
        accuracy: (B,) part of them that is right; NaN in an empty bin.
    """

    edges: Floats
    count: npt.NDArray[np.int64]
    confidence: Floats
    accuracy: Floats


def confidence_bins(
    score_NC: npt.ArrayLike, target_N: npt.ArrayLike, bins: int = BINS
) -> tuple[npt.NDArray[np.int64], Floats, Floats]:
    """For each row its bin in [0, B), the probability of its predicted label, and 1 if that is right, else 0."""
    score, target = check_scores(score_NC, target_N)
    confidence_N = score.max(axis=1)
    bin_N = np.clip(np.ceil(confidence_N * bins).astype(np.int64) - 1, 0, bins - 1)
    return bin_N, confidence_N, (score.argmax(axis=1) == target).astype(np.float64)


def reliability_curve(score_NC: npt.ArrayLike, target_N: npt.ArrayLike, bins: int = BINS) -> ReliabilityCurve:
    """The reliability curve of the predicted labels.

    Args:
        score_NC: probabilities, (N, C), rows summing to 1.
        target_N: true class indices, (N,).
        bins: B.

    Raises:
        ValueError: as :func:`~emolens.metrics.classification.check_scores`.
    """
    bin_N, confidence_N, hit_N = confidence_bins(score_NC, target_N, bins)
    count = np.bincount(bin_N, minlength=bins)
    with np.errstate(invalid="ignore"):
        confidence = np.bincount(bin_N, weights=confidence_N, minlength=bins) / count
        accuracy = np.bincount(bin_N, weights=hit_N, minlength=bins) / count
    return ReliabilityCurve(np.linspace(0, 1, bins + 1), count, confidence, accuracy)


def expected_calibration_error(score_NC: npt.ArrayLike, target_N: npt.ArrayLike, bins: int = BINS) -> float:
    """ECE: mean gap between confidence and accuracy, bins weighted by rows (Guo et al. 2017, equation 5).

    Args and errors as :func:`reliability_curve`. In [0, 1].
    """
    bin_N, confidence_N, hit_N = confidence_bins(score_NC, target_N, bins)
    gap_B = np.bincount(bin_N, weights=confidence_N - hit_N, minlength=bins)
    return float(np.abs(gap_B).sum() / len(bin_N))


def squared_errors(score_NC: npt.ArrayLike, target_N: npt.ArrayLike) -> Floats:
    """Each row's squared distance to the one-hot target, (N,), in [0, 2]; its mean is the Brier score."""
    score, target = check_scores(score_NC, target_N)
    own_N = score[np.arange(len(target)), target]
    result: Floats = (score**2).sum(axis=1) - own_N**2 + (1 - own_N) ** 2
    return result


def brier_score(score_NC: npt.ArrayLike, target_N: npt.ArrayLike) -> float:
    """Brier score over all classes (Brier 1950, equation 2): in [0, 2], 0 is best.

    Args and errors as :func:`reliability_curve`.
    """
    return float(squared_errors(score_NC, target_N).mean())
