"""``emolens data people``, ``describe`` and ``shard``: what they write, say, and refuse."""

import shutil
from pathlib import Path

import pandas as pd
import pytest

from emolens.cli.main import main
from emolens.data.loaders.two_view import TwoViewDataset
from emolens.data.manifest import Manifest
from emolens.models.backbones.vit import evaluation_preprocess


@pytest.fixture(autouse=True)
def own_cache(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))


@pytest.fixture
def manifest(tmp_path, picture) -> Path:
    """Three pictures and a video."""
    rows = [
        {"id": f"p{k}", "path": str(picture(tmp_path / f"{k}.png", seed=k).name), "media": "image"} for k in range(3)
    ]
    rows.append({"id": "v", "path": "v.mp4", "media": "video"})
    frame = pd.DataFrame(rows).assign(label=["joy", "fear", "joy", "joy"], label_space="parrott6")
    Manifest(frame, {}, tmp_path).write(tmp_path / "m.parquet")
    return tmp_path / "m.parquet"


def run(*words: object) -> int:
    return main(["data", *map(str, words)])


@pytest.mark.shared
def test_oasis_from_files_to_views(shared, tmp_path, capsys):
    weights = tmp_path / "weights.onnx"
    shutil.copy(shared / "models/yolox_nano.onnx", weights)
    detector = ("--detector", f"yolox:{weights}")
    assert run("import", "oasis", shared / "data/oasis", "--out", tmp_path / "all.parquet") == 0
    everything = Manifest.read(tmp_path / "all.parquet")
    chosen = everything.frame["group"].isin(["Sad face", "Soldiers", "Galaxy"])
    Manifest(everything.frame[chosen].reset_index(drop=True), everything.metadata, everything.root).write(
        tmp_path / "m.parquet"
    )
    capsys.readouterr()
    assert (
        run("people", tmp_path / "m.parquet", "--out", tmp_path / "p.parquet", *detector, "--plots", tmp_path / "look")
        == 0
    )
    out = capsys.readouterr().out
    assert "27 detected" in out
    assert "persons in 19 of 27 pictures" in out
    assert (tmp_path / "look/persons-1.png").exists()
    assert (tmp_path / "look/nobody-1.png").exists()
    found = Manifest.read(tmp_path / "p.parquet")
    assert found.metadata["people"]["detector"] == "weights.onnx"
    people = found.frame.groupby("group")["boxes"].agg(lambda boxes: sum(len(b) > 0 for b in boxes)).to_dict()
    assert people == {"Galaxy": 0, "Sad face": 9, "Soldiers": 10}
    assert (found.frame["height"] == 400).all()
    # Once more, into CSV: nothing is detected again.
    assert run("people", tmp_path / "m.parquet", "--out", tmp_path / "p.csv", *detector) == 0
    assert "0 detected, 27 known, 0 failed" in capsys.readouterr().out
    assert run("describe", tmp_path / "p.parquet", "--out", tmp_path / "d.parquet") == 0
    batch = TwoViewDataset(Manifest.read(tmp_path / "d.parquet"), evaluation_preprocess(32), train=False)[
        list(range(27))
    ]
    assert 17 <= int(batch["has_person"].sum()) <= 19
    assert run("shard", tmp_path / "d.parquet", "--out", tmp_path / "s", "--shard-mb", 0.5) == 0
    again = TwoViewDataset(Manifest.read(tmp_path / "s/index.parquet"), evaluation_preprocess(32), train=False)[
        list(range(27))
    ]
    assert all((again[name] == batch[name]).all() for name in batch)


@pytest.mark.shared
def test_people_and_bad_input(shared, manifest, tmp_path, capsys):
    detector = ("--detector", f"yolox:{shared / 'models/yolox_nano.onnx'}")
    (tmp_path / "1.png").unlink()
    assert run("people", manifest, "--out", tmp_path / "p.parquet", *detector) == 0
    out = capsys.readouterr().out
    assert "2 detected" in out
    assert "1 failed" in out
    assert "1.png: no such file" in out
    assert "1 rows are not pictures and have no boxes" in out
    frame = Manifest.read(tmp_path / "p.parquet").frame
    assert frame["boxes"].isna().tolist() == [False, True, False, True]
    assert frame["width"].tolist()[::2] == [64, 64]
    frame["boxes"] = pd.Series([[[0, 0, 9, 9]], None, None, None], dtype=object)
    Manifest(frame, {}, tmp_path).write(tmp_path / "own.parquet")
    assert run("people", tmp_path / "own.parquet", "--out", tmp_path / "q.parquet", *detector) == 2
    assert "has boxes already; --replace detects them anew" in capsys.readouterr().err
    assert run("people", tmp_path / "own.parquet", "--out", tmp_path / "q.parquet", *detector, "--replace") == 0
    for name in ("0.png", "2.png"):
        (tmp_path / name).unlink()
    assert run("people", manifest, "--out", tmp_path / "r.parquet", *detector) == 3


def test_people_refuses(manifest, tmp_path, capsys):
    out = ("--out", tmp_path / "p.parquet")
    (tmp_path / "text.onnx").write_text("no network")
    Manifest(Manifest.read(manifest).frame.iloc[3:], {}, tmp_path).write(tmp_path / "videos.parquet")
    for code, message, words in (
        (2, "a manifest is a .parquet or a .csv file", (manifest, "--out", "p.xlsx")),
        (2, "threshold 0.01: must be 0.05 to 1", (manifest, *out, "--threshold", 0.01)),
        (2, "--batch-size 0: must be at least 1", (manifest, *out, "--batch-size", 0)),
        (2, 'unknown detector "yunet:x"', (manifest, *out, "--detector", "yunet:x")),
        (4, "absent.onnx: no such weights file", (manifest, *out, "--detector", "yolox:absent.onnx")),
        (4, "text.onnx: is not a readable ONNX network", (manifest, *out, "--detector", tmp_path / "text.onnx")),
        (3, "none of its 1 rows is a picture", (tmp_path / "videos.parquet", *out)),
        (3, "no such manifest", (tmp_path / "absent.parquet", *out)),
    ):
        assert run("people", *words) == code, words
        error = capsys.readouterr().err
        assert message in error
        assert "Traceback" not in error
    assert not (tmp_path / "p.parquet").exists()


def test_describe(manifest, tmp_path, capsys):
    (tmp_path / "1.png").unlink()
    assert run("describe", manifest, "--out", tmp_path / "d.parquet") == 0
    out = capsys.readouterr().out
    assert "4 texts" in out
    assert "1 pictures cannot be read" in out
    assert Manifest.read(tmp_path / "d.parquet").frame["text"][3] == "It evokes joy."
    assert run("describe", tmp_path / "d.parquet", "--out", tmp_path / "e.parquet") == 2
    assert "has texts already; --replace writes over them" in capsys.readouterr().err
    assert run("describe", tmp_path / "d.parquet", "--out", tmp_path / "e.parquet", "--replace") == 0
    assert run("describe", manifest, "--out", tmp_path / "e.parquet", "--language", "xx") == 2
    assert 'unknown language "xx"' in capsys.readouterr().err


def test_shard(manifest, tmp_path, capsys):
    assert run("shard", manifest, "--out", tmp_path / "s") == 3
    assert "1 of 4 files are missing" in capsys.readouterr().err
    (tmp_path / "v.mp4").write_bytes(b"any bytes")
    assert run("shard", manifest, "--out", tmp_path / "s") == 0
    assert "index.parquet: 4 rows in 1 shards" in capsys.readouterr().out
    assert run("shard", manifest, "--out", tmp_path / "s") == 2
    assert "holds other shards" in capsys.readouterr().err
