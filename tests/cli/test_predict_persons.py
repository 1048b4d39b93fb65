"""``emolens predict --who``: what it writes, says, and refuses."""

import json

import numpy as np
import pytest

from emolens.cli.main import main

LEFT, RIGHT = ((4.0, 8.0, 24.0, 40.0), 0.9), ((36.0, 4.0, 60.0, 44.0), 0.6)


@pytest.fixture(autouse=True)
def own_cache(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "user"))


@pytest.fixture
def folder(tmp_path, picture, video):
    for seed in range(2):
        picture(tmp_path / "in" / f"{seed}.png", seed, size=(128, 96))
    (tmp_path / "in" / "empty.jpg").write_bytes(b"")
    video(tmp_path / "in" / "film.mp4", 2, fps=4)
    return tmp_path / "in"


def predict(*words) -> int:
    return main(["predict", *map(str, words), "--model", "mini"])


def rows_of(text):
    return [json.loads(line) for line in text.splitlines()]


def told(rows):
    return [(row["source"].rsplit("/", 1)[1], row["person"], row["status"]) for row in rows]


BOTH = [
    ("0.png", None, "ok"), ("0.png", 1, "ok"), ("0.png", 2, "ok"),
    ("1.png", None, "ok"), ("1.png", 1, "ok"), ("1.png", 2, "ok"),
    ("empty.jpg", None, "error"),
    ("film.mp4", None, "ok"), ("film.mp4", 1, "ok"), ("film.mp4", 2, "ok"),
]  # fmt: skip


def test_a_row_for_the_scene_and_for_each_person(folder, yolox, tmp_path, capsys):
    out = tmp_path / "t.jsonl"
    assert predict(folder, "--who", "both", "--people", yolox(LEFT, RIGHT), "--out", out) == 0
    rows = rows_of(out.read_text())
    assert told(rows) == BOTH
    assert [rows[1][name] for name in ("x0", "y0", "x1", "y1", "box_score")] == [8, 16, 48, 80, 0.9]
    assert [rows[9][name] for name in ("x0", "y0", "x1", "y1", "box_score")] == [36, 4, 60, 44, 0.6]
    err = capsys.readouterr().err
    assert f"{out}: 10 rows, 1 with errors\n" in err
    assert "persons: " not in err, "one bar is enough"


def test_rows_go_to_standard_output_too(folder, yolox, capsys):
    assert predict(folder, "--who", "both", "--people", yolox(LEFT, RIGHT)) == 0
    assert sorted(told(rows_of(capsys.readouterr().out)), key=str) == sorted(BOTH, key=str)


def test_persons_alone_above_a_score(folder, yolox, tmp_path, capsys):
    out, spec = tmp_path / "t.jsonl", yolox(LEFT, RIGHT)
    assert predict(folder, "--who", "persons", "--people", spec, "--person-score", "0.7", "--out", out) == 0
    assert told(rows_of(out.read_text())) == [
        ("0.png", 1, "ok"), ("1.png", 1, "ok"), ("empty.jpg", None, "error"), ("film.mp4", 1, "ok"),
    ]  # fmt: skip
    assert predict(folder, "--who", "persons", "--people", spec, "--person-score", "0.95", "--out", out) == 0
    assert [row["status"] for row in rows_of(out.read_text())] == ["no_person", "no_person", "error", "no_person"]
    assert f"{out}: 4 rows, 1 with errors, 3 of the scene, as nobody was found\n" in capsys.readouterr().err


def test_the_scene_alone_needs_no_detector(folder, tmp_path):
    out = tmp_path / "t.jsonl"
    for words in ([], ["--who", "scene"], ["--people", "none"], ["--who", "scene", "--people", "yolox:gone.onnx"]):
        assert predict(folder, *words, "--out", out) == 0
        assert [row["person"] for row in rows_of(out.read_text())] == [None] * 4


def test_quiet_says_nothing(folder, yolox, tmp_path, capsys):
    out = tmp_path / "t.csv"
    words = ["predict", str(folder / "0.png"), "--who", "both", "--people", yolox(LEFT), "--out", str(out)]
    assert main(["--quiet", *words, "--model", "mini"]) == 0
    captured = capsys.readouterr()
    assert captured.out + captured.err == ""
    assert out.exists()


@pytest.mark.parametrize(
    ("words", "exit_code", "message"),
    [
        (["--who", "all"], 2, "who"),
        (["--who", "both", "--people", "none"], 2, "who both with people none: nobody finds them; name a detector"),
        (["--who", "both", "--people", "yolo9:x"], 2, 'unknown detector "yolo9:x"'),
        (["--who", "both", "--person-score", "0.01"], 2, "threshold 0.01: must be 0.05 to 1"),
        (["--who", "both", "--people", "yolox:gone.onnx"], 4, "gone.onnx: no such weights file"),
        (["--who", "both", "--people", "yolox:gone.onnx"], 4, "judge whole pictures: who scene (--who scene)"),
    ],
)
def test_mistakes_are_found_before_the_work(folder, tmp_path, capsys, words, exit_code, message):
    out = tmp_path / "t.jsonl"
    assert predict(folder, "--out", out, *words) == exit_code
    assert message in capsys.readouterr().err
    assert not out.exists()


def test_weights_that_are_none(folder, tmp_path, capsys):
    (tmp_path / "text.onnx").write_text("no network")
    assert predict(folder, "--who", "both", "--people", f"yolox:{tmp_path / 'text.onnx'}") == 4
    assert "text.onnx: is not a readable ONNX network" in capsys.readouterr().err


def test_a_model_of_whole_videos_refuses(folder, av_run, yolox, capsys):
    words = ["--model", f"run:{av_run()}", "--who", "both", "--people", yolox(LEFT)]
    assert main(["predict", str(folder / "film.mp4"), *words]) == 2
    assert (
        "takes whole videos with their sound, and no persons in them; ask it with who scene" in capsys.readouterr().err
    )


def test_resume_with_persons_and_not_with_others(folder, yolox, tmp_path, capsys):
    out, spec = tmp_path / "t.jsonl", yolox(LEFT, RIGHT)
    command = [folder, "--who", "both", "--people", spec, "--out", out]
    assert predict(*command) == 0
    whole = out.read_bytes()
    rows = rows_of(out.read_text())
    out.unlink()
    journal = tmp_path / ".t.jsonl.partial.jsonl"
    asked = {
        "model": "mini", "label_space": "mikels8", "who": "both", "people": f"{spec} from 0.3",
        "timeline": "4 s every 2 s, smoothed over 4 s, of long files",
    }  # fmt: skip
    lines = [asked, rows[:3], rows[3:6]]
    journal.write_text("\n".join(map(json.dumps, lines))[:-40])  # torn within the persons of the second
    assert predict(folder, "--out", out, "--resume") == 2
    assert "was of who both, people yolox:" in capsys.readouterr().err
    assert predict(*command, "--resume") == 0
    np.testing.assert_array_equal(out.read_bytes().splitlines()[:3], whole.splitlines()[:3])
    assert told(rows_of(out.read_text())) == BOTH
    assert not journal.exists()
