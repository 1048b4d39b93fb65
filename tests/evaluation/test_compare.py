"""Models x data sets, beside the baselines."""

import json
import re

import pandas as pd
import pytest

from emolens.compute import ComputeConfig
from emolens.errors import ConfigError, DataError
from emolens.evaluation.compare import compare
from emolens.evaluation.evaluate import evaluate

REPORTED = """
[[reported]]
name = "Somebody <b>et al.</b>"
metric = "accuracy"
value = 0.987
source = "a paper, table 1"
split = "theirs"
"""


@pytest.fixture
def settings(tmp_path, monkeypatch) -> dict:
    """No network, an empty weights cache, and an embedding cache of its own."""
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    monkeypatch.setenv("HF_HOME", str(tmp_path / "hub"))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    return {"cache": tmp_path / "embeddings", "compute": ComputeConfig(workers=1)}


@pytest.fixture
def two_sets(colours):
    return [colours(n=36, seed=1), colours(n=24, seed=2, space="mikels8", affect=False)]


def test_every_baseline_is_there_or_says_why_not(two_sets, settings, tmp_path):
    comparison = compare(["mini"], two_sets, tmp_path / "out", **settings)
    names = [entry.name for entry in comparison.entries]
    assert names[0] == "majority"
    assert names[-1] == "mini"
    assert comparison.entries[-1].kind == "given"
    zero_shot = next(e for e in comparison.entries if e.name.startswith("zeroshot:"))
    assert all(cell.not_run and "ViT-B-32" in cell.not_run for cell in zero_shot.cells.values())
    assert [name for name in names if name.startswith("linear probe")] == [
        "linear probe on mini, from colours1",
        "linear probe on mini, from colours2",
    ]
    for entry in comparison.entries:
        assert set(entry.cells) == {"colours1", "colours2"}
        assert all((cell.measured is None) == (cell.not_run is not None) for cell in entry.cells.values())


def test_files_agree_with_each_other(two_sets, settings, tmp_path):
    comparison = compare(["mini"], two_sets, tmp_path / "out", **settings, command="emolens compare x")
    facts = json.loads((tmp_path / "out" / "metrics.json").read_text())
    table = pd.read_parquet(tmp_path / "out" / "predictions.parquet")
    for data, models in facts["metrics"].items():
        for model, metrics in models.items():
            rows = table[(table["data"] == data) & (table["model"] == model)]
            right = (rows["label"] == rows["target_label"]).mean()
            assert metrics["accuracy"]["value"] == pytest.approx(right), (data, model)
    assert facts["command"] == "emolens compare x"
    html = (tmp_path / "out" / "report.html").read_text()
    assert "not run: " in html
    assert all(entry.name in html for entry in comparison.entries)


def test_majority_is_the_prior_of_the_train_split(two_sets, settings):
    comparison = compare(["mini"], two_sets[:1], **settings)
    frame = two_sets[0].frame
    majority = frame.loc[frame["split"] == "train", "label"].mode()[0]
    expected = (frame.loc[frame["split"] == "test", "label"] == majority).mean()
    metrics = comparison.entries[0].cells["colours1"].measured.metrics
    assert metrics["accuracy"].value == pytest.approx(expected)
    assert metrics["valence/ccc"].value == pytest.approx(0, abs=1e-12)


def test_a_probe_learns_at_home_and_crosses_over(colours, settings):
    """Colour decides everything here, so a probe on colour features must find it, on either data set."""
    comparison = compare(
        ["mini"], [colours(n=90, seed=1), colours(n=90, seed=2, space="mikels8", affect=False)], **settings
    )
    probe = next(e for e in comparison.entries if e.name == "linear probe on mini, from colours1")
    assert probe.cells["colours1"].measured.metrics["valence/pearson_r"].value > 0.6
    assert probe.cells["colours1"].home
    assert not probe.cells["colours2"].home
    assert probe.cells["colours2"].measured.metrics["polarity_accuracy"].value > 0.6
    assert probe.cells["colours2"].answers.mapping["labels"] == "valence_arousal"
    back = next(e for e in comparison.entries if e.name == "linear probe on mini, from colours2")
    assert back.cells["colours1"].answers.mapping == {"labels": "exact", "valence_arousal": "valence_arousal"}


def test_differences_are_to_the_best_of_each_column(two_sets, settings):
    comparison = compare(["mini"], two_sets[:1], **settings)
    scored = {e.name: e.cells["colours1"].measured for e in comparison.entries if e.cells["colours1"].measured}
    best = max(m.metrics["accuracy"].value for m in scored.values())
    differences = [d for d in comparison.differences if d.metric == "accuracy"]
    assert len(differences) == len(scored) - 1
    for d in differences:
        assert d.interval.value == pytest.approx(best - scored[d.other].metrics["accuracy"].value)
        assert d.interval.n == 12


def test_without_a_train_split_the_baselines_say_so(colours, settings):
    manifest = colours(n=12)
    manifest.frame["split"] = "test"
    comparison = compare(["mini"], [manifest.freeze_splits()], **settings)
    reasons = {e.name: e.cells["colours0"].not_run for e in comparison.entries}
    assert "train" in reasons["majority"]
    assert "train" in reasons["linear probe on mini"]
    assert reasons["mini"] is None


