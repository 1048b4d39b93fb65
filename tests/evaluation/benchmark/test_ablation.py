"""Ablations that are trained: fusions and losses of both methods, on drawn pictures and videos."""

import pytest

import emolens
from emolens.data.manifest import Manifest

AV = """
recipe = "av_cpnet_tiny"
[set]
"trainer.epochs" = 1
"trainer.batch_size" = 4
"optimizer.warmup_epochs" = 0
"model.segments" = 2
"model.frames" = 1
"model.size" = 32
"model.audio_frames" = 16
"model.width" = 8
"model.heads" = 2
"model.video.weights" = ""
[axes]
"model.fusion" = ["sum", "concat", "gated", "film", "late"]
"loss.kind" = ["ce", "ep_ce"]
"""
UNIEMOX = """
recipe = "uniemox_finetune_tiny"
[set]
"trainer.epochs" = 1
"trainer.batch_size" = 4
"optimizer.warmup_epochs" = 0
[pretrain]
recipe = "uniemox_pretrain_tiny"
[pretrain.set]
"trainer.epochs" = 1
"trainer.batch_size" = 4
"optimizer.warmup_epochs" = 0
persons = false
"model.embed_dim" = 32
"model.depth" = 1
"model.num_heads" = 2
"model.image_size" = 32
"model.decoder_embed_dim" = 16
"model.decoder_depth" = 1
"model.decoder_num_heads" = 2
teacher = "TEACHER"
[axes]
"pretrain.model.fusion" = ["psychological_prior", "attention"]
[axes.losses]
none = { "pretrain.weights.reconstruction" = 0, "pretrain.weights.similarity" = 0, "pretrain.weights.contrastive" = 0 }
rec = { "pretrain.weights.similarity" = 0, "pretrain.weights.contrastive" = 0 }
all = {}
"""


@pytest.mark.slow
def test_losses_and_fusions_of_the_pretraining(place, tiny_clip):
    (place / "grid.toml").write_text(UNIEMOX.replace("TEACHER", tiny_clip))
    (place / "s.toml").write_text(
        'title = "t"\n[[data]]\nname = "cold"\nmanifest = "cold.parquet"\ndescribe = true\n'
        "ratios = { train = 0.6, val = 0.2, test = 0.2 }\n"
    )
    models = [f"grid:{place / 'grid.toml'}"]
    result = emolens.benchmark(place / "s.toml", place, models, place / "out", keep_runs=True)
    rows = result.rows[1:]
    assert len(rows) == 6
    for row in rows:
        if row.name.endswith("losses: none"):
            assert "at least one above" in row.not_run
        else:
            assert row.scores, row.not_run
    runs = sorted((place / "out" / "runs").rglob("pretrained/config.json"))
    assert len(runs) == 4
    again = emolens.benchmark(place / "s.toml", place, models, place / "out")
    assert again.computed == 0


@pytest.mark.slow
def test_fusions_and_losses_of_videos(tmp_path, video, monkeypatch):
    import pandas as pd
    import torch
    import torchvision

    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    torch.manual_seed(0)
    torch.save(torchvision.models.squeezenet1_1(weights=None).state_dict(), tmp_path / "squeezenet.pth")
    rows = []
    for i in range(16):
        path = video(tmp_path / f"{i}.mp4", seconds=0.6, seed=i, tone_hz=200 + 300 * (i % 2))
        label = ("happy", "sad")[i % 2]
        split = ("train", "train", "val", "test")[i // 2 % 4]
        rows.append((f"v{i}", path.name, "video", label, "javanese6", split))
    frame = pd.DataFrame(rows, columns=["id", "path", "media", "label", "label_space", "split"])
    Manifest(frame, {"dataset": "drawn"}, tmp_path).write(tmp_path / "m.parquet")
    (tmp_path / "s.toml").write_text('title = "t"\n[[data]]\nname = "drawn"\nmanifest = "m.parquet"\n')
    text = AV.replace('weights" = ""', f'weights" = "{tmp_path / "squeezenet.pth"}"')
    (tmp_path / "grid.toml").write_text(text)
    models = [f"grid:{tmp_path / 'grid.toml'}"]
    result = emolens.benchmark(tmp_path / "s.toml", tmp_path, models, tmp_path / "out", batch_size=4)
    rows_made = result.rows[1:]
    assert [row.name for row in rows_made[:2]] == ["fusion sum, kind ce", "fusion sum, kind ep_ce"]
    assert len(rows_made) == 10
    for row in rows_made:
        assert row.scores, row.not_run
        assert row.scores["accuracy"].n == 4
