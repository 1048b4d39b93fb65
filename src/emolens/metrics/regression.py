"""How well numbers are predicted: correlation, concordance, error.

Legend: N rows, R resamples.

``weight_RN`` counts how often each row is taken, for many resamples at once.
"""

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]


def check_pairs(predicted_N: npt.ArrayLike, target_N: npt.ArrayLike) -> tuple[Floats, Floats]:
    """The inputs as float64 arrays, once they are found fit.

    Raises:
        ValueError: shapes that differ, no rows, NaN or infinity.
    """
    predicted, target = np.asarray(predicted_N, dtype=np.float64), np.asarray(target_N, dtype=np.float64)
    if predicted.shape != target.shape or target.ndim != 1:
        raise ValueError(f"predicted {predicted.shape} and target {target.shape} must be of one shape (N,)")
    if len(target) == 0:
        raise ValueError("no rows to compute metrics on")
    if not (np.isfinite(predicted).all() and np.isfinite(target).all()):
        raise ValueError("predictions or targets hold NaN or infinity; leave those rows out")
    return predicted, target


def regression_statistics(predicted_N: Floats, target_N: Floats, weight_RN: Floats) -> dict[str, Floats]:
    """``pearson_r``, ``ccc`` and ``rmse`` of weighted rows, each (R,), from one pass over the moments."""
    # Moments about the overall means: those about zero would lose digits where the mean is far from it.
    x_N, y_N = predicted_N - predicted_N.mean(), target_N - target_N.mean()
    shift = predicted_N.mean() - target_N.mean()
    error_N = predicted_N - target_N
    total_R = weight_RN.sum(axis=1)
    columns = np.stack([x_N, y_N, x_N * x_N, y_N * y_N, x_N * y_N, error_N * error_N], axis=1)
    x, y, xx, yy, xy, square = (weight_RN @ columns / total_R[:, None]).T
    variance_x, variance_y, covariance = xx - x * x, yy - y * y, xy - x * y
    # A constant has no variance but for rounding: of the moments here, and of the mean before.
    least_x, least_y = (
        1e-13 * np.max(centred**2) + 1e-26 * np.max(values**2)
        for centred, values in ((x_N, predicted_N), (y_N, target_N))
    )
    constant = (variance_x <= least_x) | (variance_y <= least_y)
    with np.errstate(invalid="ignore", divide="ignore"):
        r = np.where(constant, np.nan, covariance / np.sqrt(variance_x * variance_y))
        spread = variance_x + variance_y + (x - y + shift) ** 2
        ccc = np.where(spread > 0, 2 * covariance / spread, np.nan)
    return {"pearson_r": np.clip(r, -1, 1), "ccc": ccc, "rmse": np.sqrt(square)}


def _one(predicted_N: npt.ArrayLike, target_N: npt.ArrayLike, name: str) -> float:
    predicted, target = check_pairs(predicted_N, target_N)
    return float(regression_statistics(predicted, target, np.ones((1, len(target))))[name][0])


def pearson_r(predicted_N: npt.ArrayLike, target_N: npt.ArrayLike) -> float:
    """Pearson correlation, in [-1, 1]; NaN where one side is constant.

    Raises:
        ValueError: as :func:`check_pairs`.
    """
    return _one(predicted_N, target_N, "pearson_r")


def concordance(predicted_N: npt.ArrayLike, target_N: npt.ArrayLike) -> float:
    """Concordance correlation coefficient, in [-1, 1]: 1 only for equal values, 0 for a constant (Lin 1989).

    2 s_xy / (s_x^2 + s_y^2 + (m_x - m_y)^2), with the variances of the sample (divided by N).

    Raises:
        ValueError: as :func:`check_pairs`.
    """
    return _one(predicted_N, target_N, "ccc")


def root_mean_squared_error(predicted_N: npt.ArrayLike, target_N: npt.ArrayLike) -> float:
    """Root of the mean squared error, in the units of the target.

    Raises:
        ValueError: as :func:`check_pairs`.
    """
    return _one(predicted_N, target_N, "rmse")
