"""``emolens compare`` from the command line: what it prints, writes, and exits with."""

import json
from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pytest

from emolens.cli.main import main
from emolens.data.manifest import Manifest


@pytest.fixture
def two(tmp_path: Path, picture: Callable[..., Path], monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Two small data sets of one label space, and no weights to be had."""
    for name in ("XDG_CACHE_HOME", "HF_HOME"):
        monkeypatch.setenv(name, str(tmp_path / name))
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    monkeypatch.chdir(tmp_path)
    for name, first in (("one", 0), ("two", 100)):
        for i in range(12):
            picture(tmp_path / name / f"{i}.png", seed=first + i)
        frame = pd.DataFrame({"id": [f"{name}{i}" for i in range(12)], "path": [f"{i}.png" for i in range(12)]})
        frame["media"] = "image"
        frame["split"] = ["train", "test"] * 6
        frame["label"] = ["positive", "positive", "negative", "negative"] * 3
        frame["label_space"] = "polarity2"
        Manifest(frame, {"dataset": name}, tmp_path / name).freeze_splits().write(tmp_path / f"{name}.parquet")
    return ["one.parquet", "two.parquet"]


def test_prints_the_matrix_and_where_the_report_is(two, capsys):
    assert main(["compare", "--models", "mini", "--data", *two, "--out", "out"]) == 0
    shown = capsys.readouterr().out
    facts = json.loads(Path("out/metrics.json").read_text())
    for data in ("one", "two"):
        for model in ("majority", "mini", "linear probe on mini, from one", "linear probe on mini, from two"):
            assert f"{facts['metrics'][data][model]['accuracy']['value']:.3f}" in shown
    assert "zeroshot:ViT-B-32/openai not run: " in shown
    assert "report: out/report.html" in shown
    assert sorted(p.name for p in Path("out").iterdir()) == ["metrics.json", "predictions.parquet", "report.html"]


@pytest.mark.parametrize(
    ("args", "code", "message"),
    [
        (["--models", "mini", "--data", "nope.parquet", "--out", "out"], 3, "nope.parquet"),
        (["--models", "mimi", "--data", "one.parquet", "--out", "out"], 2, "mimi"),
        (["--models", "mini", "--data", "one.parquet", "--out", "out", "--split", "dev"], 3, "dev"),
        (["--models", "mini", "--data", "one.parquet", "--out", "out", "--reported", "r.toml"], 3, "r.toml"),
        (["--models", "zeroshot:ViT-B-32/openai", "--data", "one.parquet", "--out", "out"], 4, "ViT-B-32"),
    ],
)
def test_mistakes_are_one_message_and_a_code(two, capsys, args, code, message):
    assert main(["compare", *args]) == code
    shown = capsys.readouterr().err
    assert message in shown
    assert "Traceback" not in shown
    assert not Path("out/metrics.json").exists()
