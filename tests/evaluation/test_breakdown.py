"""The values of any column, and the protocol of a data set, in evaluate and compare."""

import io
import json
from dataclasses import replace

import numpy as np
import pytest
from rich.console import Console

from emolens.cli.main import main
from emolens.compute import ComputeConfig
from emolens.data.manifest import Manifest
from emolens.data.protocol import Protocol
from emolens.data.protocol_use import apply_protocol
from emolens.errors import ConfigError
from emolens.evaluation.compare import compare
from emolens.evaluation.evaluate import evaluate
from emolens.evaluation.report.by_value import comparison_by_value
from emolens.evaluation.report.comparison_page import comparison_page
from emolens.evaluation.report.evaluation_page import evaluation_page
from emolens.evaluation.report.terminal import by_value_table

PLATFORMS = ("Douyin", "Kuaishou", "TikTok")


@pytest.fixture
def settings(tmp_path, monkeypatch) -> dict:
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    monkeypatch.setenv("HF_HOME", str(tmp_path / "hub"))
    return {"cache": tmp_path / "embeddings", "compute": ComputeConfig(workers=1)}


def test_any_column_and_two_at_once(predictor, colours):
    platforms = [PLATFORMS[i // 3 % 3] for i in range(90)]
    manifest = colours(n=90, source=[f"s{i % 5}" for i in range(90)], platform=platforms)
    assert list(evaluate(predictor(), manifest).measured.breakdown) == ["platform"]
    evaluation = evaluate(predictor(), manifest, by=("source", "label"))
    found = evaluation.measured.breakdown
    assert list(found) == ["source", "label"]
    for column, values in found.items():
        shown = np.array(evaluation.targets.columns[column])
        hits = evaluation.answers.score_NC.argmax(axis=1) == evaluation.targets.label_N
        for value, metrics in values.items():
            assert metrics["accuracy"].value == pytest.approx(hits[shown == value].mean())
            assert metrics["accuracy"].n == (shown == value).sum()
    assert evaluation.to_json()["by"]["source"]["s0"]["accuracy"]["n"] == found["source"]["s0"]["accuracy"].n
    assert "--by source --by label" in evaluation.command
    assert "<h2>By source</h2>" in evaluation_page(evaluation)
    table = evaluation.to_pandas()
    assert list(table["source"]) == list(evaluation.targets.columns["source"])


def test_a_small_value_has_its_n_and_one_group_alone_has_an_interval(predictor, colours):
    groups = [f"actor{i // 3 % 2}" if i % 3 == 0 else "train" for i in range(60)]
    domains = ["rare" if i == 3 else "usual" for i in range(60)]
    manifest = colours(n=60, affect=False, group=groups, domain=domains)
    evaluation = evaluate(predictor(), manifest, by=("group", "domain"))
    by = evaluation.measured.breakdown
    assert all(np.isfinite(metrics["accuracy"].low) for metrics in by["group"].values())
    assert by["domain"]["rare"]["accuracy"].n == 1
    assert evaluation.to_json()["bootstrap"]["resampled"] == "groups"


def test_a_comparison_breaks_each_data_set_down(predictor, colours, settings):
    one = colours(n=48, platform=[PLATFORMS[i // 3 % 3] for i in range(48)])
    one = replace(one, metadata={**one.metadata, "dataset": "one"})
    two = colours(n=36)
    two = replace(two, metadata={**two.metadata, "dataset": "two"})
    comparison = compare([predictor()], [one, two], by=("platform",), **settings)
    tables = comparison_by_value(comparison)
    assert {table.title for table in tables} >= {"accuracy on one, by platform", "uar on one, by platform"}
    assert not any("on two" in table.title for table in tables)
    first = tables[0]
    assert [row.value for row in first.rows] == list(PLATFORMS)
    assert "colour" in first.heads
    mine = next(entry for entry in comparison.entries if entry.name == "colour").cells["one"].measured
    found = {m["name"]: m["data"] for m in comparison.to_json()["models"]}["colour"]["one"]["by"]["platform"]
    for row in first.rows:
        m = row.cells[first.heads.index("colour")]
        assert m == mine.breakdown["platform"][row.value]["accuracy"]
        assert found[row.value]["accuracy"]["value"] == m.value
    stream = io.StringIO()
    Console(file=stream, width=200).print(by_value_table(first))
    assert all(name in stream.getvalue() for name in PLATFORMS)
    assert "accuracy on one, by platform" in comparison_page(comparison)
    with pytest.raises(ConfigError, match="--by studio: no such column"):
        compare([predictor()], [one, two], by=("studio",), **settings)


def test_the_protocol_is_told_or_that_there_is_none(predictor, colours, settings):
    manifest = colours(n=48, affect=False)
    plain = evaluate(predictor(), manifest)
    assert plain.protocol is None
    assert plain.to_json()["protocol"] is None
    assert "No protocol: the splits are those of the manifest." in evaluation_page(plain)
    rule = Protocol("halves", (), "Two halves", "ours", fractions={"train": 0.5, "test": 0.5})
    divided = apply_protocol(manifest, rule)
    evaluation = evaluate(predictor(), divided)
    stated = evaluation.to_json()["protocol"]
    assert (stated["name"], stated["sha256"], stated["changed"]) == ("halves", rule.sha256, [])
    assert stated["splits"]["test"]["sha256"] == evaluation.to_json()["ids_sha256"]
    assert f"halves of colours (sha256 {rule.sha256[:12]}): Two halves." in evaluation_page(evaluation).replace(
        evaluation.targets.data, "colours"
    )
    comparison = compare([predictor()], [divided], **settings)
    (facts,) = comparison.to_json()["data"].values()
    assert facts["protocol"] == stated
    assert "halves" in comparison_page(comparison)
    (plain_facts,) = compare([predictor()], [manifest], **settings).to_json()["data"].values()
    assert plain_facts["protocol"] is None


def test_on_the_command_line(colours, settings, tmp_path, capsys, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    manifest = colours(n=48, affect=False, source=[f"s{i // 3 % 3}" for i in range(48)])
    manifest.write(tmp_path / "plain.parquet")
    rule = Protocol("halves", (), "Two halves", "ours", fractions={"train": 0.5, "test": 0.5})
    apply_protocol(manifest, rule).write(tmp_path / "halves.parquet")
    out = str(tmp_path / "out")
    assert main(["evaluate", "mini", "--data", str(tmp_path / "plain.parquet"), "--by", "source", "--by", "label",
                 "--out", out]) == 0  # fmt: skip
    shown = capsys.readouterr().out
    assert "by source (95% interval)" in shown
    assert "by label (95% interval)" in shown
    assert "\nno protocol\n" in shown
    assert set(json.loads((tmp_path / "out" / "metrics.json").read_text())["by"]) == {"source", "label"}
    both = [str(tmp_path / name) for name in ("plain.parquet",)]
    assert main(["compare", "--models", "mini", "--data", *both, "--by", "source", "--out", out]) == 0
    shown = capsys.readouterr().out
    assert ", by source (95% interval)" in shown
    assert ": no protocol" in shown
    assert main(["evaluate", "mini", "--data", str(tmp_path / "halves.parquet"), "--out", out]) == 0
    assert f"protocol: halves of {Manifest.read(tmp_path / 'halves.parquet').metadata['dataset']}" in (
        capsys.readouterr().out
    )
    assert main(["evaluate", "mini", "--data", str(tmp_path / "plain.parquet"), "--by", "sorce", "--out", out]) == 2
    assert '--by sorce: no such column; did you mean "source"' in capsys.readouterr().err
