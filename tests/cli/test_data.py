"""Every command, its exit code, and what it says when the input is bad."""

import subprocess
import sys
from dataclasses import fields
from importlib import import_module
from pathlib import Path

import pandas as pd
import pytest

from emolens.cli.data import COMMANDS
from emolens.cli.main import main
from emolens.data import adapter
from emolens.data.adapter import list_adapters, plan_import
from emolens.data.importers import registry
from emolens.data.importers.registry import importers
from emolens.data.manifest import Manifest

FULL_DISK = """
import resource, signal, sys
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (1024, 1024))
from emolens.cli.main import main
sys.exit(main(sys.argv[1:]))
"""


@pytest.fixture
def folder(tmp_path: Path, picture) -> Path:
    """Forty pictures in the class folders of polarity2."""
    for row in range(40):
        picture(tmp_path / "photos" / ("positive", "negative")[row % 2] / f"{row:02d}.jpg", seed=row)
    return tmp_path


def run(*words: object) -> int:
    return main(["data", *map(str, words)])


def test_import_split_verify(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run("import", "imagefolder", folder / "photos", "--out", folder / "m.parquet") == 0
    assert "label space polarity2, by the names of the folders" in capsys.readouterr().out
    assert run("split", folder / "m.parquet", "--seed", 1, "--out", folder / "m2.parquet") == 0
    assert len(Manifest.read(folder / "m2.parquet").select("test")) == 8
    capsys.readouterr()
    assert run("verify", folder / "m2.parquet") == 0
    assert "40 rows, 40 files: no problems" in capsys.readouterr().out
    assert (folder / "m2.verify.json").exists()
    assert run("info", folder / "m2.parquet") == 0
    assert "train" in capsys.readouterr().out


def test_split_within_leaves_the_published_test_list(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for row, path in enumerate(sorted((folder / "photos").rglob("*.*"))):
        there = folder / "lists" / ("test" if row % 4 == 0 else "train") / path.relative_to(folder / "photos")
        there.parent.mkdir(parents=True, exist_ok=True)
        path.rename(there)
    assert run("import", "imagefolder", folder / "lists", "--out", folder / "m.parquet") == 0
    words = ("split", folder / "m.parquet", "--within", "train", "--out", folder / "m2.parquet")
    assert run(*words, "--val", 0.1) == 0
    before, after = Manifest.read(folder / "m.parquet"), Manifest.read(folder / "m2.parquet")
    assert after.metadata["splits"]["test"] == before.metadata["splits"]["test"]
    assert [after.metadata["splits"][name]["n"] for name in ("train", "val", "test")] == [27, 3, 10]
    capsys.readouterr()
    assert run(*words) == 2
    assert 'within "train": say which share of it becomes another split' in capsys.readouterr().err
    assert run(*words, "--test", 0.1) == 3
    assert 'split "test" has 10 rows already' in capsys.readouterr().err


def test_list_and_info(capsys: pytest.CaptureFixture[str]) -> None:
    assert run("list") == 0
    listed = capsys.readouterr().out
    for name in ("emoset", "118,102", "parrott25", "about 268,000"):
        assert name in listed
    assert run("info", "heco") == 0
    assert "only for non-commercial research" in capsys.readouterr().out
    assert run("info", "hecco") == 2
    assert 'unknown data set "hecco"; did you mean "heco"' in capsys.readouterr().err


def test_csv_with_its_columns(folder: Path) -> None:
    table = folder / "ratings.csv"
    table.write_text("file;v;who\npositive/00.jpg;7.5;ann\nnegative/01.jpg;2;bob\n")
    code = run(
        *("import", "csv", folder, "--table", "ratings.csv", "--delimiter", ";", "--path", "photos/{file}"),
        *("--valence", "v", "--scale", 1, 9, "--polarity-at", 5, "--group", "who", "--out", folder / "m.csv"),
    )
    assert code == 0
    manifest = Manifest.read(folder / "m.csv")
    assert manifest.frame["label"].tolist() == ["positive", "negative"]
    assert manifest.frame["group"].tolist() == ["ann", "bob"]


def test_class_folders_of_videos(tmp_path: Path, video, capsys: pytest.CaptureFixture[str]) -> None:
    for name in ("positive/ann_1.mp4", "negative/bob_1.mp4", "negative/ann_2.mp4"):
        video(tmp_path / "videos" / name, seed=len(name), seconds=0.3, sound=name.startswith("n"))
    words = ("import", "videofolder", tmp_path / "videos", "--out", tmp_path / "m.parquet")
    assert run(*words, "--group-pattern", "([a-z]+)_") == 0
    manifest = Manifest.read(tmp_path / "m.parquet")
    assert manifest.frame["media"].tolist() == ["video"] * 3
    assert manifest.frame["group"].tolist() == ["ann", "bob", "ann"]
    capsys.readouterr()
    assert run("verify", tmp_path / "m.parquet") == 0
    assert "notice sound: 1 of 3 videos have no sound" in capsys.readouterr().out
    assert run(*words, "--media", "audio") == 3
    assert "no sounds below this folder" in capsys.readouterr().err


def test_lists_and_their_folds(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "positive").mkdir()
    (tmp_path / "lists").mkdir()
    for name in "ab":
        (tmp_path / f"positive/{name}.mp4").touch()
    (tmp_path / "lists/trainlist02.txt").write_text("positive/a 1\n")
    (tmp_path / "lists/testlist02.txt").write_text("positive/b\n")
    words = ("import", "splitlists", tmp_path, "--lists", "lists", "--label-space", "polarity2")
    assert run(*words, "--fold", 2, "--out", tmp_path / "m.parquet") == 0
    assert Manifest.read(tmp_path / "m.parquet").split_names() == ["test", "train"]
    capsys.readouterr()
    assert run(*words, "--out", tmp_path / "m.parquet") == 3
    assert "lists: no fold 1; there are 2" in capsys.readouterr().err


def test_activitynet_json_of_ones_own(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "videos").mkdir()
    (tmp_path / "videos/x.mp4").touch()
    database = '{"x": {"subset": "testing", "annotations": {"label": "positive"}}}'
    (tmp_path / "a.json").write_text(f'{{"labels": ["positive"], "database": {database}}}')
    words = ("import", "activitynet_json", tmp_path, "--out", tmp_path / "m.parquet", "--path", "videos/{id}.mp4")
    assert run(*words, "--label-space", "polarity2") == 0
    assert Manifest.read(tmp_path / "m.parquet").frame["split"].tolist() == ["test"]
    (tmp_path / "a.json").write_text("[]")
    capsys.readouterr()
    assert run(*words) == 3
    assert "a.json: is not of the form" in capsys.readouterr().err


def test_folds(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    run("import", "imagefolder", folder / "photos", "--out", folder / "m.parquet", "--group-pattern", "([0-9])")
    capsys.readouterr()
    assert run("folds", folder / "m.parquet", "--out", folder / "folds", "--folds", 4) == 0
    printed = capsys.readouterr().out
    made = [Manifest.read(folder / f"folds/fold-{number}.parquet") for number in (1, 2, 3, 4)]
    tested = [row for fold in made for row in fold.select("test").frame["id"]]
    assert sorted(tested) == sorted(Manifest.read(folder / "m.parquet").frame["id"])
    assert "fold-4.parquet" in printed
    assert run("folds", folder / "m.parquet", "--out", folder / "folds", "--folds", 5) == 3
    assert "4 groups cannot fill 5 folds" in capsys.readouterr().err


@pytest.mark.shared
def test_javanese_from_files_to_folds(shared: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run("import", "javanese", shared / "data/javanese", "--out", tmp_path / "j.parquet") == 0
    assert "192 rows" in capsys.readouterr().out
    assert run("info", tmp_path / "j.parquet") == 0
    assert run("split", tmp_path / "j.parquet", "--out", tmp_path / "s.parquet") == 0
    split = Manifest.read(tmp_path / "s.parquet").frame
    assert split.groupby("group")["split"].nunique().max() == 1
    assert run("folds", tmp_path / "j.parquet", "--out", tmp_path / "folds", "--folds", 8) == 0
    assert len(list((tmp_path / "folds").iterdir())) == 8


def test_verify_exits_3_and_says_why(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    run("import", "imagefolder", folder / "photos", "--out", folder / "m.parquet")
    (folder / "photos/positive/00.jpg").write_text("no picture")
    capsys.readouterr()
    assert run("verify", folder / "m.parquet", "--report", folder / "reports") == 3
    out = capsys.readouterr().out
    assert "problem files: 1 files cannot be read" in out
    assert "00.jpg: is not a picture, whatever its name says" in out
    assert (folder / "reports/m.verify.json").exists()


def break_table(path: Path, **cells: object) -> Path:
    """Change columns of a CSV manifest behind our back."""
    frame = pd.read_csv(path)
    for column, values in cells.items():
        frame[column] = values
    frame.to_csv(path, index=False)
    return path


@pytest.mark.parametrize(
    ("column", "value", "message"),
    [
        ("id", "same", 'm.csv row 1 (id "same"): the id is used already in row 0'),
        ("label", "postive", 'label "postive" is not in polarity2; did you mean "positive"?'),
        ("valence", "nan", "valence is NaN"),
        ("valence", 77, "valence 77 is outside its scale [1, 9]"),
    ],
)
def test_bad_tables(folder: Path, capsys: pytest.CaptureFixture[str], column: str, value: object, message: str) -> None:
    (folder / "t.csv").write_text("path,v\nphotos/positive/00.jpg,7.5\nphotos/negative/01.jpg,2\n")
    options = ("--valence", "v", "--scale", 1, 9, "--polarity-at", 5)
    assert run("import", "csv", folder / "t.csv", *options, "--out", folder / "m.csv") == 0
    break_table(folder / "m.csv", **{column: value})
    capsys.readouterr()
    assert run("split", folder / "m.csv", "--out", folder / "out.parquet") == 3
    error = capsys.readouterr().err
    assert error.startswith("emolens: ")
    assert message in error
    assert len(error.splitlines()) <= 2
    assert not (folder / "out.parquet").exists()


def test_a_group_that_straddles(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    run("import", "imagefolder", folder / "photos", "--out", folder / "m.csv")
    break_table(folder / "m.csv", group="one", split=["train", "test"] * 20)
    capsys.readouterr()
    assert run("info", folder / "m.csv") == 3
    assert 'group "one" straddles the splits test, train' in capsys.readouterr().err
    assert run("verify", folder / "m.csv") == 3


def test_bad_sources(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (folder / "empty").mkdir()
    (folder / "half").mkdir()
    (folder / "half/info.json").touch()
    out = ("--out", folder / "m.parquet")
    for code, message, words in (
        (3, "no pictures below this folder", ("import", "imagefolder", folder / "empty", *out)),
        (3, "is not a folder", ("import", "imagefolder", folder / "absent", *out)),
        (3, "train.json is missing: the list of the training images", ("import", "emoset", folder / "half", *out)),
        (2, 'unknown kind "oassis"; did you mean "oasis"', ("import", "oassis", folder, *out)),
        (2, 'unknown label space "polarity"', ("import", "imagefolder", folder, "--label-space", "polarity", *out)),
        (2, "a manifest is a .parquet or a .csv file", ("import", "imagefolder", folder, "--out", "m.xlsx")),
        (2, "are the labels of no known space", ("import", "imagefolder", folder, *out)),
        (3, "no such manifest", ("verify", folder / "absent.parquet")),
        (3, "no such manifest", ("info", folder / "absent.csv")),
        (2, "must be 0 to 16 bits", ("verify", folder / "m.parquet", "--near", 99)),
    ):
        assert run(*words) == code, words
        assert message in capsys.readouterr().err
    assert not (folder / "m.parquet").exists()


def test_wrong_options(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    run("import", "imagefolder", folder / "photos", "--out", folder / "m.parquet")
    assert run("split", folder / "m.parquet", "--train", 0.9, "--out", folder / "o.parquet") == 2
    assert "must be 0 or more and sum to 1, not train 0.9 + val 0.1 + test 0.2 = 1.2" in capsys.readouterr().err
    assert run("splitt") == 2
    assert 'unknown command "splitt"; did you mean "split"' in capsys.readouterr().err
    assert run("import") == 2
    assert "usage: emolens data import KIND SRC" in capsys.readouterr().err
    assert run("import", "emotions", folder, "--out", folder / "o.parquet", "--fold", 2) == 2
    assert "--fold" in capsys.readouterr().err
    assert run() == 2


@pytest.mark.parametrize("command", COMMANDS)
def test_help_of_every_command(command: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert run("--help") == 0
    assert command in capsys.readouterr().out
    assert run(command, "--help") == 0
    assert f"usage: emolens data {command}" in capsys.readouterr().out


@pytest.mark.parametrize("kind", [*importers(), *list_adapters()])
def test_the_options_of_a_kind_are_those_of_its_importer(kind: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert run("import", kind, "--help") == 0
    shown = capsys.readouterr().out
    importer, _ = plan_import(kind)
    for option in fields(importer.options):
        assert f"--{option.name.replace('_', '-')} " in shown or f"--{option.name.replace('_', '-')}," in shown


READS_LINES = """
from dataclasses import dataclass

import pandas as pd

from emolens.data.importers.registry import register_importer
from emolens.data.manifest import Manifest


@dataclass(frozen=True)
class LinesOptions:
    skip: int = 0
    label_space: str = "polarity2"


@register_importer("lines_of_a_test", LinesOptions)
def import_lines(source, options):
    rows = [line.split() for line in (source / "list.txt").read_text().splitlines()[options.skip:]]
    frame = pd.DataFrame(rows, columns=["path", "label"])
    frame = frame.assign(id=frame["path"], media="image", label_space=options.label_space)
    return Manifest(frame, {}, source)
"""
FACTS = """
title = "Ours"
citation = "A. Nonymous"
url = "https://example.org"
obtain = "Ask."
licence = "none"
label_space = "polarity2"
centric = "scene"
importer = "lines_of_a_test"
layout = "list.txt beside the pictures."
needs = { "list.txt" = "the list" }
options = { skip = 1 }
counts = { total = 2 }
"""


def test_an_importer_and_a_data_set_are_one_file_each(tmp_path: Path, monkeypatch, capsys) -> None:
    (tmp_path / "reads_lines_of_a_test.py").write_text(READS_LINES)
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setattr(registry, "_IMPORTERS", dict(importers()))
    import_module("reads_lines_of_a_test")
    (tmp_path / "list.txt").write_text("PATH LABEL\na.jpg positive\nb.jpg negative\n")
    out = tmp_path / "m.csv"
    assert run("import", "lines_of_a_test", tmp_path, "--skip", 2, "--out", out) == 0
    assert Manifest.read(out).frame["id"].tolist() == ["b.jpg"]

    (tmp_path / "ours.toml").write_text(FACTS)
    assert run("import", tmp_path / "ours.toml", tmp_path, "--out", out) == 0
    assert Manifest.read(out).metadata["dataset"] == "ours"
    assert run("info", tmp_path / "ours.toml") == 0
    assert "Ours" in capsys.readouterr().out
    monkeypatch.setattr(adapter, "_REGISTERED", {})
    assert adapter.register_adapter(tmp_path / "ours.toml") == "ours"
    assert run("import", "ours", tmp_path, "--skip", 2, "--out", out) == 0
    assert Manifest.read(out).metadata["partial"] == {"imported": 1, "expected": 2}
    assert run("list") == 0
    assert "ours" in capsys.readouterr().out


@pytest.mark.parametrize("suffix", ["parquet", "csv"])
def test_a_full_disk_leaves_what_was_there(folder: Path, suffix: str) -> None:
    out = folder / f"m.{suffix}"
    out.write_text("what was there")
    command = ["data", "import", "imagefolder", str(folder / "photos"), "--out", str(out)]
    done = subprocess.run([sys.executable, "-c", FULL_DISK, *command], capture_output=True, text=True)
    assert done.returncode == 3
    assert f"{out}: cannot be written" in done.stderr
    assert "Traceback" not in done.stderr
    assert out.read_text() == "what was there"
    assert sorted(path.name for path in folder.iterdir()) == [f"m.{suffix}", "photos"]


@pytest.mark.shared
@pytest.mark.parametrize(("name", "rows"), [("oasis", 675), ("bass", 583)])
def test_the_real_sets(shared: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], name: str, rows: int) -> None:
    assert run("import", name, shared / "data" / name, "--out", tmp_path / "m.parquet") == 0
    assert run("split", tmp_path / "m.parquet", "--out", tmp_path / "m2.parquet") == 0
    manifest = Manifest.read(tmp_path / "m2.parquet")
    assert len(manifest) == rows
    assert manifest.frame.groupby("group")["split"].nunique().max() == 1
    capsys.readouterr()
    run("verify", tmp_path / "m2.parquet")
    assert f"{rows} rows, {rows} files" in capsys.readouterr().out
