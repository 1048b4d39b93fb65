"""Average precision against scikit-learn."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics import average_precision_score

from emolens.metrics.multilabel import (
    average_precision,
    mean_average_precision,
    weighted_average_precision,
)


@settings(max_examples=25)
@given(st.integers(0, 10_000), st.integers(1, 30), st.sampled_from([3, 1000]))
def test_equals_scikit_learn_with_and_without_ties(seed: int, n: int, levels: int) -> None:
    generator = np.random.default_rng(seed)
    score = generator.integers(levels, size=(n, 3)) / levels
    target = (generator.random((n, 3)) < 0.4).astype(int)
    found = average_precision(score, target)
    for c in range(3):
        if target[:, c].any():
            assert found[c] == pytest.approx(average_precision_score(target[:, c], score[:, c]))
        else:
            assert math.isnan(found[c])


@settings(max_examples=25)
@given(st.integers(0, 10_000), st.sampled_from([3, 1000]))
def test_weights_repeat_rows(seed: int, levels: int) -> None:
    generator = np.random.default_rng(seed)
    score = generator.integers(levels, size=20) / levels
    target = (generator.random(20) < 0.4).astype(float)
    weight = generator.integers(0, 3, size=(20, 4)).astype(float)
    found = weighted_average_precision(score, target, weight)
    for resample in range(4):
        kept = weight[:, resample] > 0
        if target[kept].any():
            expected = average_precision_score(target[kept], score[kept], sample_weight=weight[kept, resample])
            assert found[resample] == pytest.approx(expected)
        else:
            assert math.isnan(found[resample])


def test_mean_leaves_out_labels_without_positives() -> None:
    score = [[0.9, 0.1, 0.5], [0.1, 0.9, 0.5]]
    assert mean_average_precision(score, [[1, 1, 0], [0, 0, 0]]) == pytest.approx(0.75)
    assert math.isnan(mean_average_precision(score, np.zeros((2, 3))))


def test_what_does_not_fit_is_refused() -> None:
    with pytest.raises(ValueError, match=r"scores \(1, 2\) and targets \(1, 3\)"):
        average_precision([[0, 1]], [[0, 1, 1]])
    with pytest.raises(ValueError, match="0 or 1"):
        average_precision([[0.0, 1.0]], [[0.5, 1.0]])
    with pytest.raises(ValueError, match="NaN"):
        average_precision([[np.nan, 1]], [[0, 1]])
    with pytest.raises(ValueError, match="no rows"):
        average_precision(np.empty((0, 2)), np.empty((0, 2)))
