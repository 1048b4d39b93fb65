import numpy as np
import pytest

from emolens.heads.answers import Answers, mapping_of
from emolens.taxonomy import LabelSpace, get_label_space

EKMAN, POLARITY3, MIKELS = (get_label_space(name) for name in ("ekman6", "polarity3", "mikels8"))


@pytest.fixture
def scores(rng):
    return rng.dirichlet(np.ones(6), size=5)


def test_coarsening_adds_the_masses_of_each_polarity(scores):
    mapped = Answers(EKMAN, scores).mapped(POLARITY3)
    for row, got in zip(scores, mapped.score_NC, strict=True):
        for c, polarity in enumerate(POLARITY3.labels):
            assert got[c] == pytest.approx(sum(p for p, q in zip(row, EKMAN.polarity, strict=True) if q == polarity))


def test_the_same_space_is_left_alone(scores):
    verdict = Answers(EKMAN, scores)
    assert verdict.mapped("ekman6") is verdict


def test_a_point_of_the_models_own_goes_before_one_read_off_its_labels(scores):
    valence, arousal = np.array([0.8] * 5), np.array([0.5] * 5)
    mapped = Answers(EKMAN, scores, valence, arousal).mapped(MIKELS)
    np.testing.assert_array_equal(mapped.score_NC, Answers(None, None, valence, arousal).mapped(MIKELS).score_NC)
    assert MIKELS.polarity[int(mapped.score_NC[0].argmax())] == "positive"


def test_expected_point_of_scores():
    sure = np.eye(6)
    completed = Answers(EKMAN, sure).completed()
    np.testing.assert_allclose(np.stack([completed.valence_N, completed.arousal_N], 1), EKMAN.valence_arousal)


def test_a_space_without_points_gives_none():
    space = LabelSpace.of("mine", ["a", "b"])
    assert Answers(space, np.eye(2)).completed().valence_N is None


def test_how_is_told():
    assert mapping_of(None, EKMAN, True) == "valence_arousal"
    assert mapping_of(EKMAN, EKMAN, False) == "native"
    assert mapping_of(EKMAN, POLARITY3, False) == "exact"
    assert mapping_of(EKMAN, MIKELS, False) == "valence_arousal"


def many(rng, count) -> Answers:
    return Answers(EKMAN, rng.dirichlet(np.ones(6), count), rng.uniform(-1, 1, count), rng.uniform(-1, 1, count))


def test_the_mean_equals_the_obvious_version(rng):
    frames = many(rng, 5)
    mean = frames.mean()
    for c in range(6):
        assert np.isclose(mean.score_NC[0, c], sum(frames.score_NC[n, c] for n in range(5)) / 5)
    assert np.isclose(mean.valence_N[0], sum(frames.valence_N) / 5)
    assert np.isclose(mean.arousal_N[0], sum(frames.arousal_N) / 5)
    assert np.isclose(mean.score_NC.sum(), 1)


def test_the_mean_commutes_with_what_is_expected_from_scores(rng):
    scores = Answers(EKMAN, rng.dirichlet(np.ones(6), 5))
    before, after = scores.completed().mean(), scores.mean().completed()
    np.testing.assert_allclose(before.valence_N, after.valence_N, atol=1e-12)
    np.testing.assert_allclose(before.arousal_N, after.arousal_N, atol=1e-12)


def test_taken_apart_and_joined_it_is_the_same(rng):
    whole = many(rng, 4)
    again = Answers.concatenate([whole[[0, 1]], whole[[2]], whole[3:]])
    np.testing.assert_array_equal(again.score_NC, whole.score_NC)
    np.testing.assert_array_equal(again.valence_N, whole.valence_N)
    np.testing.assert_array_equal(whole[[2, 2, 0]].arousal_N, whole.arousal_N[[2, 2, 0]])


def test_spread_leaves_the_others_unknown(rng):
    part = many(rng, 2)
    whole = part.spread([3, 0], 4)
    np.testing.assert_array_equal(whole.score_NC[[3, 0]], part.score_NC)
    assert np.isnan(whole.valence_N[[1, 2]]).all()
    assert np.isnan(whole.mapped(POLARITY3).score_NC[[1, 2]]).all(), "what is unknown stays so in another space"


def test_what_is_not_known_stays_unknown():
    point = Answers(valence_N=np.array([0.5, 0.0]))
    assert point.mean().valence_N.tolist() == [0.25]
    assert point.mean().score_NC is point.mean().arousal_N is None
    assert len(point) == 2
