import shutil

import pandas as pd
import pytest

from emolens.cli.main import main


@pytest.fixture
def folder(tmp_path, picture):
    for seed in range(5):
        picture(tmp_path / "pictures" / f"{seed}.jpg", seed)
    return tmp_path / "pictures"


def embed(tiny_clip, tmp_path, *inputs):
    return main(["embed", *map(str, inputs), "--backbone", tiny_clip, "--cache", str(tmp_path / "cache")])


def test_a_folder_twice(folder, tmp_path, tiny_clip, capsys):
    assert embed(tiny_clip, tmp_path, folder) == 0
    assert "5 embedded" in capsys.readouterr().out
    assert embed(tiny_clip, tmp_path, folder) == 0
    out = capsys.readouterr().out
    assert "0 embedded, 5 reused, 0 failed" in out
    assert "D = 16" in out


@pytest.mark.parametrize("suffix", [".parquet", ".csv"])
def test_a_manifest_with_one_bad_file(folder, tmp_path, tiny_clip, capsys, suffix):
    from emolens.data.manifest import Manifest

    (folder / "3.jpg").write_bytes(b"")
    rows = [{"id": str(n), "path": f"{n}.jpg", "media": "image"} for n in range(5)]
    rows.append({"id": "film", "path": "film.mp4", "media": "video"})
    Manifest(pd.DataFrame(rows), {}, folder).write(tmp_path / f"m{suffix}")
    assert embed(tiny_clip, tmp_path, tmp_path / f"m{suffix}") == 0
    out = capsys.readouterr().out
    assert "1 rows are not pictures" in out
    assert "4 embedded" in out
    assert "1 failed" in out
    assert f"{folder / '3.jpg'}: is empty" in out


def test_when_everything_fails_the_exit_code_says_so(folder, tmp_path, tiny_clip, capsys):
    for path in folder.iterdir():
        path.write_text("text")
    assert embed(tiny_clip, tmp_path, folder) == 3
    out = capsys.readouterr().out
    assert "0 embedded, 0 reused, 5 failed" in out
    assert "and 2 more" in out


@pytest.mark.parametrize(
    ("inputs", "options", "code", "says"),
    [
        ([], [], 2, "nothing to embed"),
        (["empty"], [], 3, "looked for pictures ("),
        (["none.parquet"], [], 3, "none.parquet"),
        (["pictures"], ["--backbone", "ViT-B-23/openai"], 2, 'did you mean "ViT-B-32"'),
        (["pictures"], ["--backbone", "ViT-B-32/none.pt"], 4, "no such weights file"),
        (["pictures"], ["--device", "tpu"], 2, 'device "tpu"'),
        (["pictures"], ["--precision", "int8"], 2, "int8"),
        (["pictures"], ["--batch-size", "0"], 2, "at least 1"),
    ],
)
def test_bad_input(folder, tmp_path, tiny_clip, capsys, monkeypatch, inputs, options, code, says):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "empty").mkdir()
    backbone = [] if "--backbone" in options else ["--backbone", tiny_clip]
    assert main(["embed", *inputs, *backbone, "--cache", "cache", *options]) == code
    assert says in capsys.readouterr().err


def test_the_default_place_is_the_users_cache(folder, tmp_path, tiny_clip, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "xdg"))
    assert main(["embed", str(folder), "--backbone", tiny_clip]) == 0
    assert len(list((tmp_path / "xdg" / "emolens" / "embeddings").iterdir())) == 1
    shutil.rmtree(folder)
