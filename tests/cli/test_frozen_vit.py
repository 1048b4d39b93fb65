"""A pretrained or fine-tuned ViT from the command line: linear probe, k-NN, evaluation, comparison."""

import json
from pathlib import Path

import pytest
import torch
from fixtures.pictures import bright_and_dark
from safetensors.torch import save_file

from emolens import load
from emolens.cli.main import main
from emolens.data.manifest import Manifest
from emolens.models.backbones.vit import evaluation_preprocess
from emolens.models.mae import MaskedAutoencoder
from emolens.models.vit import EmotionViT
from emolens.runs.config import RunConfig, TrainingFacts
from emolens.runs.folder import write_run
from emolens.taxonomy import get_label_space

SIZES = {"image_size": 32, "patch_size": 8, "embed_dim": 24, "depth": 1, "num_heads": 3}
DECODER = {"decoder_embed_dim": 16, "decoder_depth": 1, "decoder_num_heads": 2}


@pytest.fixture
def work(tmp_path, monkeypatch):
    """A folder with bright (positive) and dark pictures, a pretraining run and a fine-tuned one."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    monkeypatch.setenv("HF_HOME", str(tmp_path / "hub"))
    Path("pictures").mkdir()
    frame = bright_and_dark(Path("pictures"), 20, 10, 10, (32, 32)).drop(columns=["valence", "arousal"])
    metadata = {"dataset": "bright", "centric": "scene"}
    Manifest(frame, metadata, tmp_path / "pictures").freeze_splits().write("m.parquet")
    torch.manual_seed(0)
    Path("pretrained").mkdir()
    save_file(MaskedAutoencoder(**SIZES, **DECODER).state_dict(), "pretrained/model.safetensors")
    config = {"format": 1, "emolens": "0", "kind": "uniemox_pretrained", "model": {**SIZES, **DECODER}}
    config |= {"label_space": None, "targets": []}
    Path("pretrained/config.json").write_text(json.dumps(config))
    tuned = EmotionViT(**SIZES, num_classes=2)
    config = RunConfig(
        "vit_finetuned",
        label_space=get_label_space("polarity2"),
        preprocess=evaluation_preprocess(SIZES["image_size"]),
        model=SIZES,
        training=TrainingFacts("tiny"),
    )
    write_run(Path("tuned"), config, tuned.state_dict())
    return tmp_path


def accuracy(folder: str) -> float:
    return json.loads(Path(folder, "metrics.json").read_text())["metrics"]["accuracy"]["value"]


@pytest.mark.parametrize("scheme", ["uniemox", "mae"])
def test_linear_probe_and_knn_on_a_pretrained_encoder(work, scheme, monkeypatch, capsys):
    spec = f"{scheme}:pretrained"
    assert main(["train", "probe", "--backbone", spec, "--data", "m.parquet", "--out", "probe"]) == 0
    assert main(["evaluate", "run:probe", "--data", "m.parquet", "--out", "probe_test"]) == 0
    assert accuracy("probe_test") >= 0.8
    assert main(["evaluate", f"knn:{spec}", "--data", "m.parquet", "--out", "knn"]) == 0
    assert accuracy("knn") >= 0.8
    facts = json.loads(Path("knn/metrics.json").read_text())
    assert facts["model"] == f"knn:{spec}"
    assert facts["description"].startswith("20 nearest neighbours (cosine, temperature 0.07) on")
    assert facts["mapping"] == {"labels": "native"}
    assert facts["warnings"] == []
    assert main(["evaluate", f"knn:{spec}", "--data", "m.parquet", "--split", "train", "--out", "seen"]) == 0
    assert "this is no test" in capsys.readouterr().out
    monkeypatch.chdir("pictures")
    assert load("run:../probe").predict(["0.png"])[0].status == "ok", "a probe finds its encoder from anywhere"


def test_a_pretrained_run_is_no_model_but_says_what_to_do(work, capsys):
    assert main(["evaluate", "run:pretrained", "--data", "m.parquet", "--out", "out"]) == 2
    assert "without a head; train one on it" in capsys.readouterr().err


def test_evaluate_and_compare_a_fine_tuned_run(work, capsys):
    assert main(["evaluate", "run:tuned", "--data", "m.parquet", "--out", "test"]) == 0
    shown = capsys.readouterr().out
    assert "10 of 10 rows scored" in shown
    assert main(["compare", "--models", "run:tuned", "--data", "m.parquet", "--out", "compared"]) == 0
    shown = capsys.readouterr().out
    assert "scene-centric" in shown
    facts = json.loads(Path("compared/metrics.json").read_text())
    assert facts["metrics"]["bright"]["run:tuned"]["accuracy"]["value"] == accuracy("test")
    assert "linear probe on uniemox:tuned" in facts["metrics"]["bright"]
    names = [model["name"] for model in facts["models"]]
    assert not any(name.startswith("zeroshot:uniemox") for name in names), "a ViT cannot be asked by words"


@pytest.mark.parametrize(
    ("model", "code", "message"),
    [
        ("knn:uniemox:nowhere.pth", 4, "nowhere.pth: no such weights file"),
        ("knn:", 2, "write knn:BACKBONE[@MANIFEST]"),
        ("uniemox:nowhere.pth", 4, "nowhere.pth: no such weights file"),
        ("run:uniemox", 3, "uniemox: no such run folder"),
    ],
)
def test_mistakes(work, capsys, model, code, message):
    assert main(["evaluate", model, "--data", "m.parquet", "--out", "out"]) == code
    assert message in capsys.readouterr().err
