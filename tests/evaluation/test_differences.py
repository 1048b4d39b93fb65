"""Paired bootstrap differences."""

import numpy as np
import pytest

from emolens.evaluation.differences import paired_difference
from emolens.evaluation.score.answers import Answers
from emolens.evaluation.score.measure import measure
from emolens.evaluation.score.pairs import pair
from emolens.evaluation.score.targets import Targets
from emolens.metrics import Interval
from emolens.taxonomy import get_label_space

SPACE = get_label_space("ekman6")


def make_targets(rng, n=80, groups=None) -> Targets:
    from pathlib import Path

    return Targets(
        "d",
        "d",
        "test",
        tuple(map(str, range(n))),
        tuple(Path(str(i)) for i in range(n)),
        SPACE,
        rng.integers(0, 6, n),
        rng.random((n, 6)) < 0.3,
        rng.uniform(-1, 1, n),
        rng.uniform(-1, 1, n),
        groups,
        {},
        "",
    )


def noisy(rng, targets: Targets, noise: float, name: str = "m") -> Answers:
    assert targets.label_N is not None
    logit = np.eye(6)[targets.label_N] + rng.normal(0, noise, (len(targets), 6))
    score = np.exp(logit) / np.exp(logit).sum(1, keepdims=True)
    return Answers(
        name,
        score,
        targets.valence_N + rng.normal(0, noise, len(targets)),
        targets.arousal_N + rng.normal(0, noise, len(targets)),
    )


def difference(metric: str, a: Answers, b: Answers, targets: Targets) -> Interval | None:
    return paired_difference(metric, pair(a, targets), pair(b, targets), targets)


@pytest.mark.parametrize("metric", ["accuracy", "uar", "map", "valence/pearson_r", "arousal/pearson_r"])
def test_value_is_the_difference_of_the_metrics(rng, metric):
    targets = make_targets(rng)
    a, b = noisy(rng, targets, 0.4), noisy(rng, targets, 1.0)
    found = difference(metric, a, b, targets)
    expected = measure(a, targets).metrics[metric].value - measure(b, targets).metrics[metric].value
    assert found.value == pytest.approx(expected, abs=1e-12)
    assert found.low <= found.value <= found.high
    assert found.n == (80 if metric != "map" else targets.label_NC.any(axis=1).sum())


def test_only_rows_that_both_answered_count(rng):
    targets = make_targets(rng)
    a, b = noisy(rng, targets, 0.4), noisy(rng, targets, 1.0)
    a.score_NC[:10] = np.nan
    b.score_NC[5:20] = np.nan
    found = difference("accuracy", a, b, targets)
    rows = slice(20, None)
    hits = [(x.score_NC.argmax(1) == targets.label_N)[rows].mean() for x in (a, b)]
    assert found.n == 60
    assert found.value == pytest.approx(hits[0] - hits[1])


def test_a_model_does_not_differ_from_itself(rng):
    targets = make_targets(rng)
    a = noisy(rng, targets, 0.5)
    found = difference("accuracy", a, a, targets)
    assert (found.value, found.low, found.high) == (0, 0, 0)


def test_pairing_is_narrower_than_two_separate_intervals(rng):
    """Two models that err on the same rows: each alone is uncertain, their difference is not."""
    targets = make_targets(rng, 200)
    a = noisy(rng, targets, 0.8)
    score = a.score_NC.copy()
    score[:4] = score[4:8]
    b = Answers("b", score, a.valence_N, a.arousal_N)
    paired = difference("accuracy", a, b, targets)
    alone = measure(a, targets).metrics["accuracy"]
    assert paired.high - paired.low < 0.6 * (alone.high - alone.low)


def test_nothing_in_common_is_none(rng):
    targets = make_targets(rng)
    a, b = noisy(rng, targets, 0.4), noisy(rng, targets, 1.0)
    a.score_NC[:40], b.score_NC[40:] = np.nan, np.nan
    assert difference("accuracy", a, b, targets) is None
