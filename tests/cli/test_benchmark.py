"""``emolens benchmark``."""

import json

import pytest

from emolens.cli.main import main


@pytest.fixture
def place(tmp_path, colours, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    colours(24).write(tmp_path / "m.parquet")
    (tmp_path / "s.toml").write_text('title = "t"\n[[data]]\nname = "d"\nmanifest = "m.parquet"\n')
    return tmp_path


def test_one_command_makes_all_files_and_a_second_one_computes_nothing(place, capsys):
    words = ["benchmark", "s.toml", "--data", ".", "--out", "out", "--models", "mini", "--train-share", "0.5", "1"]
    assert main(words) == 0
    said = capsys.readouterr()
    assert "[3/3] d: mini:" in said.err
    assert "majority, 50% of the training rows" in said.out
    assert {path.name for path in (place / "out").iterdir()} == {
        "report.html", "tables.tex", "results.csv", "metrics.json", "cells",
    }  # fmt: skip
    assert main(words) == 0
    assert json.loads((place / "out" / "metrics.json").read_text())["cells"] == {"computed": 0, "reused": 3}
    assert main([*words, "--fresh"]) == 0
    assert json.loads((place / "out" / "metrics.json").read_text())["cells"] == {"computed": 3, "reused": 0}


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (["shard", "--data", "."], 2, 'unknown suite "shard"; did you mean "shared"'),
        (["s.toml", "--data", ".", "--models", "train:prob"], 2, 'unknown recipe "prob"; did you mean "probe"'),
        (["s.toml", "--data", ".", "--sets", "e"], 2, 'suite s has no data set "e"; known: d'),
        (["s.toml", "--data", "nowhere"], 3, "none of the data sets is there; the first, d: "),
    ],
)
def test_what_is_wrong_is_said_in_a_line(place, capsys, words, code, said):
    assert main(["benchmark", *words, "--out", "out"]) == code
    error = capsys.readouterr().err.splitlines()[-1]
    assert error.startswith("emolens: ")
    assert said in error
