"""Between labels and the plane of valence and arousal.

Legend: N samples, C labels, D = 2 (valence, arousal).
"""

import numpy as np
import numpy.typing as npt

from emolens.errors import ConfigError, DataError
from emolens.taxonomy.label_space import LabelSpace
from emolens.taxonomy.registry import get_label_space

Floats = npt.NDArray[np.float64]

TEMPERATURE = 0.45
"""2 sigma^2 of :func:`scores_from_valence_arousal`, on scales of [-1, 1].

sigma is how far one viewer's rating of a picture lies from the mean of all viewers: over 675 photographs of
OASIS (Kurdi, Lozano & Banaji 2017) the root mean square of the published standard deviations is 0.37 in
valence and 0.56 in arousal; sigma^2 is the mean of their squares, 0.226.
"""


def label_points(space: LabelSpace) -> Floats:
    """Each label's point, (C, D), float64, in [-1, 1].

    Raises:
        ConfigError: if a label has no point.
    """
    point_CD = np.array(space.valence_arousal, dtype=np.float64)
    unknown = [label for label, point in zip(space.labels, point_CD, strict=True) if np.isnan(point).any()]
    if unknown:
        raise ConfigError(
            f"{space.name}: no valence-arousal point is known for {', '.join(unknown)}; "
            "give them in the label space's TOML"
        )
    return point_CD


def scores_from_valence_arousal(valence_N: npt.ArrayLike, arousal_N: npt.ArrayLike, space: str | LabelSpace) -> Floats:
    """Probabilities of labels for a model that predicts valence and arousal.

    A viewer whose feeling lies at (v, a) picks label c with a probability proportional to
    exp(-|(v, a) - point_c|^2 / T), T = :data:`TEMPERATURE`: equal priors, and viewers spread around a label's
    point as they spread around a picture.

    Args:
        valence_N, arousal_N: in [-1, 1], shape (N,).
        space: label space or its name, C labels.

    Returns:
        (N, C), float64, rows summing to 1; NaN rows where an input is NaN.

    Raises:
        ConfigError: if a label has no valence-arousal point.
        DataError: if the inputs differ in shape.
    """
    space = get_label_space(space)
    valence, arousal = np.asarray(valence_N, dtype=np.float64), np.asarray(arousal_N, dtype=np.float64)
    if valence.shape != arousal.shape or valence.ndim != 1:
        raise DataError(f"valence {valence.shape} and arousal {arousal.shape} must be of one shape (N,)")
    point_CD = label_points(space)
    distance_NC = (valence[:, None] - point_CD[:, 0]) ** 2 + (arousal[:, None] - point_CD[:, 1]) ** 2
    weight_NC = np.exp((distance_NC.min(axis=1, keepdims=True) - distance_NC) / TEMPERATURE)
    score_NC: Floats = weight_NC / weight_NC.sum(axis=1, keepdims=True)
    return score_NC


def valence_arousal_from_scores(score_NC: npt.ArrayLike, space: str | LabelSpace) -> tuple[Floats, Floats]:
    """Expected valence and arousal under probabilities of labels: the mean of the labels' points.

    Args:
        score_NC: (N, C), rows summing to 1; NaN rows stay NaN.
        space: label space or its name, C labels.

    Returns:
        valence and arousal, each (N,), float64, in [-1, 1].

    Raises:
        ConfigError: if a label has no valence-arousal point.
        DataError: if the shapes do not fit.
    """
    space = get_label_space(space)
    score = np.asarray(score_NC, dtype=np.float64)
    if score.ndim != 2 or score.shape[1] != len(space):
        raise DataError(f"scores of shape {score.shape} do not fit {space.name}, which has {len(space)} labels")
    point_ND = score @ label_points(space)
    return point_ND[:, 0], point_ND[:, 1]
