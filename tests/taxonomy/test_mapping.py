"""Scores from one label space to another."""

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from emolens.errors import ConfigError, DataError
from emolens.taxonomy import (
    LabelSpace,
    get_label_space,
    list_label_spaces,
    map_scores,
    mapping_kind,
    mapping_table,
)

PAIRS = list(itertools.product(list_label_spaces(), repeat=2))
EXACT = {
    (source, target) for source in list_label_spaces() for target in ("polarity2", "polarity3") if source != target
} | {
    ("parrott25", "parrott6"),
    ("ekman6", "ekman7"),
    ("ekman6", "plutchik8"),
    ("ekman6", "heco8"),
    ("javanese6", "ekman7"),
    ("crema6", "ekman7"),
    *itertools.product(("crema6", "ekman6", "ekman7", "javanese6"), ("mafw11", "ravdess8")),
}


@pytest.mark.parametrize(("source", "target"), PAIRS)
def test_kind(source: str, target: str) -> None:
    expected = "native" if source == target else "exact" if (source, target) in EXACT else "valence_arousal"
    assert mapping_kind(source, target) == expected


@pytest.mark.parametrize(("source", "target"), PAIRS)
def test_each_label_goes_to_one_label_or_nowhere(source: str, target: str) -> None:
    table = mapping_table(source, target)
    assert table.shape == (len(get_label_space(source)), len(get_label_space(target)))
    assert set(table.sum(axis=1)) <= {0.0, 1.0}
    assert set(table.ravel()) <= {0.0, 1.0}


@pytest.mark.parametrize(("source", "target"), PAIRS)
def test_polarity_survives_wherever_the_target_has_it(source: str, target: str) -> None:
    here, there = get_label_space(source), get_label_space(target)
    for label, polarity, row in zip(here.labels, here.polarity, mapping_table(here, there), strict=True):
        if row.any() and polarity in there.polarity and label != "sympathy":  # of two polarities, by name
            assert there.polarity[int(row.argmax())] == polarity, label


@settings(max_examples=50)
@given(
    pair=st.sampled_from(PAIRS),
    seed=st.integers(0, 2**32 - 1),
    lead=st.lists(st.integers(0, 3), max_size=2),
)
def test_rows_sum_to_one(pair: tuple[str, str], seed: int, lead: list[int]) -> None:
    size = len(get_label_space(pair[0]))
    score = np.random.default_rng(seed).dirichlet(np.full(size, 0.3), tuple(lead))
    mapped = map_scores(score, *pair)
    assert mapped.shape == (*lead, len(get_label_space(pair[1])))
    assert mapped.dtype == np.float64
    np.testing.assert_allclose(mapped.sum(axis=-1), 1, atol=1e-12)


@settings(max_examples=50)
@given(arrays(np.float64, 8, elements=st.floats(0.01, 1)), st.permutations(range(8)))
def test_order_of_the_source_labels_does_not_matter(weights: np.ndarray, order: list[int]) -> None:
    mikels = get_label_space("mikels8")
    shuffled = LabelSpace.of("shuffled", [mikels.labels[i] for i in order])
    score = weights / weights.sum()
    for target in ("ekman6", "polarity2", "mikels8"):
        np.testing.assert_allclose(
            map_scores(score[order], shuffled, target), map_scores(score, mikels, target), atol=1e-12
        )


def test_array_and_dict_agree() -> None:
    score = np.random.default_rng(0).dirichlet(np.ones(25))
    named = map_scores(dict(zip(get_label_space("parrott25").labels, score, strict=True)), "parrott25", "ekman6")
    assert list(named) == list(get_label_space("ekman6").labels)
    np.testing.assert_allclose(list(named.values()), map_scores(score, "parrott25", "ekman6"))


def test_dict_takes_other_spellings_and_leaves_out_zeros() -> None:
    assert map_scores({"happy": 0.75, "Sad": 0.25}, "javanese6", "polarity2") == {
        "negative": 0.25,
        "positive": 0.75,
    }


def test_same_labels_in_another_order() -> None:
    turned = LabelSpace.of("turned", reversed(get_label_space("ekman6").labels))
    assert mapping_kind("ekman6", turned) == "exact"
    np.testing.assert_array_equal(mapping_table("ekman6", turned), np.eye(6)[::-1])


