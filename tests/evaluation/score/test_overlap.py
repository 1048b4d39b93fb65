"""Rows that a model knew from training."""

from dataclasses import replace

import pytest

from emolens.compute import ComputeConfig
from emolens.evaluation.compare import compare
from emolens.evaluation.evaluate import evaluate
from emolens.evaluation.report.evaluation_page import evaluation_page
from emolens.inference.image_predictor import ImagePredictor
from emolens.runs.config import DataFacts, TrainingFacts


def trained_on(predictor, manifest, **sha256):
    splits = {name: {"n": 1, "sha256": value} for name, value in sha256.items()}
    data = DataFacts(dataset=manifest.metadata["dataset"], splits=splits)
    config = replace(predictor.config, training=TrainingFacts(data=data))
    return ImagePredictor(predictor.name, replace(predictor.model, config=config))


def sha(manifest, split):
    return manifest.metadata["splits"][split]["sha256"]


def test_the_held_out_split_is_a_test(predictor, colours):
    manifest = colours()
    model = trained_on(predictor(), manifest, train=sha(manifest, "train"), test=sha(manifest, "test"))
    assert evaluate(model, manifest).warnings == ()


@pytest.mark.parametrize(
    ("split", "change", "message"),
    [("train", False, "its train split.: this is no test"), ("test", True, "split another way")],
)
def test_rows_from_training_are_told(predictor, colours, split, change, message):
    manifest = colours()
    kept = sha(manifest, "test") if not change else "0" * 64
    model = trained_on(predictor(), manifest, train=sha(manifest, "train") if not change else "1" * 64, test=kept)
    evaluation = evaluate(model, manifest, split=split)
    (warning,) = evaluation.warnings
    assert message.replace(".:", "):") in warning
    assert evaluation.to_json()["warnings"] == [warning]
    assert warning.split(",")[0] in evaluation_page(evaluation)


def test_another_data_set_is_no_reason(predictor, colours):
    model = trained_on(predictor(), colours(seed=1), train="0" * 64)
    assert evaluate(model, colours(seed=2)).warnings == ()


def test_the_baseline_never_wins_on_what_it_was_fitted_on(colours, tmp_path, monkeypatch):
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    monkeypatch.setenv("HF_HOME", str(tmp_path / "hub"))
    manifest = colours(n=30)
    manifest.metadata["dataset"] = "oasis"
    comparison = compare(
        ["mini"], [manifest], tmp_path / "out", cache=tmp_path / "embeddings", compute=ComputeConfig(workers=1)
    )
    (warning,) = comparison.warnings
    assert "mini was fitted on all of oasis" in warning
    assert all("mini" not in (d.best, d.other) for d in comparison.differences)
    assert comparison.differences
    assert "rows seen in training" in (tmp_path / "out" / "report.html").read_text()
