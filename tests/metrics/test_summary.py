"""All metrics of a kind at once."""

import json
import time

import numpy as np
import pytest
from sklearn import metrics as reference

from emolens.metrics import classification_metrics, multilabel_metrics, regression_metrics
from emolens.metrics.calibration import brier_score, expected_calibration_error
from emolens.metrics.multilabel import mean_average_precision
from emolens.metrics.regression import concordance
from emolens.taxonomy import LabelSpace, get_label_space


def answers(rng: np.random.Generator, n: int, classes: int) -> tuple[np.ndarray, np.ndarray]:
    target = rng.integers(classes, size=n)
    score = rng.dirichlet(np.ones(classes), n) + 0.05 * np.eye(classes)[target]
    return score / score.sum(axis=1, keepdims=True), target


def test_names_and_values(rng: np.random.Generator) -> None:
    space = get_label_space("mikels8")
    score, target = answers(rng, 300, 8)
    found = classification_metrics(score, target, space, resamples=200)
    names = "accuracy war uar weighted_f1 macro_f1 accuracy_at_3 polarity_accuracy ece brier"
    assert list(found) == names.split()
    predicted = score.argmax(axis=1)
    expected = {
        "accuracy": reference.accuracy_score(target, predicted),
        "war": reference.recall_score(target, predicted, average="weighted"),
        "uar": reference.balanced_accuracy_score(target, predicted),
        "weighted_f1": reference.f1_score(target, predicted, average="weighted"),
        "macro_f1": reference.f1_score(target, predicted, average="macro"),
        "accuracy_at_3": reference.top_k_accuracy_score(target, score, k=3),
        "polarity_accuracy": ((target < 4) == (predicted < 4)).mean(),
        "ece": expected_calibration_error(score, target),
        "brier": brier_score(score, target),
    }
    for name, value in expected.items():
        assert found[name].value == pytest.approx(value), name
        assert found[name].n == 300
        if name != "ece":  # which is biased upwards in resamples
            assert found[name].low < value < found[name].high, name
    json.dumps({name: interval.as_dict() for name, interval in found.items()}, allow_nan=False)


def test_resamples_are_what_repeated_rows_would_give(rng: np.random.Generator) -> None:
    """The interval of the vectorised metrics equals that of scikit-learn on the drawn rows."""
    score, target = answers(rng, 40, 3)
    space = LabelSpace.of("mine", ["joy", "fear", "neutral"])
    found = classification_metrics(score, target, space, seed=3, resamples=50)
    generator = np.random.default_rng(3)
    rows = generator.integers(40, size=(50, 40))
    predicted = score.argmax(axis=1)
    f1 = [reference.f1_score(target[r], predicted[r], average="macro") for r in rows]
    assert (found["macro_f1"].low, found["macro_f1"].high) == pytest.approx(np.percentile(f1, [2.5, 97.5]))
    ece = [expected_calibration_error(score[r], target[r]) for r in rows]
    assert (found["ece"].low, found["ece"].high) == pytest.approx(np.percentile(ece, [2.5, 97.5]))


def test_metrics_that_say_nothing_are_left_out(rng: np.random.Generator) -> None:
    score, target = answers(rng, 20, 2)
    found = classification_metrics(score, target, LabelSpace.of("mine", ["class_1", "class_2"]), resamples=10)
    assert "accuracy_at_3" not in found
    assert "polarity_accuracy" not in found


def test_space_of_another_size(rng: np.random.Generator) -> None:
    score, target = answers(rng, 20, 7)
    with pytest.raises(ValueError, match="scores have 7 columns, but mikels8 has 8 labels"):
        classification_metrics(score, target, get_label_space("mikels8"))


def test_regression(rng: np.random.Generator) -> None:
    target = rng.normal(size=200)
    predicted = target + rng.normal(size=200)
    groups = np.repeat(np.arange(20), 10)
    found = regression_metrics(predicted, target, prefix="arousal", groups=groups)
    assert list(found) == ["arousal/pearson_r", "arousal/ccc", "arousal/rmse"]
    assert found["arousal/pearson_r"].value == pytest.approx(np.corrcoef(predicted, target)[0, 1])
    assert found["arousal/ccc"].value == pytest.approx(concordance(predicted, target))
    assert all(interval.low < interval.value < interval.high for interval in found.values())


def test_a_constant_answer_has_no_correlation(rng: np.random.Generator) -> None:
    found = regression_metrics(np.full(30, 0.1), rng.normal(size=30), resamples=20)
    assert found["valence/pearson_r"].as_dict() == {"value": None, "low": None, "high": None, "n": 30}
    assert found["valence/rmse"].as_dict()["value"] is not None


def test_multilabel(rng: np.random.Generator) -> None:
    target = (rng.random((100, 5)) < 0.3).astype(int)
    target[:, 4] = 0
    score = target + rng.normal(size=(100, 5))
    found = multilabel_metrics(score, target, resamples=100)
    assert list(found) == ["map"]
    assert found["map"].value == pytest.approx(mean_average_precision(score, target))
    assert found["map"].low < found["map"].value < found["map"].high
    assert np.isnan(multilabel_metrics(score[:, 4:], target[:, 4:], resamples=5)["map"].value)


def test_ten_thousand_rows_take_seconds(rng: np.random.Generator) -> None:
    score, target = answers(rng, 10_000, 8)
    start = time.process_time()
    classification_metrics(score, target, get_label_space("mikels8"))
    assert time.process_time() - start < 10  # 0.5 s where it was written
