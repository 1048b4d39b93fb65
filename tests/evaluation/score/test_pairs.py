"""Answers beside targets."""

from pathlib import Path

import numpy as np
import pytest

from emolens.evaluation.score.answers import Answers
from emolens.evaluation.score.pairs import pair
from emolens.evaluation.score.targets import Targets
from emolens.taxonomy import get_label_space

SPACE = get_label_space("ekman6")


@pytest.fixture
def targets(rng: np.random.Generator) -> Targets:
    """Forty rows, some without a label, without labels, without a rating."""
    label_N, label_NC, valence_N = rng.integers(-1, 6, 40), rng.random((40, 6)) < 0.2, rng.uniform(-1, 1, 40)
    valence_N[rng.random(40) < 0.3] = np.nan
    ids = tuple(map(str, range(40)))
    paths = tuple(map(Path, ids))
    return Targets("d", "d", "test", ids, paths, SPACE, label_N, label_NC, valence_N, None, None, {}, "")


@pytest.fixture
def answers(rng: np.random.Generator) -> Answers:
    score_NC, valence_N = rng.dirichlet(np.ones(6), 40), rng.uniform(-1, 1, 40)
    score_NC[::7], valence_N[::5] = np.nan, np.nan
    return Answers("m", score_NC, valence_N, rng.uniform(-1, 1, 40))


def test_rows_are_those_of_the_obvious_count(answers: Answers, targets: Targets) -> None:
    pairs = pair(answers, targets)
    scored = [row for row in range(40) if row % 7]
    assert pairs.label.row_M.tolist() == [row for row in scored if targets.label_N[row] >= 0]
    assert pairs.multi_label.row_M.tolist() == [row for row in scored if targets.label_NC[row].any()]
    rated = [row for row in range(40) if row % 5 and not np.isnan(targets.valence_N[row])]
    assert pairs.affect["valence"].row_M.tolist() == rated
    assert list(pairs.affect) == ["valence"]  # nobody rated arousal
    np.testing.assert_array_equal(pairs.affect["valence"].value_M, answers.valence_N[rated])
    np.testing.assert_array_equal(pairs.label.target_M, targets.label_N[pairs.label.row_M])


def test_some_of_the_rows(answers: Answers, targets: Targets) -> None:
    whole, where_N = pair(answers, targets), np.arange(40) < 12
    some = whole.within(where_N)
    for all_of, part in (
        (whole.label, some.label),
        (whole.multi_label, some.multi_label),
        (whole.affect["valence"], some.affect["valence"]),
    ):
        kept = [place for place, row in enumerate(all_of.row_M) if row < 12]
        for column, expected in zip(part, all_of, strict=True):
            np.testing.assert_array_equal(column, expected[kept])


def test_no_rows_are_none(answers: Answers, targets: Targets) -> None:
    nothing = pair(answers, targets).within(np.zeros(40, dtype=bool))
    assert (nothing.label, nothing.multi_label, nothing.affect) == (None, None, {})
