"""What is written is what is read; folds are put together in the order of the whole."""

from dataclasses import replace

import numpy as np
import pytest

from emolens.errors import DataError
from emolens.evaluation.benchmark.cell import Cell, pool, read_cell, write_cell
from emolens.evaluation.data_set import data_set_of
from emolens.evaluation.score.answers import Answers, ask, fit_predictor


@pytest.fixture
def answered(colours, predictor):
    """The answers of a model on a split, and the targets."""
    targets = data_set_of(colours(24), "test", "set").test
    return ask(fit_predictor(predictor(), targets), targets), targets


def same(a: Answers, b: Answers) -> bool:
    arrays = (a.score_NC, b.score_NC), (a.valence_N, b.valence_N), (a.arousal_N, b.arousal_N)
    plain = ("errors", "limited", "mapping", "view")
    return all(np.array_equal(x, y, equal_nan=True) for x, y in arrays) and all(
        getattr(a, name) == getattr(b, name) for name in plain
    )


def test_answers_come_back_to_the_last_bit(answered, tmp_path):
    answers, targets = answered
    answers.score_NC[2], answers.valence_N[2], answers.arousal_N[2] = np.nan, np.nan, np.nan
    answers = replace(answers, errors={2: "x.png: unreadable"}, limited={1: ("partial", "cut off")})
    write_cell(tmp_path / "cell", Cell(answers, "seen", 1.5), targets, {"model": "m"}, seed=0)
    read = read_cell(tmp_path / "cell", targets, answers.model)
    assert same(read.answers, answers)
    assert (read.warning, read.seconds) == ("seen", 1.5)


def test_a_cell_of_other_rows_is_none(answered, tmp_path, colours):
    answers, targets = answered
    write_cell(tmp_path / "cell", Cell(answers, None, 0.0), targets, {}, seed=0)
    assert read_cell(tmp_path / "cell", data_set_of(colours(24, seed=1), "test", "set").test, "m") is None
    assert read_cell(tmp_path / "nowhere", targets, "m") is None


def test_answers_without_a_target_are_an_error_that_names_the_first_failure(answered, tmp_path):
    _, targets = answered
    nothing = Answers("m", None, None, None, errors={0: "a.png: unreadable"})
    with pytest.raises(DataError, match=r"has a target for; the first of 1 failed rows: a\.png"):
        write_cell(tmp_path / "cell", Cell(nothing, None, 0.0), targets, {}, seed=0)


def test_folds_are_put_together_in_the_order_of_the_whole(answered):
    answers, targets = answered
    parts = []
    for rows in (np.array([5, 0, 3]), np.array([1, 2, 4, 6, 7])):
        part = replace(targets, id_N=tuple(targets.id_N[row] for row in rows))
        mine = replace(
            answers,
            score_NC=answers.score_NC[rows],
            valence_N=answers.valence_N[rows],
            arousal_N=answers.arousal_N[rows],
            errors={1: "failed"} if len(rows) == 3 else {},
        )
        parts.append((mine, part))
    assert same(pool(parts, targets), replace(answers, errors={0: "failed"}))
