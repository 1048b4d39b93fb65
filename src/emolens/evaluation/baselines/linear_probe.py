"""The linear-probe rung: logistic and ridge regression on frozen embeddings, fitted on one data set's train split.

Legend: N rows, D embedding width, C classes.
"""

import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

from emolens.errors import DataError
from emolens.evaluation.score.targets import Targets
from emolens.taxonomy import LabelSpace

Floats = npt.NDArray[np.float64]

INVERSE_REGULARISATION = tuple(10.0**k for k in range(-4, 2))  # for logistic regression on standardised features
RIDGE = tuple(10.0**k for k in range(6))  # an unregularised fit of D > N features only memorises
FOLDS = 5  # inner cross-validation where there is no validation split


@dataclass(frozen=True)
class Standardise:
    """Features in standard deviations of the train split, clipped.

    A feature that hardly varies there (rounding) is left out, and one far outside its range says no more than "much":
    else a single odd picture would decide which regularisation looks best.
    """

    mean_D: Floats
    scale_D: Floats
    CLIP = 5.0
    LEAST = 1e-6  # of float32 features of the size of 1, this is rounding

    @classmethod
    def of(cls, train_ND: npt.NDArray[np.float32]) -> "Standardise":
        """Mean and standard deviation of the rows without NaN."""
        good_ND = train_ND[np.isfinite(train_ND).all(axis=1)]
        scale_D = good_ND.std(axis=0, dtype=np.float64)
        mean_D = good_ND.mean(axis=0, dtype=np.float64)
        return cls(mean_D, np.where(scale_D > cls.LEAST, scale_D, np.inf))

    def __call__(self, embedding_ND: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
        """float32, shape (N, D); NaN rows stay NaN."""
        standard_ND = ((embedding_ND - self.mean_D) / self.scale_D).clip(-self.CLIP, self.CLIP)
        return standard_ND.astype(np.float32)


@dataclass(frozen=True)
class LinearProbe:
    """A fitted probe.

    Attributes:
        standardise: applied to embeddings first.
        space: label space of its classes; None where the train split had no labels.
        classifier: gives ``predict_proba``; None without labels.
        class_K: the indices in ``space`` of the classifier's outputs; a class without training rows scores 0.
        regressor: "valence" and "arousal" -> regressor in [-1, 1] units, for those the train split had.
        chosen: the hyperparameters and on what they were chosen, for the report.
    """

    standardise: Standardise
    space: LabelSpace | None
    classifier: Any
    class_K: tuple[int, ...]
    regressor: Mapping[str, Any] = field(default_factory=dict)
    chosen: str = ""

    def scores(self, embedding_ND: npt.NDArray[np.float32]) -> Floats | None:
        """Probabilities (N, C) in ``space``; NaN rows where the embedding is NaN; None without labels."""
        if self.classifier is None or self.space is None:
            return None
        good_N = np.isfinite(embedding_ND).all(axis=1)
        score_NC = np.full((len(embedding_ND), len(self.space)), np.nan)
        if good_N.any():
            score_NC[good_N] = 0.0
            score_NC[np.ix_(np.flatnonzero(good_N), np.array(self.class_K))] = self.classifier.predict_proba(
                self.standardise(embedding_ND[good_N])
            )
        return score_NC

    def affect(self, name: str, embedding_ND: npt.NDArray[np.float32]) -> Floats | None:
        """Valence or arousal (N,), clipped to [-1, 1]; NaN where the embedding is NaN; None if it was not trained."""
        if name not in self.regressor:
            return None
        good_N = np.isfinite(embedding_ND).all(axis=1)
        value_N = np.full(len(embedding_ND), np.nan)
        if good_N.any():
            value_N[good_N] = self.regressor[name].predict(self.standardise(embedding_ND[good_N])).clip(-1, 1)
        return value_N


def fit_linear_probe(
    train_ND: npt.NDArray[np.float32],
    train: Targets,
    val_ND: npt.NDArray[np.float32] | None = None,
    val: Targets | None = None,
) -> LinearProbe:
    """Fit on ``train``; choose the regularisation on ``val``, or by inner cross-validation over ``train``.

    The inner folds keep groups apart. The test split is never seen. Features are standardised with the
    statistics of ``train``.

    Args:
        train_ND: embeddings of the train split, float32; NaN rows are left out.
        train: its targets.
        val_ND, val: the same of the validation split, or None.

    Raises:
        DataError: there is nothing in the train split to fit.
    """
    if not np.isfinite(train_ND).all(axis=1).any():
        raise DataError(f'{train.data}, split "{train.split}": none of its pictures could be embedded')
    standardise = Standardise.of(train_ND)
    train_ND, val_ND = standardise(train_ND), None if val_ND is None else standardise(val_ND)
    by = "val split" if val is not None else f"{FOLDS}-fold cross-validation over train"
    chosen: list[str] = []
    classifier: Any = None
    class_K: tuple[int, ...] = ()
    if train.label_N is not None or train.label_NC is not None:
        classifier, class_K, strength = _fit_classifier(train_ND, train, val_ND, val)
        chosen.append(f"C = {strength:g}")
    regressor: dict[str, Any] = {}
    for name in ("valence", "arousal"):
        target_N = train.affect(name)
        if target_N is not None and np.isfinite(target_N).sum() >= FOLDS:
            regressor[name], strength = _fit_regressor(name, train_ND, train, val_ND, val)
            chosen.append(f"{name} alpha = {strength:g}")
    if classifier is None and not regressor:
        raise DataError(f'{train.data}, split "{train.split}": nothing to fit a linear probe on')
    space = train.space if classifier is not None else None
    return LinearProbe(standardise, space, classifier, class_K, regressor, f"{', '.join(chosen)} (chosen by {by})")


def _fit_classifier(
    train_ND: npt.NDArray[np.float32],
    train: Targets,
    val_ND: npt.NDArray[np.float32] | None,
    val: Targets | None,
) -> tuple[Any, tuple[int, ...], float]:
    from sklearn.linear_model import LogisticRegression
    from sklearn.multiclass import OneVsRestClassifier

    multi_label = train.label_N is None
    kept_N, target = _labelled(train_ND, train)
    val_part = None
    if val is not None and val_ND is not None and (val.label_NC if multi_label else val.label_N) is not None:
        val_kept_N, val_target = _labelled(val_ND, val)
        val_part = (val_ND[val_kept_N], val_target)
    found = target.any(axis=0).sum() if multi_label else len(np.unique(target))
    if found < 2:
        raise DataError(f'{train.data}, split "{train.split}": has {found} label(s); a classifier needs two')

    def model(strength: float) -> Any:
        logistic = LogisticRegression(C=strength, max_iter=2000)
        return OneVsRestClassifier(logistic) if multi_label else logistic

    strength = _choose(
        model, INVERSE_REGULARISATION, train_ND[kept_N], target, _groups(train, kept_N), val_part, _log_likelihood
    )
    fitted = _fit(model(strength), train_ND[kept_N], target)
    class_K = range(target.shape[1]) if multi_label else fitted.classes_
    return fitted, tuple(int(c) for c in class_K), strength


def _fit_regressor(
    name: str,
    train_ND: npt.NDArray[np.float32],
    train: Targets,
    val_ND: npt.NDArray[np.float32] | None,
    val: Targets | None,
) -> tuple[Any, float]:
    from sklearn.linear_model import Ridge

    def usable(embedding_ND: npt.NDArray[np.float32], targets: Targets) -> tuple[Any, Any]:
        value_N = targets.affect(name)
        assert value_N is not None
        kept_N = np.isfinite(embedding_ND).all(axis=1) & np.isfinite(value_N)
        return kept_N, value_N[kept_N]

    kept_N, target_N = usable(train_ND, train)
    val_part = None
    if val is not None and val_ND is not None and val.affect(name) is not None:
        val_kept_N, val_target_N = usable(val_ND, val)
        val_part = (val_ND[val_kept_N], val_target_N)

    def model(strength: float) -> Any:
        return Ridge(alpha=strength)

    strength = _choose(model, RIDGE, train_ND[kept_N], target_N, _groups(train, kept_N), val_part, _minus_mse)
    return _fit(model(strength), train_ND[kept_N], target_N), strength


def _labelled(embedding_ND: npt.NDArray[np.float32], targets: Targets) -> tuple[Any, Any]:
    """Rows with an embedding and a label, bool (N,), and those labels."""
    good_N = np.asarray(np.isfinite(embedding_ND).all(axis=1))
    if targets.label_N is not None:
        kept_N = good_N & (targets.label_N >= 0)
        return kept_N, targets.label_N[kept_N]
    assert targets.label_NC is not None
    kept_N = good_N & targets.label_NC.any(axis=1)
    return kept_N, targets.label_NC[kept_N].astype(np.int64)


def _groups(targets: Targets, kept_N: Any) -> Any:
    return np.flatnonzero(kept_N) if targets.group_N is None else targets.group_N[kept_N]


def _choose(
    model: Any,
    strengths: Sequence[float],
    x_ND: Any,
    target: Any,
    group_N: Any,
    val_part: tuple[Any, Any] | None,
    score: Any,
) -> float:
    """The strength with the best score on the validation split, or over group-disjoint folds of the train split."""
    from sklearn.model_selection import GroupKFold

    if val_part is not None and len(val_part[1]):
        parts = [((x_ND, target), val_part)]
    else:
        folds = min(FOLDS, len(np.unique(group_N)))
        if folds < 2:
            raise DataError("the train split is one single group and there is no val split to choose the probe on")
        splits = GroupKFold(folds).split(x_ND, groups=group_N)
        parts = [((x_ND[a], target[a]), (x_ND[b], target[b])) for a, b in splits]
    parts = [part for part in parts if target.ndim > 1 or target.dtype.kind == "f" or len(np.unique(part[0][1])) > 1]
    return max(strengths, key=lambda s: float(np.mean([score(_fit(model(s), *a), *b) for a, b in parts])))


def _fit(model: Any, x_ND: Any, target: Any) -> Any:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # not converged, or a label that all rows have: still a valid, weaker baseline
        return model.fit(x_ND, target)


def _log_likelihood(model: Any, x_ND: Any, target: Any) -> float:
    """Mean log-likelihood. A class that the model never saw has probability 0; the floor keeps it finite."""
    p_NK = model.predict_proba(x_ND).clip(1e-12, 1 - 1e-12)
    if target.ndim > 1:
        return float((target * np.log(p_NK) + (1 - target) * np.log(1 - p_NK)).mean())
    column = {c: k for k, c in enumerate(model.classes_)}
    return float(np.mean([np.log(p_NK[i, column[c]]) if c in column else np.log(1e-12) for i, c in enumerate(target)]))


def _minus_mse(model: Any, x_ND: Any, target_N: Any) -> float:
    return -float(np.square(model.predict(x_ND) - target_N).mean())
