"""``emolens data decode``: what it writes, says, and refuses."""

from pathlib import Path

import pandas as pd
import pytest

from emolens.cli.main import main
from emolens.data.manifest import Manifest


@pytest.fixture
def manifest(tmp_path, video) -> Path:
    for k in range(3):
        video(tmp_path / f"{k}.mp4", seed=k)
    frame = pd.DataFrame({"id": ["a", "b", "c"], "path": [f"{k}.mp4" for k in range(3)], "media": "video"})
    Manifest(frame, {}, tmp_path).write(tmp_path / "m.parquet")
    return tmp_path / "m.parquet"


def run(*words: object) -> int:
    return main(["data", "decode", *map(str, words)])


def test_it_is_made_and_gone_on_with(manifest, tmp_path, capsys):
    out = tmp_path / "cache"
    (tmp_path / "1.mp4").rename(tmp_path / "kept")
    (tmp_path / "1.mp4").write_text("words")
    assert run(manifest, "--out", out, "--size", 32, "--workers", 1) == 0
    said = capsys.readouterr().out
    assert "2 decoded, 0 known, 1 failed" in said
    assert "1.mp4: is not a video or a sound" in said
    assert f"{out}: 2 decoded videos, 0." in said
    assert run(manifest, "--out", out) == 2
    assert "is not empty; --resume continues" in capsys.readouterr().err
    (tmp_path / "kept").replace(tmp_path / "1.mp4")
    assert run(manifest, "--out", out, "--size", 32, "--resume") == 0
    assert "1 decoded, 2 known, 0 failed" in capsys.readouterr().out


def test_refuses(manifest, tmp_path, capsys):
    for code, message, words in (
        (2, "--workers 0: must be 1 to 64", (manifest, "--out", tmp_path / "c", "--workers", 0)),
        (2, "size 2 must be at least 8", (manifest, "--out", tmp_path / "c", "--size", 2)),
        (2, "is a file; name a folder", (manifest, "--out", manifest)),
        (3, "no such manifest", (tmp_path / "absent.parquet", "--out", tmp_path / "c")),
    ):
        assert run(*words) == code
        error = capsys.readouterr().err
        assert message in error
        assert "Traceback" not in error
    for k in range(3):
        (tmp_path / f"{k}.mp4").unlink()
    assert run(manifest, "--out", tmp_path / "c") == 3
    assert "0 decoded, 0 known, 3 failed" in capsys.readouterr().out
