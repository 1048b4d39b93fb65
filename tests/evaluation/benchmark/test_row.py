"""Means over repeats."""

import math
from dataclasses import replace

import numpy as np
import pytest

from emolens.evaluation.benchmark.row import Row, Score, scores_of, with_best
from emolens.evaluation.data_set import data_set_of
from emolens.evaluation.score.answers import ask, fit_predictor
from emolens.evaluation.score.measure import measure
from emolens.metrics import Interval


class Repeat:
    def __init__(self, **metrics):
        self.metrics = metrics


def test_value_ends_and_spread_over_repeats():
    found = scores_of(
        [
            Repeat(accuracy=Interval(0.5, 0.4, 0.6, 30), uar=Interval(0.5, 0.4, 0.6, 30)),
            Repeat(accuracy=Interval(0.7, 0.5, 0.8, 28)),
        ]
    )
    assert set(found) == {"accuracy"}  # the other is not known of all repeats
    score = found["accuracy"]
    assert (score.value, score.low, score.high, score.n) == pytest.approx((0.6, 0.45, 0.7, 28))
    assert score.sd == pytest.approx(np.std([0.5, 0.7], ddof=1))


def test_one_repeat_has_no_spread_and_what_is_undefined_stays_so():
    assert math.isnan(scores_of([Repeat(a=Interval(0.5, 0.4, 0.6, 9))])["a"].sd)
    score = scores_of([Repeat(a=Interval(math.nan, math.nan, math.nan, 9)), Repeat(a=Interval(1.0, 1.0, 1.0, 9))])["a"]
    assert math.isnan(score.value)
    assert score.as_dict() == {"value": None, "low": None, "high": None, "sd": None, "n": 9}


def test_titles_say_what_was_trained_on():
    row = Row("a", "m", "", "a", 1.0, "", 1, (0,), "")
    assert row.title == "m"
    assert replace(row, source=None).title == "m"
    assert replace(row, source="b", share=0.1).title == "m, from b, 10% of the training rows"


def test_a_row_that_knew_the_test_is_never_best(colours, predictor):
    targets = data_set_of(colours(36), "test", "set").test
    measured = measure(ask(fit_predictor(predictor(), targets), targets), targets)
    good = Row(
        "set", "good", "", None, 1.0, "", 1, (0,), "", scores=scores_of([measured]), repeats=((measured, targets),)
    )
    poor = replace(good, name="poor", scores={name: Score(0.1, 0.0, 0.2, math.nan, 12) for name in good.scores})
    alike = with_best([good, poor], seed=0)  # the same answers: no difference is clear
    assert not any(row.best for row in alike)
    assert not any(row.best for row in with_best([replace(good, warning="seen"), poor], seed=0))
    assert not with_best([good], seed=0)[0].best  # better than nothing is not said
