"""A suite in one call: cells that are kept, rows that say why they are empty, and numbers that are those of compare."""

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

import emolens
from emolens.data.manifest import Manifest
from emolens.data.split import split_manifest
from emolens.errors import ConfigError, DataError
from emolens.evaluation.benchmark import work
from emolens.metrics.summary import classification_metrics


def bench(place: Path, *models: Any, **options: Any) -> Any:
    return emolens.benchmark(place / "suite.toml", place, models, place / "out", **options)


def cells(place: Path) -> list[Path]:
    return sorted((place / "out" / "cells").rglob("metrics.json"))


def test_every_row_has_its_numbers_or_says_why_not(place):
    result = bench(place, "mini", "train:quick_probe@mini", "train:quick_probe@torchvision:resnet18/nowhere.pth")
    assert list(result.absent) == ["absent"]
    assert "emo8: is not a folder" in result.absent["absent"]
    titles = ["majority", "mini", "train:quick_probe@mini", "train:quick_probe@torchvision:resnet18"]
    assert [(row.data, row.title) for row in result.rows] == [(d, t) for d in ("warm", "cold") for t in titles]
    missing = [row for row in result.rows if row.not_run]
    assert {row.name for row in missing} == {"train:quick_probe@torchvision:resnet18"}
    assert all("nowhere.pth" in row.not_run for row in missing)
    warm = result.find("train:quick_probe@mini", "warm")
    assert warm.folds == 3
    assert warm.scores["accuracy"].n == 36  # every row is tested once, by a model that has not seen it
    assert warm.protocol == "3 folds of whole groups, by seed (ours)"
    assert not (place / "out" / "runs").exists()
    files = {path.name for path in (place / "out").iterdir()}
    assert files >= {"report.html", "tables.tex", "results.csv", "metrics.json", "cells"}


def test_folds_are_pooled_and_the_numbers_are_those_of_the_predictions(place):
    result = bench(place, "train:quick_probe@mini", sets=["warm"])
    row = result.find("train:quick_probe@mini", "warm")
    folder = place / "out" / "cells" / "warm"
    parts = [pd.read_parquet(path) for path in folder.glob("train-*/*/predictions.parquet")]
    table = pd.concat(parts)
    manifest = Manifest.read(place / "warm.parquet")
    assert sorted(table["id"]) == sorted(manifest.frame["id"])
    assert row.scores["accuracy"].value == pytest.approx((table["label"] == table["target_label"]).mean())
    group_of = dict(zip(manifest.frame["id"], manifest.frame["group"], strict=True))
    space = manifest.space()
    score_NC = np.array([[dict(scores)[label] for label in space.labels] for scores in table["scores"]])
    target_N = np.array([space.index(label) for label in table["target_label"]])
    found = classification_metrics(score_NC, target_N, space, [group_of[name] for name in table["id"]])["accuracy"]
    assert row.scores["accuracy"].low == pytest.approx(found.low, abs=0.06)  # whole groups were resampled


def test_one_split_gives_what_compare_gives(place):
    row = bench(place, "train:quick_probe@mini", sets=["cold"]).find("train:quick_probe@mini", "cold")
    cold = split_manifest(Manifest.read(place / "cold.parquet"), {"train": 0.6, "val": 0.2, "test": 0.2}, 0)
    compared = emolens.compare(["knn:mini"], [cold])
    entry = next(entry for entry in compared.entries if entry.name == "linear probe on mini")
    cell = next(iter(entry.cells.values()))
    for name, interval in cell.measured.metrics.items():
        assert row.scores[name].value == pytest.approx(interval.value, abs=1e-6)
        assert row.scores[name].low == pytest.approx(interval.low, abs=1e-6)


def test_what_is_there_is_not_computed_again_unless_its_input_changed(place):
    models = ("mini", "train:quick_probe@mini")
    first = bench(place, *models, sets=["cold"])
    stamps = {path: path.stat().st_mtime_ns for path in cells(place)}
    again = bench(place, *models, sets=["cold"])
    assert (first.computed, first.reused, again.computed, again.reused) == (3, 0, 0, 3)
    assert stamps == {path: path.stat().st_mtime_ns for path in cells(place)}
    assert [row.to_json() for row in again.rows] == [row.to_json() for row in first.rows]

    changed = Manifest.read(place / "cold.parquet")
    label_N = changed.frame["label"].to_numpy(copy=True)
    label_N[0] = {"positive": "negative", "negative": "positive"}[label_N[0]]
    replace(changed, frame=changed.frame.assign(label=label_N)).write(place / "cold.parquet")
    assert bench(place, *models, sets=["cold"]).computed == 3
    assert bench(place, *models, sets=["cold"], fresh=True).computed == 3


def test_a_picture_that_was_written_anew_is_judged_anew(place, picture):
    bench(place, "mini", sets=["cold"])
    manifest = Manifest.read(place / "cold.parquet")
    picture(manifest.paths()[0], seed=5)
    assert bench(place, "mini", sets=["cold"]).computed == 2


def test_a_damaged_cell_is_computed_again(place):
    bench(place, "mini", sets=["cold"])
    broken = cells(place)[0]
    broken.write_text("{")
    result = bench(place, "mini", sets=["cold"])
    assert (result.computed, result.reused) == (1, 1)
    assert json.loads(broken.read_text())["metrics"]


