"""The majority baseline."""

from collections import Counter
from pathlib import Path

import numpy as np
import pytest

from emolens.errors import DataError
from emolens.evaluation.baselines.majority import majority_answers
from emolens.evaluation.score.targets import Targets
from emolens.taxonomy import get_label_space

SPACE = get_label_space("ekman6")


def targets(label_N=None, label_NC=None, valence_N=None) -> Targets:
    n = len(next(column for column in (label_N, label_NC, valence_N) if column is not None))
    ids = tuple(map(str, range(n)))
    paths = tuple(map(Path, ids))
    return Targets("d", "d", "train", ids, paths, SPACE, label_N, label_NC, valence_N, None, None, {}, "")


def test_every_row_gets_the_frequencies_and_the_mean_of_train(rng):
    label_N, valence_N = rng.integers(-1, 6, 50), rng.uniform(-1, 1, 50)
    valence_N[:9] = np.nan
    answers = majority_answers(targets(label_N, valence_N=valence_N), targets(np.zeros(3, int), valence_N=np.zeros(3)))
    count = Counter(label for label in label_N.tolist() if label >= 0)
    expected = [count[c] / sum(count.values()) for c in range(6)]
    np.testing.assert_allclose(answers.score_NC, [expected] * 3)
    np.testing.assert_allclose(answers.valence_N, [sum(valence_N[9:]) / 41] * 3)
    assert answers.arousal_N is None


def test_multi_label_frequencies_are_shares_of_all_labels_given(rng):
    label_NC = rng.random((40, 6)) < 0.3
    answers = majority_answers(targets(label_NC=label_NC), targets(label_NC=label_NC[:2]))
    np.testing.assert_allclose(answers.score_NC[1], label_NC.sum(axis=0) / label_NC.sum())


def test_train_without_what_test_asks_for():
    with pytest.raises(DataError, match='split "train" has no targets to take a prior from'):
        majority_answers(targets(valence_N=np.zeros(3)), targets(np.zeros(3, int)))
