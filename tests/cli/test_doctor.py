import sys

import pytest

from emolens.cli.main import main


@pytest.fixture(autouse=True)
def elsewhere(monkeypatch, tmp_path):
    from huggingface_hub import constants

    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", True)
    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(tmp_path / "hub"))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "xdg"))
    return tmp_path


def test_it_says_what_there_is(capsys, elsewhere):
    import torch

    folder = elsewhere / "xdg" / "emolens" / "embeddings"
    folder.mkdir(parents=True)
    (folder / "part.arrow").write_bytes(b"\0" * 2_500_000)
    assert main(["doctor"]) == 0
    out = capsys.readouterr().out
    for part in (torch.__version__, "AVX512-BF16", "precision", "ViT-B-32/openai", "not here", f"{folder}: 2.5 MB"):
        assert part in out


def test_it_finds_cached_weights(capsys, elsewhere):
    repository = elsewhere / "hub" / "models--timm--vit_base_patch32_clip_224.openai"
    (repository / "snapshots" / "abc").mkdir(parents=True)
    (repository / "snapshots" / "abc" / "open_clip_model.safetensors").write_bytes(b"")
    (repository / "refs").mkdir()
    (repository / "refs" / "main").write_text("abc")
    assert main(["doctor"]) == 0
    assert "not here" not in capsys.readouterr().out


def test_it_survives_a_broken_part(capsys, monkeypatch):
    monkeypatch.setitem(sys.modules, "open_clip.pretrained", None)
    assert main(["doctor"]) == 0
    out = capsys.readouterr().out
    assert "cannot be looked at" in out
    assert "precision" in out