def test_after_an_interrupt_the_finished_cells_stay(place, monkeypatch):
    real, count = work.write_cell, []

    def stop(folder, *rest):
        if len(count) == 3:
            raise KeyboardInterrupt
        count.append(folder)
        real(folder, *rest)

    monkeypatch.setattr(work, "write_cell", stop)
    with pytest.raises(KeyboardInterrupt):
        bench(place, "mini", "train:quick_probe@mini")
    monkeypatch.setattr(work, "write_cell", real)
    result = bench(place, "mini", "train:quick_probe@mini")
    assert result.reused == 3
    assert all(row.scores for row in result.rows)


def test_a_mistake_in_a_model_is_a_row_with_its_traceback(place, predictor):
    broken = predictor(name="broken")
    broken.retarget = lambda space: 1 / 0
    result = bench(place, broken, predictor(), sets=["cold"])
    row = result.find("broken", "cold")
    assert row.not_run.startswith("ZeroDivisionError: division by zero (see ")
    assert "Traceback" in (place / "out" / "errors" / "cold-broken.txt").read_text()
    assert result.find("colour", "cold").scores


def test_several_seeds_give_mean_and_spread(place):
    result = bench(place, "train:quick_probe@mini", seeds=3, sets=["cold"])
    one = [bench(place, "train:quick_probe@mini", seeds=k, sets=["cold"]) for k in (1, 2)]
    row = result.find("train:quick_probe@mini", "cold")
    assert row.seeds == (0, 1, 2)
    score = row.scores["accuracy"]
    assert score.sd > 0
    assert score.low < score.value < score.high
    assert one[0].find("train:quick_probe@mini", "cold").scores["accuracy"].sd != score.sd
    assert one[1].computed == 0  # two of the three seeds


def test_shares_of_the_training_rows_are_rows_of_their_own(place):
    result = bench(place, "train:quick_probe@mini", train_shares=[0.1, 0.5, 1], sets=["cold"])
    shares = [(row.share, bool(row.scores)) for row in result.rows if row.name == "train:quick_probe@mini"]
    assert shares == [(1.0, True), (0.5, True), (0.1, True)]
    small = result.find("train:quick_probe@mini, 10% of the training rows", "cold")
    assert small.scores["accuracy"].n == result.find("train:quick_probe@mini", "cold").scores["accuracy"].n
    tiny = bench(place, "train:quick_probe@mini", train_shares=[0.01], sets=["cold"]).rows[-1]
    assert "too few for whole groups with a row of each label" in tiny.not_run


def test_trained_on_one_judged_on_the_other(place):
    text = (place / "suite.toml").read_text().replace("[[data]]", 'transfer = ["cold"]\n\n[[data]]', 1)
    (place / "suite.toml").write_text(text)
    result = bench(place, "train:quick_probe@mini")
    row = result.find("train:quick_probe@mini, from cold", "warm")
    assert row.scores["accuracy"].n == 36
    assert "--sets cold warm" in row.command
    assert result.find("train:quick_probe@mini, from warm", "cold") is None
    assert result.find("majority, from cold", "warm") is None  # a prior is of one data set


def test_bold_is_only_what_the_paired_test_supports(place, predictor):
    worse = predictor(name="worse")
    head = worse.head.retarget(worse.head.space)
    head.module.linear.weight.data.neg_()
    upside_down = replace(worse.model, head=head)
    worse.model = upside_down
    rows = bench(place, predictor(), worse, sets=["warm"]).rows
    marked = {row.name: row.best for row in rows}
    assert "accuracy" in marked["colour"]
    assert not marked["worse"]
    assert not marked["majority"]
    twins = bench(place, predictor(), predictor(name="twin"), sets=["warm"]).rows
    assert not any("accuracy" in row.best for row in twins)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"sets": ["hot"]}, 'suite suite has no data set "hot"'),
        ({"seeds": 0}, "seeds 0: must be at least 1"),
        ({"train_shares": [0.5, 2]}, "train shares 2, 0.5: must be above 0 and at most 1"),
    ],
)
def test_wrong_options_are_found_before_the_work(place, options, message):
    with pytest.raises(ConfigError, match=message):
        bench(place, "mini", **options)
    assert not (place / "out").exists()


def test_no_data_set_at_all_is_an_error(place):
    with pytest.raises(DataError, match=r"none of the data sets is there; the first, absent: .*emo8: is not a folder"):
        bench(place, "mini", sets=["absent"])


def test_the_long_table_has_a_row_a_metric(place: Path, predictor: Callable[..., Any]):
    result = bench(place, predictor())
    table = pd.read_csv(place / "out" / "results.csv")
    one = table[(table.model == "colour") & (table.data == "warm") & (table.metric == "accuracy")].iloc[0]
    score = result.find("colour", "warm").scores["accuracy"]
    assert (one.value, one.low, one.n, one.folds) == (score.value, score.low, 36, 3)
    stored = json.loads((place / "out" / "metrics.json").read_text())
    assert stored["rows"][0]["metrics"]["accuracy"]["n"] == 36
    assert stored["not there"].keys() == {"absent"}
    assert stored["means"]["accuracy"]["colour"] == pytest.approx(
        np.mean([result.find("colour", data).scores["accuracy"].value for data in ("warm", "cold")])
    )
