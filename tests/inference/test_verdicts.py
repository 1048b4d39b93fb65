import numpy as np

from emolens.inference.verdicts import joined, mean_of, rows_of
from emolens.models.verdict import Verdict
from emolens.taxonomy import get_label_space

SPACE = get_label_space("ekman6")


def verdict(rng, count) -> Verdict:
    return Verdict(SPACE, rng.dirichlet(np.ones(6), count), rng.uniform(-1, 1, count), rng.uniform(-1, 1, count))


def test_the_mean_equals_the_obvious_version(rng):
    frames = verdict(rng, 5)
    mean = mean_of(frames)
    for c in range(6):
        assert np.isclose(mean.score_NC[0, c], sum(frames.score_NC[n, c] for n in range(5)) / 5)
    assert np.isclose(mean.valence_N[0], sum(frames.valence_N) / 5)
    assert np.isclose(mean.arousal_N[0], sum(frames.arousal_N) / 5)
    assert np.isclose(mean.score_NC.sum(), 1)


def test_the_mean_commutes_with_what_is_expected_from_scores(rng):
    scores = Verdict(SPACE, rng.dirichlet(np.ones(6), 5))
    before, after = mean_of(scores.completed()), mean_of(scores).completed()
    np.testing.assert_allclose(before.valence_N, after.valence_N, atol=1e-12)
    np.testing.assert_allclose(before.arousal_N, after.arousal_N, atol=1e-12)


def test_taken_apart_and_joined_it_is_the_same(rng):
    whole = verdict(rng, 4)
    again = joined([rows_of(whole, [0, 1]), rows_of(whole, [2]), rows_of(whole, [3])])
    np.testing.assert_array_equal(again.score_NC, whole.score_NC)
    np.testing.assert_array_equal(again.valence_N, whole.valence_N)
    np.testing.assert_array_equal(rows_of(whole, [2, 2, 0]).arousal_N, whole.arousal_N[[2, 2, 0]])


def test_what_is_not_known_stays_unknown():
    point = Verdict(valence_N=np.array([0.5, 0.0]))
    assert mean_of(point).valence_N.tolist() == [0.25]
    assert mean_of(point).score_NC is mean_of(point).arousal_N is None
