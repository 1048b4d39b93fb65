"""One model on one split."""

import json
import math
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from emolens.errors import ConfigError, DataError
from emolens.evaluation.evaluate import evaluate
from emolens.taxonomy import get_label_space


def test_accuracy_and_correlation_equal_the_obvious_count(predictor, colours):
    manifest = colours()
    evaluation = evaluate(predictor(), manifest)
    rows = manifest.select("test")
    answers = predictor().predict(rows.paths())
    right = [row.label == label for row, label in zip(answers, rows.frame["label"], strict=True)]
    assert evaluation.metrics["accuracy"].value == pytest.approx(sum(right) / len(right))
    assert evaluation.metrics["accuracy"].n == len(right) == 8
    said = [row.valence for row in answers]
    r = np.corrcoef(said, rows.frame["valence"])[0, 1]
    assert evaluation.metrics["valence/pearson_r"].value == pytest.approx(r)
    rated = (rows.frame["valence"] - 4) / 3
    assert evaluation.metrics["valence/rmse"].value == pytest.approx(math.sqrt(np.mean((said - rated) ** 2)))
    assert evaluation.answers.mapping == {"labels": "native", "valence_arousal": "native"}


def test_writes_three_files_that_agree(predictor, colours, tmp_path):
    out = tmp_path / "deep" / "out"
    evaluation = evaluate(predictor(), colours(), out=out, command="emolens evaluate x")
    assert sorted(p.name for p in out.iterdir()) == ["metrics.json", "predictions.parquet", "report.html"]
    facts = json.loads((out / "metrics.json").read_text())
    assert set(facts["metrics"]["accuracy"]) == {"value", "low", "high", "n"}
    assert facts["split"] == "test"
    assert facts["model"] == "colour"
    assert facts["command"] == "emolens evaluate x"
    assert facts["versions"]["emolens"]
    assert facts["ids_sha256"] == colours().metadata["splits"]["test"]["sha256"]
    table = pd.read_parquet(out / "predictions.parquet")
    assert (table["label"] == table["target_label"]).mean() == pytest.approx(facts["metrics"]["accuracy"]["value"])
    assert np.trace(facts["confusion"]["counts"]) == (table["label"] == table["target_label"]).sum()
    assert dict(table["scores"][0]).keys() == set(get_label_space("polarity2").labels)
    assert list(table["id"]) == list(evaluation.targets.id_N)


def test_the_same_seed_gives_the_same_intervals(predictor, colours):
    one, two, other = (evaluate(predictor(), colours(), seed=s).metrics["brier"] for s in (0, 0, 1))
    assert one == two
    assert one.value == other.value
    assert (one.low, one.high) != (other.low, other.high)


def test_failed_rows_are_counted_and_left_out(predictor, colours, tmp_path):
    manifest = colours()
    first, second = manifest.select("test").paths()[:2]
    first.write_bytes(b"")
    second.unlink()
    evaluation = evaluate(predictor(), manifest, out=tmp_path / "out")
    measured = evaluation.measured
    assert (measured.n_total, measured.n_scored, measured.n_failed, measured.n_without_target) == (8, 6, 2, 0)
    assert evaluation.metrics["accuracy"].n == 6
    facts = json.loads((tmp_path / "out" / "metrics.json").read_text())
    assert [row["id"] for row in facts["failed"]] == list(evaluation.targets.id_N[:2])
    table = pd.read_parquet(tmp_path / "out" / "predictions.parquet")
    assert list(table["status"][:3]) == ["error", "error", "ok"]
    assert "2 could not be read or predicted" in (tmp_path / "out" / "report.html").read_text()


def test_rows_without_a_target_are_counted(predictor, colours):
    manifest = colours(affect=False)
    manifest.frame.loc[[0, 3], "label"] = None
    measured = evaluate(predictor(), manifest).measured
    assert (measured.n_total, measured.n_scored, measured.n_without_target) == (8, 6, 2)


def test_every_row_failing_is_an_error_that_names_the_first(predictor, colours):
    manifest = colours()
    for path in manifest.paths():
        path.unlink()
    with pytest.raises(DataError, match=r'none of the 8 rows could be scored.*id "s0_0"'):
        evaluate(predictor(), manifest)


