import numpy as np
import pytest

from emolens.evaluation.score.per_polarity import polarity_metrics
from emolens.taxonomy import get_label_space


@pytest.mark.parametrize("name", ["emotions6", "ekman6", "mikels8"])
def test_equals_the_obvious_count(name: str, rng: np.random.Generator) -> None:
    space = get_label_space(name)
    target_N = rng.integers(0, len(space), 60)
    score_NC = rng.dirichlet(np.ones(len(space)), 60)
    found = polarity_metrics(score_NC, target_N, space)
    said = score_NC.argmax(axis=1)
    for polarity in set(space.polarity):
        mine = [i for i in range(60) if space.polarity[target_N[i]] == polarity]
        right = sum(said[i] == target_N[i] for i in mine) / len(mine)
        same = sum(space.polarity[said[i]] == polarity for i in mine) / len(mine)
        accuracy, recall = (found[f"polarity/{polarity}/{kind}"] for kind in ("accuracy", "recall"))
        assert (accuracy.value, recall.value) == (pytest.approx(right), pytest.approx(same))
        assert accuracy.n == recall.n == len(mine)
        assert accuracy.low <= accuracy.value <= accuracy.high


def test_a_polarity_without_rows_is_left_out() -> None:
    space = get_label_space("ekman6")
    found = polarity_metrics(np.eye(6)[[3, 3]], np.array([3, 3]), space)
    assert set(found) == {"polarity/positive/accuracy", "polarity/positive/recall"}
    assert found["polarity/positive/recall"].value == 1


def test_where_the_labels_say_the_same_there_is_nothing() -> None:
    assert polarity_metrics(np.eye(2), np.array([0, 1]), get_label_space("polarity2")) == {}
    assert polarity_metrics(np.eye(3), np.arange(3), get_label_space("polarity3")) == {}


def test_groups_are_resampled_whole(rng: np.random.Generator) -> None:
    space, target_N = get_label_space("emotions6"), np.zeros(40, dtype=np.int64)
    score_NC = np.eye(6)[np.repeat([0, 5], 20)]
    rows = polarity_metrics(score_NC, target_N, space)["polarity/positive/accuracy"]
    groups = polarity_metrics(score_NC, target_N, space, np.repeat([0, 1], 20))["polarity/positive/accuracy"]
    assert groups.value == rows.value == 0.5
    assert (groups.low, groups.high) == (0, 1)
    assert rows.low > 0.2
