"""Confusion-matrix metrics against loops and scikit-learn."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn import metrics as reference

from emolens.metrics.classification import (
    accuracy,
    check_scores,
    confusion_matrix,
    hits_at,
    macro_f1,
    per_class,
    polarity_accuracy,
    unweighted_average_recall,
    weighted_f1,
)

PAIRS = st.lists(st.tuples(st.integers(0, 5), st.integers(0, 5)), min_size=1, max_size=40)


def naive_uar(predicted: list[int], target: list[int]) -> float:
    recalls = []
    for c in set(target):
        mine = [p for p, t in zip(predicted, target, strict=True) if t == c]
        recalls.append(sum(p == c for p in mine) / len(mine))
    return sum(recalls) / len(recalls)


@settings(max_examples=25)
@given(PAIRS)
def test_equals_the_obvious_version_and_scikit_learn(pairs: list[tuple[int, int]]) -> None:
    predicted, target = [p for p, _ in pairs], [t for _, t in pairs]
    confusion = confusion_matrix(predicted, target, 6)
    np.testing.assert_array_equal(confusion, reference.confusion_matrix(target, predicted, labels=list(range(6))))
    assert accuracy(confusion) == pytest.approx(sum(p == t for p, t in pairs) / len(pairs))
    assert unweighted_average_recall(confusion) == pytest.approx(naive_uar(predicted, target))
    assert macro_f1(confusion) == pytest.approx(reference.f1_score(target, predicted, average="macro"))
    assert weighted_f1(confusion) == pytest.approx(reference.f1_score(target, predicted, average="weighted"))
    each = per_class(confusion)
    expected = reference.precision_recall_fscore_support(target, predicted, labels=list(range(6)), zero_division=0)
    for mine, theirs in zip((each.precision, each.recall, each.f1, each.support), expected, strict=True):
        np.testing.assert_allclose(mine, theirs)


@settings(max_examples=25)
@given(PAIRS)
def test_a_stack_is_each_of_its_matrices(pairs: list[tuple[int, int]]) -> None:
    one = confusion_matrix([p for p, _ in pairs], [t for _, t in pairs], 6)
    stack = np.stack([one, one.T, np.eye(6, dtype=np.int64)])
    for metric in (accuracy, unweighted_average_recall, macro_f1, weighted_f1):
        np.testing.assert_allclose(metric(stack), [metric(matrix) for matrix in stack])


def test_majority_guess_scores_one_over_c() -> None:
    confusion = confusion_matrix([0] * 10, [0] * 7 + [1, 2, 2], 3)
    assert unweighted_average_recall(confusion) == pytest.approx(1 / 3)
    assert accuracy(confusion) == pytest.approx(0.7)


def test_perfect_is_one_with_classes_missing() -> None:
    confusion = confusion_matrix([1, 1, 3], [1, 1, 3], 5)
    for metric in (accuracy, unweighted_average_recall, macro_f1, weighted_f1):
        assert metric(confusion) == 1


def test_polarity_accuracy_forgives_within_a_polarity() -> None:
    confusion = confusion_matrix([0, 1, 2, 3], [1, 1, 3, 0], 4)
    assert polarity_accuracy(confusion, [0, 0, 2, 2]) == pytest.approx(0.75)
    assert polarity_accuracy(confusion, [0, 1, 2, 2]) == pytest.approx(0.5)


def test_no_counts_are_not_a_number() -> None:
    assert np.isnan(accuracy(np.zeros((3, 3))))
    assert np.isnan(unweighted_average_recall(np.zeros((3, 3))))


@given(st.integers(0, 10_000), st.integers(1, 7), st.integers(1, 6))
def test_hits_at_by_sorting(seed: int, k: int, classes: int) -> None:
    generator = np.random.default_rng(seed)
    score = generator.integers(1, 4, size=(20, classes)).astype(float)  # many ties
    score /= score.sum(axis=1, keepdims=True)
    target = generator.integers(classes, size=20)
    expected = [
        t in sorted(range(classes), key=lambda c: (-row[c], c))[:k] for row, t in zip(score, target, strict=True)
    ]
    np.testing.assert_array_equal(hits_at(score, target, k), expected)
    np.testing.assert_array_equal(hits_at(score, target, 1), score.argmax(axis=1) == target)


@pytest.mark.parametrize(
    ("score", "target", "message"),
    [
        ([[0.5, 0.5]], [0, 1], r"scores \(1, 2\) and targets \(2,\)"),
        (np.empty((0, 2)), np.empty(0, dtype=int), "no rows"),
        ([[np.nan, 0.5]], [0], "NaN or infinity; leave out the rows"),
        ([[0.5, 0.6]], [0], "sum to 1"),
        ([[-0.5, 1.5]], [0], "sum to 1"),
        ([[0.5, 0.5]], [2], r"must lie in \[0, 2\), not 2 to 2"),
        ([[0.5, 0.5]], [-1], "leave out the rows that have no label"),
        ([[0.5, 0.5]], [0.0], "class indices, not float64"),
    ],
)
def test_what_does_not_fit_is_refused(score: object, target: object, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        check_scores(score, target)


def test_shape_mismatch_says_both_shapes() -> None:
    with pytest.raises(ValueError, match=r"predicted \(2,\) and target \(3,\)"):
        confusion_matrix([0, 1], [0, 1, 2], 3)
