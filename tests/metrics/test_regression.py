"""Correlation, concordance and error against numpy and loops."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from emolens.metrics.regression import (
    concordance,
    pearson_r,
    regression_statistics,
    root_mean_squared_error,
)


def drawn(seed: int, n: int = 30) -> tuple[np.ndarray, np.ndarray]:
    generator = np.random.default_rng(seed)
    target = generator.normal(generator.normal(), 1, n)
    return 0.6 * target + generator.normal(0.3, 0.5, n), target


def naive_concordance(x: list[float], y: list[float]) -> float:
    n = len(x)
    mx, my = sum(x) / n, sum(y) / n
    sxx, syy = sum((a - mx) ** 2 for a in x) / n, sum((b - my) ** 2 for b in y) / n
    sxy = sum((a - mx) * (b - my) for a, b in zip(x, y, strict=True)) / n
    return 2 * sxy / (sxx + syy + (mx - my) ** 2)


@settings(max_examples=50)
@given(st.integers(0, 10_000), st.integers(2, 40))
def test_equals_the_obvious_version(seed: int, n: int) -> None:
    x, y = drawn(seed, n)
    assert pearson_r(x, y) == pytest.approx(np.corrcoef(x, y)[0, 1], abs=1e-9)
    assert concordance(x, y) == pytest.approx(naive_concordance(x.tolist(), y.tolist()), abs=1e-9)
    assert root_mean_squared_error(x, y) == pytest.approx(math.sqrt(((x - y) ** 2).mean()))


@settings(max_examples=50)
@given(st.integers(0, 10_000))
def test_weights_repeat_rows(seed: int) -> None:
    x, y = drawn(seed)
    weight = np.random.default_rng(seed).integers(0, 4, size=(3, len(x))).astype(float)
    found = regression_statistics(x, y, weight)
    for row in range(3):
        again = np.repeat(np.arange(len(x)), weight[row].astype(int))
        assert found["pearson_r"][row] == pytest.approx(pearson_r(x[again], y[again]), abs=1e-9)
        assert found["ccc"][row] == pytest.approx(concordance(x[again], y[again]), abs=1e-9)
        assert found["rmse"][row] == pytest.approx(root_mean_squared_error(x[again], y[again]), abs=1e-9)


def test_what_each_forgives() -> None:
    x = np.linspace(-1, 1, 9)
    assert pearson_r(2 * x + 5, x) == pytest.approx(1)
    assert concordance(2 * x + 5, x) < 0.1
    assert concordance(x, x) == pytest.approx(1)
    assert concordance(-x, x) == pytest.approx(-1)
    assert root_mean_squared_error(x + 0.5, x) == pytest.approx(0.5)


@pytest.mark.parametrize("value", [0.0, 0.1, 1e6 + 0.1])
def test_a_constant_has_no_correlation(value: float) -> None:
    x = np.linspace(-1, 1, 9)
    assert math.isnan(pearson_r(np.full(9, value), x))
    assert concordance(np.full(9, value), x) == pytest.approx(0, abs=1e-9)


def test_a_large_offset_costs_no_digits() -> None:
    x, y = drawn(0)
    assert pearson_r(x + 1e6, y - 1e6) == pytest.approx(pearson_r(x, y), abs=1e-8)


def test_two_equal_constants_have_no_concordance() -> None:
    assert math.isnan(concordance([0.5, 0.5], [0.5, 0.5]))


def test_what_does_not_fit_is_refused() -> None:
    with pytest.raises(ValueError, match=r"predicted \(2,\) and target \(3,\)"):
        pearson_r([0, 1], [0, 1, 2])
    with pytest.raises(ValueError, match="no rows"):
        concordance([], [])
    with pytest.raises(ValueError, match="NaN or infinity; leave those rows out"):
        root_mean_squared_error([0, np.nan], [0, 1])
