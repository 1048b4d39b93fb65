import fcntl
import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pandas as pd
import pytest

from emolens.cli.main import main

HERE = str(Path(__file__).parent)


@pytest.fixture
def folder(tmp_path, picture):
    for seed in range(4):
        picture(tmp_path / "in" / f"{seed}.png", seed)
    (tmp_path / "in" / "empty.jpg").write_bytes(b"")
    return tmp_path / "in"


@pytest.mark.parametrize("suffix", ["jsonl", "csv", "parquet"])
def test_a_folder_becomes_a_table_and_a_bad_file_a_row(folder, tmp_path, suffix, capsys):
    out = tmp_path / f"t.{suffix}"
    assert main(["predict", str(folder), "--model", "mini", "--label-space", "ekman6", "--out", str(out)]) == 0
    read = {"jsonl": lambda p: pd.read_json(p, lines=True), "csv": pd.read_csv, "parquet": pd.read_parquet}[suffix]
    frame = read(out)
    assert list(frame["status"]) == ["ok"] * 4 + ["error"]
    assert frame["error"].iloc[-1].startswith(str(folder / "empty.jpg"))
    err = capsys.readouterr().err
    assert "5 rows, 1 with errors" in err
    assert err.count("mini is a baseline") == 1


def test_without_out_rows_go_to_standard_output(folder, capsys):
    assert main(["predict", str(folder / "0.png"), "--model", "mini"]) == 0
    row = json.loads(capsys.readouterr().out)
    assert row["label_space"] == "mikels8"
    assert sum(row["scores"].values()) == pytest.approx(1)


def test_plots(folder, tmp_path):
    assert main(["predict", str(folder), "--model", "mini", "--out", str(tmp_path / "t.csv"),
                 "--plots", str(tmp_path / "plots")]) == 0  # fmt: skip
    assert len(list((tmp_path / "plots").rglob("*.png"))) >= 6


def test_mistakes_are_found_before_the_work(folder, tmp_path, capsys):
    assert main(["predict", str(folder), "--model", "mini", "--out", str(tmp_path / "t.xls")]) == 2
    assert "must end in .jsonl, .csv, .parquet" in capsys.readouterr().err
    assert main(["predict", str(folder), "--model", "minni"]) == 2
    assert main(["predict", str(folder), "--model", "mini", "--label-space", "ekman9"]) == 2
    assert "did you mean" in capsys.readouterr().err
    assert main(["predict", str(tmp_path / "in" / "*.gif"), "--model", "mini"]) == 3
    (tmp_path / "void").mkdir()
    assert main(["predict", str(tmp_path / "void"), "--model", "mini"]) == 3
    assert "nothing to read in this folder; looked for " in capsys.readouterr().err


def test_all_inputs_bad_is_exit_code_3_and_still_a_table(tmp_path, capsys):
    out = tmp_path / "t.csv"
    assert main(["predict", str(tmp_path / "gone.jpg"), "--model", "mini", "--out", str(out)]) == 3
    assert "no such file" in capsys.readouterr().err
    assert list(pd.read_csv(out)["status"]) == ["error"]


STOPPED = "import sys, gate_model; from emolens.cli.main import main; sys.exit(main(sys.argv[1:]))"


@pytest.fixture
def gate(tmp_path, monkeypatch):
    """The model "gate" in this process, and what closes its gate for others: (environment, open it)."""
    monkeypatch.syspath_prepend(HERE)
    import gate_model  # noqa: F401  # registers it

    held = os.open(tmp_path / "gate", os.O_CREAT | os.O_RDWR)
    fcntl.flock(held, fcntl.LOCK_EX)
    path = os.pathsep.join([HERE, *filter(None, [os.environ.get("PYTHONPATH")])])
    return {**os.environ, "GATE": str(tmp_path / "gate"), "PYTHONPATH": path}, lambda: os.close(held)


def test_ctrl_c_keeps_what_is_done_and_resume_continues(tmp_path, picture, gate, wait_until):
    for seed in range(24):
        picture(tmp_path / "in" / f"{seed:02}.png", seed, size=(64, 48) if seed < 8 else (48, 64))  # these wait
    out, journal = tmp_path / "t.jsonl", tmp_path / ".t.jsonl.partial.jsonl"
    command = ["predict", str(tmp_path / "in"), "--model", "gate", "--batch-size", "4", "--out", str(out)]
    environment, open_gate = gate
    process = subprocess.Popen(
        [sys.executable, "-c", STOPPED, *command], stderr=subprocess.PIPE, text=True, env=environment
    )
    wait_until(lambda: journal.exists() and journal.read_bytes().count(b"\n") > 1, process)
    process.send_signal(signal.SIGINT)
    open_gate()  # the loader threads may end; the run has been interrupted before
    _, err = process.communicate()
    assert process.returncode == 130, err
    assert "interrupted" in err
    assert not out.exists()
    done = journal.read_text().count("\n") - 1  # its first line says what was asked
    assert 0 < done <= 8
    assert main(command) == 2  # not silently from the start
    assert main([*command, "--resume"]) == 0
    assert len(out.read_text().splitlines()) == 24
    assert sorted(p.name for p in tmp_path.iterdir()) == ["gate", "in", "t.jsonl"]


