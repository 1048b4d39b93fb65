"""``emolens evaluate`` from the command line: what it prints, writes, and exits with."""

import json
from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pytest

from emolens.cli.main import main
from emolens.data.manifest import Manifest


@pytest.fixture
def manifest(tmp_path: Path, picture: Callable[..., Path], monkeypatch: pytest.MonkeyPatch) -> Path:
    """Twelve pictures with polarity, valence and arousal; six in each of train and test."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.chdir(tmp_path)
    for i in range(12):
        picture(tmp_path / "pictures" / f"{i}.png", seed=i)
    frame = pd.DataFrame(
        {"id": [f"p{i}" for i in range(12)], "path": [f"{i}.png" for i in range(12)], "media": "image"}
    )
    frame["split"] = ["train", "test"] * 6
    frame["label"] = ["positive", "positive", "negative", "negative"] * 3
    frame["label_space"] = "polarity2"
    frame["valence"] = [1.5 + 0.4 * i for i in range(12)]
    frame["arousal"] = [6.0 - 0.3 * i for i in range(12)]
    scales = {"valence": [1, 7], "arousal": [1, 7]}
    Manifest(frame, {"dataset": "twelve", "scales": scales}, tmp_path / "pictures").freeze_splits().write(
        tmp_path / "m.parquet"
    )
    return tmp_path / "m.parquet"


def test_prints_a_table_and_where_the_report_is(manifest, capsys):
    assert main(["evaluate", "mini", "--data", "m.parquet", "--split", "test", "--out", "out"]) == 0
    shown = capsys.readouterr().out
    facts = json.loads(Path("out/metrics.json").read_text())
    assert f"{facts['metrics']['accuracy']['value']:.3f}" in shown
    assert "valence/pearson_r" in shown
    assert "6 of 6 rows scored, 0 failed" in shown
    assert "report: out/report.html" in shown
    assert facts["command"] == "emolens evaluate mini --data m.parquet --split test --out out"
    assert facts["mapping"] == {"labels": "valence_arousal", "valence_arousal": "native"}


def test_the_recorded_command_gives_the_recorded_numbers(manifest):
    assert main(["evaluate", "mini", "--data", "m.parquet", "--out", "one", "--seed", "3"]) == 0
    facts = json.loads(Path("one/metrics.json").read_text())
    again = facts["command"].split()[1:]
    assert main([*again[:-3], "two", *again[-2:]]) == 0
    assert json.loads(Path("two/metrics.json").read_text())["metrics"] == facts["metrics"]


def test_all_takes_every_row(manifest, capsys):
    assert main(["evaluate", "mini", "--data", "m.parquet", "--split", "all", "--out", "out"]) == 0
    assert "12 of 12 rows scored" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("change", "code", "message"),
    [
        ({"--split": "dev"}, 3, 'no rows in split "dev": it has test, train'),
        ({"--data": "none.parquet"}, 3, "none.parquet"),
        ({"--out": "m.parquet"}, 3, "m.parquet: is a file"),
        ({"MODEL": "mimi"}, 2, "mimi"),
        ({"MODEL": "run:nowhere"}, 3, "nowhere"),
    ],
)
def test_mistakes_are_one_message_and_a_code(manifest, capsys, change, code, message):
    options = {"MODEL": "mini", "--data": "m.parquet", "--split": "test", "--out": "out"} | change
    args = [options.pop("MODEL"), *(word for pair in options.items() for word in pair)]
    assert main(["evaluate", *args]) == code
    shown = capsys.readouterr().err
    assert message in shown
    assert "Traceback" not in shown
    assert not Path("out/metrics.json").exists()


def test_a_bad_picture_is_counted_not_fatal(manifest, capsys):
    (manifest.parent / "pictures" / "1.png").write_bytes(b"not a picture")
    assert main(["evaluate", "mini", "--data", "m.parquet", "--out", "out"]) == 0
    assert "5 of 6 rows scored, 1 failed" in capsys.readouterr().out
