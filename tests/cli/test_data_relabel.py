"""emolens data relabel: what it says, writes and refuses."""

import pandas as pd
import pytest

from emolens.cli.main import main
from emolens.data.manifest import Manifest


@pytest.fixture
def webemo(tmp_path):
    labels = ["rage", "envy", "zest", "gratitude", "affection"]
    frame = pd.DataFrame({"id": list("abcde"), "path": "a.jpg", "media": "image", "label": labels})
    Manifest(frame.assign(label_space="parrott25")).write(tmp_path / "m.parquet")
    return tmp_path


def run(*words):
    return main(["data", "relabel", *map(str, words)])


def test_it_shows_the_table_and_the_loss_and_writes(webemo, capsys):
    assert run(webemo / "m.parquet", "--to", "parrott6", "--out", webemo / "m6.parquet") == 0
    out = capsys.readouterr().out
    lines = [" ".join(line.split()) for line in out.splitlines()]
    assert "anger 2 disgust 0, envy 1, exasperation 0, irritability 0, rage 1" in lines
    assert "(none) 1 confusion 0, gratitude 1" in lines
    assert (
        "5 labels of parrott25 become 3 of parrott6 (exact); 2.32 bits a label become 1.50; "
        "rows left without a label: 1 (gratitude)" in lines
    )
    assert Manifest.read(webemo / "m6.parquet").space().name == "parrott6"
    assert run(webemo / "m6.parquet", "--to", "parrott6") == 0
    assert "its labels are those of parrott6 already" in capsys.readouterr().out


def test_without_out_nothing_is_written(webemo, capsys):
    assert run(webemo / "m.parquet", "--to", "mikels8", "--how", "valence_arousal") == 0
    assert "(valence_arousal)" in capsys.readouterr().out
    assert [path.name for path in webemo.iterdir()] == ["m.parquet"]


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (["--to", "mikels8"], 2, "there is no exact table from parrott25 to mikels8"),
        (["--to", "parrot6"], 2, 'unknown label space "parrot6"; did you mean "parrott6"'),
        (["--to", "mikels8", "--how", "text", "--backbone", "mini"], 2, "reads no text"),
        (["--to", "parrott6", "--out", "m.json"], 2, "a manifest is a .parquet or a .csv file"),
    ],
)
def test_mistakes(webemo, words, code, said, capsys):
    assert run(webemo / "m.parquet", *words) == code
    assert said in capsys.readouterr().err


def test_large_counts_and_shares_are_written_out(tmp_path, capsys):
    frame = pd.DataFrame({"id": list("abc"), "path": "a.jpg", "media": "image", "label_space": "polarity3"})
    shares = [[0.25, 0.5, 0.25], [0.5, 0.25, 0.25], [1.0, 0.0, 0.0]]
    Manifest(frame.assign(distribution=shares)).write(tmp_path / "m.parquet")
    assert run(tmp_path / "m.parquet", "--to", "polarity2") == 0
    lines = [" ".join(line.split()) for line in capsys.readouterr().out.splitlines()]
    assert "negative 1.8 negative 1.8" in lines
    assert "2 rows lost a part of their distribution" in lines
    from emolens.cli.data.relabel import _number

    assert _number(1234567.0) == "1,234,567"