@pytest.fixture
def films(tmp_path, video):
    """A long video, a short one without sound, and four that are none."""
    video(tmp_path / "films" / "long.mp4", 13, fps=4, size=(64, 48))
    whole = video(tmp_path / "films" / "short.mp4", 1, size=(64, 48), sound=False)
    (tmp_path / "films" / "torn.mp4").write_bytes(whole.read_bytes()[:900])
    (tmp_path / "films" / "text.mp4").write_text("no video at all")
    (tmp_path / "films" / "empty.webm").write_bytes(b"")
    video(tmp_path / "films" / "sound.wav", 1, pictures=False, sound_codec="pcm_s16le")
    return tmp_path / "films"


def rows_of(path):
    return [json.loads(line) for line in path.read_text().splitlines()]


def test_videos_and_what_is_none_in_one_folder(films, tmp_path, capsys):
    out = tmp_path / "t.jsonl"
    command = ["predict", str(films), str(films / "gone.mp4"), "--model", "mini", "--out", str(out)]
    assert main([*command, "--plots", str(tmp_path / "plots"), "--render", str(tmp_path / "drawn")]) == 0
    rows = rows_of(out)
    assert [(row["source"].rsplit("/", 1)[1], row["status"]) for row in rows] == [
        ("empty.webm", "error"), *[("long.mp4", "ok")] * 7, ("short.mp4", "ok"), ("sound.wav", "error"),
        ("text.mp4", "error"), ("torn.mp4", "error"), ("gone.mp4", "error"),
    ]  # fmt: skip
    assert [(row["start_s"], row["end_s"]) for row in rows[1:8]] == [
        (0, 13), (0, 4), (2, 6), (4, 8), (6, 10), (8, 12), (9, 13),
    ]  # fmt: skip
    assert all(row["error"].startswith(row["source"]) for row in rows if row["status"] == "error")
    assert {p.name for p in (tmp_path / "plots").rglob("*.png")} == {
        "0001_long.png", "0001_short.png", "valence_arousal.png", "labels.png",
    }  # fmt: skip
    assert sorted(p.name for p in (tmp_path / "drawn").iterdir()) == ["0002_long.mp4", "0003_short.mp4"]
    err = capsys.readouterr().err
    assert "13 rows, 5 with errors" in err
    assert "Traceback" not in err
    assert main(["predict", str(films / "torn.mp4"), str(films / "text.mp4"), "--model", "mini"]) == 3


def test_lengths_of_the_timeline(films, tmp_path):
    out = tmp_path / "t.jsonl"
    command = ["predict", str(films / "long.mp4"), str(films / "short.mp4"), "--model", "mini", "--out", str(out)]
    assert main([*command, "--no-timeline"]) == 0
    assert len(rows_of(out)) == 2
    assert main([*command, "--timeline", "--window", "6", "--hop", "6", "--smooth", "0"]) == 0
    spans = [(row["start_s"], row["end_s"]) for row in rows_of(out)]
    assert spans == [(0, 13), (0, 6), (6, 12), (7, 13), (0, 1), (0, 1)]


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--timeline", "--no-timeline"], "choose one"),
        (["--window", "0"], "window_s of the timeline must be at least 0.1 seconds"),
        (["--hop", "9"], "a hop of 9 s would leave out"),
        (["--smooth", "-1"], "smooth_s"),
        (["--render", "out.avi"], "ending in .mp4, .mov, .mkv"),
    ],
)
def test_mistakes_of_videos_are_found_before_the_work(films, tmp_path, capsys, words, message):
    out = tmp_path / "t.jsonl"
    assert main(["predict", str(films / "short.mp4"), "--model", "mini", "--out", str(out), *words]) == 2
    assert message in capsys.readouterr().err
    assert not out.exists()


def test_resume_does_a_half_followed_video_again(films, tmp_path, capsys):
    out, journal = tmp_path / "t.jsonl", tmp_path / ".t.jsonl.partial.jsonl"
    command = ["predict", str(films / "short.mp4"), str(films / "long.mp4"), "--model", "mini", "--out", str(out)]
    assert main(command) == 0
    rows = rows_of(out)
    out.unlink()
    # What is there is kept as it is, which the mark shows; the line torn in the windows of the long one is not.
    rows[0]["valence"] = 0.125
    asked = json.dumps({"model": "mini", "label_space": "mikels8"})
    journal.write_text(asked + "\n" + json.dumps(rows[:1]) + "\n" + json.dumps(rows[1:])[:-50])
    assert main([*command, "--resume", "--label-space", "ekman6"]) == 2
    assert "was of label_space mikels8, this one is of label_space ekman6" in capsys.readouterr().err
    assert main([*command, "--resume"]) == 0
    assert rows_of(out) == rows
    assert not journal.exists()


def test_a_cache_that_is_named_is_filled_and_read(tmp_path, picture, capsys):
    for seed in range(3):
        picture(tmp_path / "in" / f"{seed}.png", seed)
    command = ["predict", str(tmp_path / "in"), "--model", "mini", "--cache", str(tmp_path / "cache"), "--out"]
    assert main([*command, str(tmp_path / "a.jsonl")]) == 0
    assert "embed: 3 done" in capsys.readouterr().err
    assert main([*command, str(tmp_path / "b.jsonl")]) == 0
    assert "embed: 3 done" not in capsys.readouterr().err
    assert (tmp_path / "a.jsonl").read_text() == (tmp_path / "b.jsonl").read_text()
