"""Emo8's domains in an evaluation; scene-centric and person-centric data sets in a comparison."""

import io
import json
import re
from dataclasses import replace

import numpy as np
import pytest
from rich.console import Console

from emolens.compute import ComputeConfig
from emolens.data.adapter import get_adapter, list_adapters
from emolens.data.manifest import Manifest
from emolens.evaluation.compare import compare
from emolens.evaluation.evaluate import evaluate
from emolens.evaluation.report.evaluation_page import evaluation_page
from emolens.evaluation.report.terminal import comparison_tables
from emolens.evaluation.score.targets import read_targets

EMO8 = ("advertising cover", "cartoon", "natural", "realistic", "science fiction")


def test_emo8_domain_by_domain(predictor, colours):
    domains = [EMO8[i % 5] for i in range(120)]
    manifest = colours(n=120, space="mikels8", domain=domains)
    evaluation = evaluate(predictor("mikels8"), manifest)
    found = evaluation.measured.breakdown["domain"]
    assert tuple(found) == EMO8
    targets, score_NC = evaluation.targets, evaluation.answers.score_NC
    for domain, metrics in found.items():
        of_N = np.array(targets.columns["domain"]) == domain
        right = (score_NC[of_N].argmax(axis=1) == targets.label_N[of_N]).mean()
        assert metrics["accuracy"].value == pytest.approx(right)
        assert metrics["accuracy"].n == of_N.sum() == 8
        assert metrics["accuracy"].low <= right <= metrics["accuracy"].high
    total = sum(m["accuracy"].value * m["accuracy"].n for m in found.values()) / 40
    assert total == pytest.approx(evaluation.metrics["accuracy"].value)
    html = evaluation_page(evaluation)
    table = html[html.index("By domain") :]
    assert [table.index(domain) for domain in EMO8] == sorted(table.index(domain) for domain in EMO8)
    assert set(evaluation.to_json()["by"]["domain"]) == set(EMO8)


PERSONS = (
    "caer",
    "caer_s",
    "crema_d",
    "crema_d_votes",
    "emotic",
    "heco",
    "javanese",
    "mafw",
    "meld",
    "ravdess",
    "ravdess_speech",
)


@pytest.mark.parametrize("name", list_adapters())
def test_every_data_set_says_what_it_is_centred_on(name):
    expected = "person" if name in PERSONS else "scene"
    assert get_adapter(name).centric == expected


@pytest.fixture
def settings(tmp_path, monkeypatch) -> dict:
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    monkeypatch.setenv("HF_HOME", str(tmp_path / "hub"))
    return {"cache": tmp_path / "embeddings", "compute": ComputeConfig(workers=1)}


def named(manifest: Manifest, **metadata: str) -> Manifest:
    return replace(manifest, metadata={**manifest.metadata, **metadata})


def test_stated_or_known_by_the_name_of_the_data_set(colours):
    manifest = colours(n=12)
    assert read_targets(manifest, "test").centric is None
    assert read_targets(named(manifest, dataset="heco"), "test").centric == "person"
    assert read_targets(named(manifest, dataset="heco", centric="scene"), "test").centric == "scene"


def test_the_report_sets_them_side_by_side(colours, settings, tmp_path):
    sets = [
        named(colours(n=24, seed=1), dataset="heco"),
        named(colours(n=24, seed=2), dataset="mine"),
        named(colours(n=24, seed=3), dataset="emo8"),
        named(colours(n=24, seed=4), dataset="frames", centric="person"),
    ]
    comparison = compare(["mini"], sets, tmp_path / "out", **settings)
    assert comparison.columns(comparison.targets) == [
        ("scene-centric", ["emo8"]),
        ("person-centric", ["heco", "frames"]),
        ("other", ["mine"]),
    ]
    html = (tmp_path / "out" / "report.html").read_text()
    head = re.search(r"<h2>accuracy</h2>.*?</thead>", html, re.S)[0]
    assert re.findall(r'colspan="(\d)">([^<]*)<', head) == [
        ("1", "scene-centric"),
        ("2", "person-centric"),
        ("1", "other"),
    ]
    assert re.findall(r"<th>([^<]*)</th>", head)[-5:] == ["model", "emo8", "heco", "frames", "mine"]
    facts = json.loads((tmp_path / "out" / "metrics.json").read_text())
    assert {name: part["centric"] for name, part in facts["data"].items()} == {
        "heco": "person",
        "mine": None,
        "emo8": "scene",
        "frames": "person",
    }
    # Each number stands under its own data set, whatever the order of the columns.
    entry = next(e for e in comparison.entries if e.name == "mini")
    row = re.search(r"<tr><th>mini</th>.*?</tr>", html[html.index("<h2>accuracy</h2>") :], re.S)[0]
    shown = re.findall(r"<strong>([^<]*)</strong>", row)
    assert shown == [
        f"{entry.cells[d].measured.metrics['accuracy'].value:.3f}" for d in ("emo8", "heco", "frames", "mine")
    ]
    console = Console(file=io.StringIO(), width=200)
    console.print(comparison_tables(comparison)[0])
    lines = console.file.getvalue().splitlines()
    heading = next(line for line in lines if "scene-centric" in line)
    assert heading.index("scene-centric") < heading.index("person-centric") < heading.index("other")


def test_no_headings_where_nothing_is_known(colours, settings, tmp_path):
    comparison = compare(["mini"], [colours(n=24)], tmp_path / "out", **settings)
    assert comparison.columns(comparison.targets) == [("", ["colours0"])]
    html = (tmp_path / "out" / "report.html").read_text()
    assert "centric" not in html
    assert 'class="heading"' not in html
