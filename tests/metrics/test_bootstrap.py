"""Bootstrap intervals: what they cover, what they repeat, what they refuse."""

import math
from dataclasses import astuple

import numpy as np
import pytest

from emolens.metrics import bootstrap
from emolens.metrics.bootstrap import bootstrap_intervals
from emolens.metrics.interval import Interval


def mean_of(values: np.ndarray) -> bootstrap.Statistics:
    return lambda weight_RN: {"mean": weight_RN @ values / weight_RN.sum(axis=1)}


def test_a_mean_gets_the_interval_of_its_standard_error(rng: np.random.Generator) -> None:
    values = rng.normal(2, 1, 400)
    found = bootstrap_intervals(mean_of(values), 400, resamples=4000)["mean"]
    error = values.std() / 20
    assert found.value == pytest.approx(values.mean())
    assert found.low == pytest.approx(values.mean() - 1.96 * error, abs=0.1 * error)
    assert found.high == pytest.approx(values.mean() + 1.96 * error, abs=0.1 * error)
    assert found.n == 400


def test_covers_the_truth_about_as_often_as_it_says() -> None:
    covered = 0
    for seed in range(200):
        values = np.random.default_rng(seed).normal(0, 1, 60)
        found = bootstrap_intervals(mean_of(values), 60, seed=seed, resamples=300)["mean"]
        covered += found.low <= 0 <= found.high
    assert 0.88 <= covered / 200 <= 0.99


def test_the_seed_decides(rng: np.random.Generator) -> None:
    values = rng.normal(size=50)
    first, again, other = (bootstrap_intervals(mean_of(values), 50, seed=seed)["mean"] for seed in (1, 1, 2))
    assert first == again
    assert first != other


def test_chunks_change_nothing(rng: np.random.Generator, monkeypatch: pytest.MonkeyPatch) -> None:
    values = rng.normal(size=40)
    whole = bootstrap_intervals(mean_of(values), 40, resamples=100)
    monkeypatch.setattr(bootstrap, "CHUNK", 7 * 40)
    parts = bootstrap_intervals(mean_of(values), 40, resamples=100)
    assert astuple(parts["mean"]) == pytest.approx(astuple(whole["mean"]))


def test_weights_are_draws_with_replacement() -> None:
    seen: list[np.ndarray] = []

    def statistics(weight_RN: np.ndarray) -> dict[str, np.ndarray]:
        seen.append(weight_RN)
        return {"n": weight_RN.sum(axis=1)}

    bootstrap_intervals(statistics, 30, resamples=50)
    assert (seen[0] == 1).all()
    assert (seen[1].sum(axis=1) == 30).all()
    assert (seen[1] == np.round(seen[1])).all()
    assert (seen[1] == 0).any()


def test_whole_groups_are_drawn(rng: np.random.Generator) -> None:
    groups = np.repeat(["a", "b", "c", "d", "e"], [1, 2, 3, 4, 10])

    def statistics(weight_RN: np.ndarray) -> dict[str, np.ndarray]:
        for group in "abcde":
            own = weight_RN[:, groups == group]
            assert (own == own[:, :1]).all()
        return {"n": weight_RN.sum(axis=1)}

    assert bootstrap_intervals(statistics, 20, groups)["n"].value == 20


def test_rows_alike_within_groups_need_wider_intervals(rng: np.random.Generator) -> None:
    groups = np.repeat(np.arange(20), 25)
    values = rng.normal(size=20)[groups] + 0.1 * rng.normal(size=500)
    alone = bootstrap_intervals(mean_of(values), 500)["mean"]
    grouped = bootstrap_intervals(mean_of(values), 500, groups)["mean"]
    assert grouped.high - grouped.low > 3 * (alone.high - alone.low)
    assert grouped.value == alone.value


def test_groups_of_one_are_no_groups(rng: np.random.Generator) -> None:
    values = rng.normal(size=30)
    grouped, alone = (bootstrap_intervals(mean_of(values), 30, g)["mean"] for g in (np.arange(30), None))
    assert astuple(grouped) == pytest.approx(astuple(alone))


@pytest.mark.parametrize(("n", "groups"), [(1, None), (5, ["x"] * 5)])
def test_one_unit_has_a_value_but_no_interval(n: int, groups: list[str] | None) -> None:
    found = bootstrap_intervals(mean_of(np.ones(n)), n, groups)["mean"]
    assert found.value == 1
    assert math.isnan(found.low)
    assert math.isnan(found.high)
    assert found.as_dict() == {"value": 1.0, "low": None, "high": None, "n": n}


def test_undefined_resamples_are_left_out() -> None:
    def statistics(weight_RN: np.ndarray) -> dict[str, np.ndarray]:
        return {"x": np.where(weight_RN[:, 0] > 0, weight_RN[:, 0], np.nan)}

    found = bootstrap_intervals(statistics, 10)["x"]
    assert found.low >= 1


def test_an_undefined_value_has_no_interval() -> None:
    found = bootstrap_intervals(lambda w: {"x": np.full(len(w), np.nan)}, 10)["x"]
    assert found.as_dict() == {"value": None, "low": None, "high": None, "n": 10}


def test_what_does_not_fit_is_refused() -> None:
    with pytest.raises(ValueError, match="no rows"):
        bootstrap_intervals(mean_of(np.empty(0)), 0)
    with pytest.raises(ValueError, match=r"groups of shape \(2,\) for 3 rows"):
        bootstrap_intervals(mean_of(np.ones(3)), 3, [0, 1])


def test_interval_reads_as_metrics_are_written() -> None:
    assert str(Interval(0.5712, 0.541, 0.6, 675)) == "0.571 [0.541, 0.600], n = 675"
