"""ECE, Brier and the reliability curve against loops."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from emolens.metrics.calibration import (
    brier_score,
    expected_calibration_error,
    reliability_curve,
)


def drawn(seed: int, n: int = 50, classes: int = 4) -> tuple[np.ndarray, np.ndarray]:
    generator = np.random.default_rng(seed)
    return generator.dirichlet(np.full(classes, 0.5), n), generator.integers(classes, size=n)


def naive_ece(score: np.ndarray, target: np.ndarray, bins: int) -> float:
    rows: list[list[tuple[float, bool]]] = [[] for _ in range(bins)]
    for row, t in zip(score.tolist(), target.tolist(), strict=True):
        confidence = max(row)
        place = next(b for b in range(bins) if confidence <= (b + 1) / bins or b == bins - 1)
        rows[place].append((confidence, row.index(confidence) == t))
    total = 0.0
    for members in rows:
        if members:
            gap = sum(c for c, _ in members) / len(members) - sum(h for _, h in members) / len(members)
            total += len(members) * abs(gap)
    return total / len(target)


@settings(max_examples=50)
@given(st.integers(0, 10_000), st.integers(1, 20))
def test_ece_equals_the_obvious_version(seed: int, bins: int) -> None:
    score, target = drawn(seed)
    assert expected_calibration_error(score, target, bins) == pytest.approx(naive_ece(score, target, bins))


@settings(max_examples=50)
@given(st.integers(0, 10_000))
def test_brier_equals_the_obvious_version(seed: int) -> None:
    score, target = drawn(seed)
    expected = sum(
        sum((p - (c == t)) ** 2 for c, p in enumerate(row))
        for row, t in zip(score.tolist(), target.tolist(), strict=True)
    ) / len(target)
    assert brier_score(score, target) == pytest.approx(expected)


def test_ends_of_the_scales() -> None:
    right, wrong = np.eye(3), np.roll(np.eye(3), 1, axis=1)
    assert brier_score(right, [0, 1, 2]) == 0
    assert brier_score(wrong, [0, 1, 2]) == 2
    assert expected_calibration_error(right, [0, 1, 2]) == 0
    assert expected_calibration_error(wrong, [0, 1, 2]) == 1


def test_honest_probabilities_are_calibrated() -> None:
    score = np.tile([0.7, 0.3], (1000, 1))
    target = np.array([0] * 700 + [1] * 300)
    assert expected_calibration_error(score, target) == pytest.approx(0, abs=1e-12)


@settings(max_examples=50)
@given(st.integers(0, 10_000))
def test_the_curve_sums_up_to_ece(seed: int) -> None:
    score, target = drawn(seed)
    curve = reliability_curve(score, target)
    assert len(curve.edges) == 16
    assert curve.count.sum() == len(target)
    used = curve.count > 0
    np.testing.assert_array_equal(np.isnan(curve.confidence), ~used)
    assert np.all(curve.confidence[used] <= curve.edges[1:][used] + 1e-12)
    assert np.all(curve.confidence[used] >= curve.edges[:-1][used] - 1e-12)
    gap = np.abs(curve.confidence - curve.accuracy)[used] * curve.count[used]
    assert math.isclose(gap.sum() / len(target), expected_calibration_error(score, target), abs_tol=1e-12)


def test_nan_is_refused() -> None:
    with pytest.raises(ValueError, match="leave out the rows that have no prediction"):
        expected_calibration_error([[np.nan, 1]], [0])
