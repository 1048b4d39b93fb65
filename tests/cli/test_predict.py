import json
import os
import signal
import subprocess
import sys
import time

import pandas as pd
import pytest

from emolens.cli.main import main


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
    assert "no pictures in this folder" in capsys.readouterr().err


def test_all_inputs_bad_is_exit_code_3_and_still_a_table(tmp_path, capsys):
    out = tmp_path / "t.csv"
    assert main(["predict", str(tmp_path / "gone.jpg"), "--model", "mini", "--out", str(out)]) == 3
    assert "no such file" in capsys.readouterr().err
    assert list(pd.read_csv(out)["status"]) == ["error"]


def test_ctrl_c_keeps_what_is_done_and_resume_goes_on(tmp_path, picture):
    for seed in range(80):
        picture(tmp_path / "in" / f"{seed:02}.png", seed, size=(256, 256))
    out = tmp_path / "t.jsonl"
    journal = tmp_path / ".t.jsonl.partial.jsonl"
    command = [sys.executable, "-m", "emolens", "predict", str(tmp_path / "in"), "--model", "mini", "--batch-size", "4",
               "--out", str(out)]  # fmt: skip
    process = subprocess.Popen(command, stderr=subprocess.PIPE, text=True)
    deadline = time.monotonic() + 60
    while process.poll() is None and not (journal.exists() and journal.stat().st_size) and time.monotonic() < deadline:
        os.sched_yield()
    process.send_signal(signal.SIGINT)
    _, err = process.communicate(timeout=60)
    assert process.returncode == 130, err
    assert "interrupted" in err
    assert not out.exists()
    done = journal.read_text().count("\n")
    assert 0 < done < 80
    assert main(command[3:]) == 2  # not silently from the start
    assert main([*command[3:], "--resume"]) == 0
    assert len(out.read_text().splitlines()) == 80
    assert sorted(p.name for p in tmp_path.iterdir()) == ["in", "t.jsonl"]