def test_groups_are_resampled_whole(predictor, colours):
    """Two groups, each of one outcome: rows say 'rather sure', groups say 'could be anything'."""
    rows = evaluate(predictor(), colours(n=60, affect=False)).metrics["accuracy"]
    groups = [f"{'a' if i % 3 else 'b'}{i % 2}" for i in range(60)]
    clustered = evaluate(predictor(), colours(n=60, affect=False, group=groups))
    assert clustered.to_json()["bootstrap"]["resampled"] == "groups"
    assert clustered.metrics["accuracy"].value == rows.value
    assert (clustered.metrics["accuracy"].low, clustered.metrics["accuracy"].high) != (rows.low, rows.high)


def test_breakdown_by_domain(predictor, colours):
    domains = ["photo" if i % 2 else "art" for i in range(24)]
    evaluation = evaluate(predictor(), colours(domain=domains))
    found = evaluation.measured.breakdown["domain"]
    assert set(found) == {"photo", "art"}
    total = sum(found[d]["accuracy"].n * found[d]["accuracy"].value for d in found)
    assert total == pytest.approx(8 * evaluation.metrics["accuracy"].value)


def test_multi_label_gives_mean_average_precision(predictor, colours):
    labels = [["positive", "negative"] if i % 4 == 0 else ["negative"] for i in range(24)]
    manifest = colours(space=None, affect=False, labels=labels, label_space="polarity2")
    evaluation = evaluate(predictor(), manifest)
    assert set(evaluation.metrics) == {"map"}
    assert set(evaluation.measured.per_class["negative"]) == {"average_precision"}


def test_a_model_of_points_is_asked_for_labels_through_them(predictor, colours):
    evaluation = evaluate(predictor(space=None), colours(space="mikels8", affect=False))
    assert evaluation.answers.mapping == {"labels": "valence_arousal"}
    assert evaluation.metrics["polarity_accuracy"].value > 0.6


def test_a_model_of_labels_is_asked_for_points_through_them(predictor, colours):
    evaluation = evaluate(predictor(points=False), colours(space=None))
    assert evaluation.answers.mapping == {"valence_arousal": "valence_arousal"}
    assert evaluation.metrics["valence/pearson_r"].value > 0.6


def test_coarser_labels_are_reached_exactly(predictor, colours):
    evaluation = evaluate(predictor(space="mikels8", points=False), colours(affect=False))
    assert evaluation.answers.mapping == {"labels": "exact"}


def test_missing_split_is_told_before_any_work(predictor, colours, tmp_path):
    with pytest.raises(DataError, match=r'"dev".*test, train'):
        evaluate(predictor(), colours(), split="dev", out=tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_a_split_without_targets_is_told_before_any_work(predictor, colours, tmp_path):
    with pytest.raises(DataError, match="nothing to compare"):
        evaluate(predictor(), colours(space=None, affect=False), out=tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_labels_without_a_point_cannot_be_reached_through_points(predictor, colours):
    manifest = colours(affect=False)
    manifest.frame["label"] = ["qwrt", "zzyx"] * 12
    manifest.frame["label_space"] = "own"
    own = '{"name": "own", "labels": [{"name": "qwrt"}, {"name": "zzyx"}]}'
    from emolens.taxonomy import LabelSpace

    targets_space = LabelSpace.from_dict(json.loads(own))
    model = predictor(space=None)
    from emolens.evaluation.score.answers import fit_predictor
    from emolens.evaluation.score.targets import Targets

    targets = Targets(
        "d", "d", "test", ("a",), (Path("a"),), targets_space, np.array([0]), None, None, None, None, {}, ""
    )
    with pytest.raises(ConfigError, match="qwrt, zzyx"):
        fit_predictor(model, targets)


def test_out_that_is_a_file_is_told_before_any_work(predictor, colours, tmp_path):
    (tmp_path / "out").write_text("mine")
    with pytest.raises(DataError, match="is a file"):
        evaluate(predictor(), colours(), out=tmp_path / "out")
    assert (tmp_path / "out").read_text() == "mine"


def test_undefined_correlation_is_null_in_json(predictor, colours, tmp_path):
    manifest = colours(space=None)
    manifest.frame["valence"] = 4.0
    evaluate(predictor(), manifest, out=tmp_path / "out")
    metric = json.loads((tmp_path / "out" / "metrics.json").read_text())["metrics"]["valence/pearson_r"]
    assert metric == {"value": None, "low": None, "high": None, "n": 8}
