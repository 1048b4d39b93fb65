import numpy as np
import pytest

from emolens.models.verdict import Verdict, mapping_of
from emolens.taxonomy import LabelSpace, get_label_space

EKMAN, POLARITY3, MIKELS = (get_label_space(name) for name in ("ekman6", "polarity3", "mikels8"))


@pytest.fixture
def scores(rng):
    return rng.dirichlet(np.ones(6), size=5)


def test_coarsening_adds_the_masses_of_each_polarity(scores):
    mapped = Verdict(EKMAN, scores).mapped(POLARITY3)
    for row, got in zip(scores, mapped.score_NC, strict=True):
        for c, polarity in enumerate(POLARITY3.labels):
            assert got[c] == pytest.approx(sum(p for p, q in zip(row, EKMAN.polarity, strict=True) if q == polarity))


def test_the_same_space_is_left_alone(scores):
    verdict = Verdict(EKMAN, scores)
    assert verdict.mapped("ekman6") is verdict


def test_a_point_of_the_models_own_goes_before_one_read_off_its_labels(scores):
    valence, arousal = np.array([0.8] * 5), np.array([0.5] * 5)
    mapped = Verdict(EKMAN, scores, valence, arousal).mapped(MIKELS)
    np.testing.assert_array_equal(mapped.score_NC, Verdict(None, None, valence, arousal).mapped(MIKELS).score_NC)
    assert MIKELS.polarity[int(mapped.score_NC[0].argmax())] == "positive"


def test_expected_point_of_scores():
    sure = np.eye(6)
    completed = Verdict(EKMAN, sure).completed()
    np.testing.assert_allclose(np.stack([completed.valence_N, completed.arousal_N], 1), EKMAN.valence_arousal)


def test_a_space_without_points_gives_none():
    space = LabelSpace.of("mine", ["a", "b"])
    assert Verdict(space, np.eye(2)).completed().valence_N is None


def test_how_is_told():
    assert mapping_of(None, EKMAN, True) == "valence_arousal"
    assert mapping_of(EKMAN, EKMAN, False) == "native"
    assert mapping_of(EKMAN, POLARITY3, False) == "exact"
    assert mapping_of(EKMAN, MIKELS, False) == "valence_arousal"