def test_parrott_coarsens_along_its_tree() -> None:
    table = mapping_table("parrott25", "parrott6", "exact")
    fine, coarse = get_label_space("parrott25"), get_label_space("parrott6")
    assert table[fine.index("disgust"), coarse.index("anger")] == 1
    assert table[fine.index("lust"), coarse.index("love")] == 1
    assert not table[fine.index("confusion")].any()
    score = map_scores({"confusion": 0.5, "rage": 0.4, "relief": 0.1}, fine, coarse)
    assert score["anger"] == pytest.approx(0.8)
    assert score["joy"] == pytest.approx(0.2)


def test_neutral_is_left_out_of_two_polarities() -> None:
    score = map_scores({"surprise": 0.5, "joy": 0.4, "fear": 0.1}, "ekman6", "polarity2")
    assert score == pytest.approx({"negative": 0.2, "positive": 0.8})


def test_all_neutral_says_nothing_of_two_polarities() -> None:
    assert map_scores({"neutral": 1.0}, "ekman7", "polarity2") == {"negative": 0.5, "positive": 0.5}


def test_confusion_counts_for_its_polarity() -> None:
    assert map_scores({"confusion": 1.0}, "parrott25", "polarity2")["negative"] == 1


def test_chain_by_hand() -> None:
    middle = LabelSpace.from_dict(
        {
            "name": "middle",
            "parent": "parrott6",
            "labels": [{"name": "fondness", "parent": "love"}, {"name": "?"}],
        }
    )
    assert mapping_kind(middle, "parrott6") == "exact"
    np.testing.assert_array_equal(mapping_table(middle, "parrott6"), [[0, 0, 0, 1, 0, 0], [0] * 6])


def test_excitement_does_not_become_surprise() -> None:
    assert map_scores({"excitement": 1.0}, "mikels8", "ekman6")["joy"] == 1


def test_nearest_point_by_the_obvious_loop() -> None:
    source, target = get_label_space("emotic26"), get_label_space("mikels8")
    table = mapping_table(source, target, "valence_arousal")
    for i, label in enumerate(source.labels):
        if target.find(label) is not None:
            expected = target.find(label)
        else:
            choices = [j for j, sign in enumerate(target.polarity) if sign == source.polarity[i]] or range(8)
            v, a = source.valence_arousal[i]
            expected = min(
                choices,
                key=lambda j: (target.valence_arousal[j][0] - v) ** 2 + (target.valence_arousal[j][1] - a) ** 2,
            )
        assert table[i].argmax() == expected, label


def test_no_prediction_stays_no_prediction() -> None:
    score = np.full((2, 8), 0.125)
    score[1] = np.nan
    mapped = map_scores(score, "mikels8", "polarity2")
    np.testing.assert_array_equal(mapped[0], [0.5, 0.5])
    assert np.isnan(mapped[1]).all()


def test_the_table_is_a_copy() -> None:
    mapping_table("ekman6", "ekman7")[:] = 9
    assert mapping_table("ekman6", "ekman7").max() == 1


def test_exact_that_does_not_exist() -> None:
    with pytest.raises(ConfigError, match="no exact table from mikels8 to ekman6"):
        map_scores({"awe": 1.0}, "mikels8", "ekman6", how="exact")


def test_unknown_way() -> None:
    with pytest.raises(ConfigError, match=r'unknown mapping "exakt"; did you mean "exact"'):
        mapping_table("mikels8", "ekman6", "exakt")


def test_unknown_label_in_scores() -> None:
    with pytest.raises(DataError, match='label "joi" is not in ekman6; did you mean "joy"'):
        map_scores({"joi": 1.0}, "ekman6", "polarity2")


def test_wrong_width() -> None:
    with pytest.raises(DataError, match=r"scores of shape \(2, 7\) do not fit mikels8, which has 8 labels"):
        map_scores(np.ones((2, 7)), "mikels8", "polarity2")


def test_negative_scores() -> None:
    with pytest.raises(DataError, match="must be probabilities"):
        map_scores([-1.0, 2.0], "polarity2", "polarity3")


def test_words_without_a_point_cannot_go_that_way() -> None:
    with pytest.raises(ConfigError, match="no valence-arousal point is known for class_7"):
        mapping_table(LabelSpace.of("mine", ["joy", "class_7"]), "mikels8")