def test_reported_numbers_stand_apart(two_sets, settings, tmp_path):
    (tmp_path / "r.toml").write_text(REPORTED)
    compare(["mini"], two_sets[:1], tmp_path / "out", reported=tmp_path / "r.toml", **settings)
    html = (tmp_path / "out" / "report.html").read_text()
    before, after = html.split("Reported, other split")
    assert "Somebody" not in before
    assert "Somebody &lt;b&gt;et al.&lt;/b&gt;" in after
    facts = json.loads((tmp_path / "out" / "metrics.json").read_text())
    assert "et al" not in json.dumps(facts["metrics"])


def test_pictures_are_embedded_once(two_sets, settings, capsys):
    compare(["mini"], two_sets, **settings)
    parts = sorted(p.name for p in settings["cache"].rglob("part-*.arrow"))
    compare(["mini"], two_sets, **settings)
    assert sorted(p.name for p in settings["cache"].rglob("part-*.arrow")) == parts


def test_a_hostile_data_set_name_is_only_text(colours, settings, tmp_path):
    manifest = colours(n=12)
    manifest.metadata["dataset"] = "<script>alert(1)</script>"
    compare(["mini"], [manifest], tmp_path / "out", **settings)
    assert not re.search("<script", (tmp_path / "out" / "report.html").read_text())


def test_an_unknown_model_is_told_before_any_work(two_sets, settings, tmp_path):
    with pytest.raises(ConfigError, match="nonsense"):
        compare(["nonsense"], two_sets, tmp_path / "out", **settings)
    assert not (tmp_path / "embeddings").exists()


def test_predictors_and_specs_manifests_and_paths_alike(predictor, two_sets, settings, tmp_path):
    two_sets[0].write(tmp_path / "m.parquet")
    model = predictor(name="mine")
    comparison = compare([model, "mini", "mini"], [tmp_path / "m.parquet"], **settings)
    given = [entry for entry in comparison.entries if entry.kind == "given"]
    assert [entry.name for entry in given] == ["mine", "mini"]
    alone = evaluate(model, two_sets[0])
    assert given[0].cells["colours1"].measured.metrics == alone.metrics
    assert comparison.command.startswith("emolens compare --models mine mini --data ")


def test_two_models_of_one_name(predictor, two_sets, settings):
    with pytest.raises(ConfigError, match='two models are called "colour"; set the name of one of them'):
        compare([predictor(), predictor()], two_sets, **settings)


def test_nothing_to_compare_on(settings):
    with pytest.raises(ConfigError, match="at least one manifest"):
        compare(["mini"], [], **settings)


def test_the_same_manifest_twice(two_sets, settings):
    with pytest.raises((ConfigError, DataError), match="twice"):
        compare(["mini"], [two_sets[0], two_sets[0]], **settings)


def test_two_runs_of_one_configuration_give_mean_and_sd(colours, settings, tmp_path):
    """Real runs, as `emolens train` leaves them, that differ in the seed alone."""
    from emolens.cli.main import main

    manifest = colours(n=40, affect=False)
    frame = manifest.frame
    frame.loc[frame["split"] == "train", "split"] = [
        "val" if i % 4 == 0 else "train" for i in range((frame["split"] == "train").sum())
    ]
    manifest.freeze_splits().write(tmp_path / "m.parquet")
    for seed in (0, 1):
        args = ["--data", str(tmp_path / "m.parquet"), "--out", str(tmp_path / f"run{seed}"), "--seed", str(seed)]
        assert main(["train", "probe", "--backbone", "mini", "--cache", str(settings["cache"]), *args]) == 0
    runs = [f"run:{tmp_path / f'run{seed}'}" for seed in (0, 1)]
    comparison = compare(runs, [tmp_path / "m.parquet"], tmp_path / "out", **settings)
    spread = next(s for s in comparison.spreads if s.metric == "accuracy")
    values = [e.cells["colours0"].measured.metrics["accuracy"].value for e in comparison.entries[-2:]]
    assert spread.seeds == (0, 1)
    assert spread.mean == pytest.approx(sum(values) / 2)
    assert comparison.entries[-1].cells["colours0"].home
    assert "Several seeds" in (tmp_path / "out" / "report.html").read_text()


@pytest.mark.shared
def test_photographs_to_silhouettes_and_back(shared, settings, tmp_path):
    """OASIS and BASS, forty pictures of each: both probes on both sets, and no praise for what mini was fitted on."""
    from dataclasses import replace

    from emolens.cli.main import main
    from emolens.data.manifest import Manifest
    from emolens.data.split import split_manifest

    manifests = []
    for name in ("oasis", "bass"):
        path = tmp_path / f"{name}.parquet"
        assert main(["data", "import", name, str(shared / "data" / name), "--out", str(path)]) == 0
        whole = Manifest.read(path)
        some = replace(whole, frame=whole.frame.sample(40, random_state=0).reset_index(drop=True))
        manifests.append(split_manifest(some, {"train": 0.6, "test": 0.4}, seed=0))
    comparison = compare(["mini"], manifests, tmp_path / "out", **settings)
    assert [name for name, t in comparison.targets.items() if t.group_N is not None] == ["oasis", "bass"]
    by_name = {entry.name: entry for entry in comparison.entries}
    for trained_on in ("oasis", "bass"):
        cells = by_name[f"linear probe on mini, from {trained_on}"].cells
        assert {"accuracy", "valence/pearson_r", "arousal/pearson_r"} <= set(cells["oasis"].measured.metrics)
        assert {"accuracy", "valence/pearson_r", "arousal/pearson_r"} <= set(cells["bass"].measured.metrics)
    assert by_name["mini"].cells["oasis"].warning
    assert by_name["mini"].cells["bass"].warning is None
    assert (tmp_path / "out" / "report.html").stat().st_size < 1_000_000
