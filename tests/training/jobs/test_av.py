"""Audio-visual networks from generated clips to a run folder, by the command line."""

import json
import os
import signal
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
import torch
from fixtures.run_log import logged

from emolens.cli.main import main
from emolens.compute import ComputeConfig
from emolens.data.adapter import import_dataset
from emolens.data.loaders.videos import VideoDataset
from emolens.data.manifest import Manifest
from emolens.media.video_sample import read_video
from emolens.runs.folder import read_config
from emolens.runs.registry import read_model
from emolens.training.tasks.av import AVTask

SMALL = [
    *("--model.segments", "2", "--model.frames", "2", "--model.size", "32", "--model.audio-frames", "16"),
    *("--model.width", "16", "--model.levels", "2", "--model.heads", "2", "--model.audio.width", "8"),
    *("--model.audio.layers", "1", "1", "--audio.rate", "16000", "--model.video.weights", "None"),
]
SWIN = ["--model.video.embed-dim", "8", "--model.video.depths", "1", "1", "--model.video.heads", "1", "2"]
BASE = ["--epochs", "2", "--warmup-epochs", "1", "--batch-size", "4", "--workers", "0", "--device", "cpu"]
LABELS = ("excitation", "sadness")
CPU = ComputeConfig("cpu", "fp32")


@pytest.fixture(scope="module")
def data(tmp_path_factory, video):
    """Sixteen clips of half a second: excitation sounds high, sadness low; one says that it is a video, and is none."""
    folder = tmp_path_factory.mktemp("clips")
    rows = []
    for i in range(16):
        path = video(folder / f"{i}_{i % 2}.mp4", seconds=0.5, size=(48, 32), seed=i, tone_hz=(3000, 300)[i % 2])
        split = "train" if i < 8 else "val" if i < 12 else "test"
        rows.append((str(i), path.name, "video", split, LABELS[i % 2], "emotions6"))
    (folder / "text_0.mp4").write_text("text, and no video")
    rows.append(("broken", "text_0.mp4", "video", "train", LABELS[0], "emotions6"))
    frame = pd.DataFrame(rows, columns=["id", "path", "media", "split", "label", "label_space"])
    Manifest(frame, {"dataset": "tones"}, folder).freeze_splits().write(folder / "m.parquet")
    return folder / "m.parquet"


def train(data, run, *more, recipe="av_cpnet_tiny"):
    swin = [] if recipe == "av_cpnet_tiny" else SWIN
    return main(["train", recipe, "--data", str(data), "--out", str(run), *SMALL, *swin, *BASE, *more])


def test_in_a_coarser_label_space(data, tmp_path):
    assert train(data, tmp_path / "run", "--epochs", "1", "--warmup-epochs", "0", "--label-space", "polarity2") == 0
    config = read_config(tmp_path / "run")
    assert config.label_space.name == "polarity2"
    assert config.model["classes"] == 2
    assert config.data.relabelled[0]["source"] == "emotions6"


def changed(data, folder, change):
    """Another manifest of the same clips."""
    whole = Manifest.read(data)
    path = folder / "other.parquet"
    replace(whole, frame=change(whole.frame.copy()).reset_index(drop=True), metadata={}).write(path)
    return path


def test_training_leaves_a_run_whose_model_answers_as_the_trained_network(data, tmp_path, capsys):
    run = tmp_path / "run"
    learning = ["--epochs", "5", "--lr", "5e-3"]
    assert train(data, run, *learning, "--model.dropout", "0") == 0
    told = capsys.readouterr()
    assert "videos/s" in told.err
    assert "text_0.mp4" in told.err  # is skipped, and said
    assert f"next: emolens evaluate run:{run}" in told.out
    assert logged(run, "train", "audio")[-1] < logged(run, "train", "audio")[0]
    names = {"config.json", "model.safetensors", "request.json", "metrics.json", "log.csv", "tensorboard", "README.md"}
    assert {path.name for path in run.iterdir()} == names
    config = read_config(run)
    assert (config.kind, config.model["classes"], config.training.config["model"]["classes"]) == ("av_cpnet", 6, 6)
    assert config.training.samples_per_s > 0
    assert "video-classification" in (run / "README.md").read_text()
    written = json.loads((run / "metrics.json").read_text())["metrics"]
    assert {name: written[name]["n"] for name in ("loss", "uar", "accuracy/audio")} == dict.fromkeys(
        ("loss", "uar", "accuracy/audio"), 4
    )

    model = read_model(run, CPU)
    val = Manifest.read(data).select("val")
    scores = model.scores([read_video(path, model.video) for path in val.paths()])
    dataset = VideoDataset(val, model.video, train=False, augment=None)
    task = AVTask(model.net, torch.tensor([]), torch.from_numpy(val.label_index()), model.space)
    with torch.inference_mode():
        metrics = task.validate([dataset[[0, 1, 2, 3]]])
    assert {name: metric["value"] for name, metric in written.items()} == pytest.approx(metrics, rel=1e-5)
    assert np.mean(scores.fused_NC.argmax(1) == val.label_index()) == metrics["accuracy"]


def test_stopped_and_resumed_is_as_if_never_stopped(data, tmp_path, monkeypatch, capsys):
    more = ["--modality-dropout", "0.3", "--mixup", "0.4", "--batch-size", "3"]
    assert train(data, tmp_path / "whole", *more) == 0
    forward = AVTask.forward

    def stop(task, batch, step):
        if step.number == 0:  # noticed in the next step, the second of three of the first epoch
            os.kill(os.getpid(), signal.SIGINT)
        return forward(task, batch, step)

    with monkeypatch.context() as patch:
        patch.setattr(AVTask, "forward", stop)
        assert train(data, tmp_path / "run", *more) == 130
    assert not (tmp_path / "run" / "config.json").exists()
    assert train(data, tmp_path / "run", *more) == 2
    assert "go on with --resume" in capsys.readouterr().err
    assert train(data, tmp_path / "run", *more, "--resume", "--mixup", "0.5") == 2
    assert "was begun with another recipe" in capsys.readouterr().err
    assert train(data, tmp_path / "run", *more, "--resume") == 0
    weights = [(tmp_path / run / "model.safetensors").read_bytes() for run in ("whole", "run")]
    assert weights[0] == weights[1]
    for name in ("fused", "audio", "video", "lr"):
        assert logged(tmp_path / "run", "step", name) == logged(tmp_path / "whole", "step", name)


@pytest.mark.parametrize("recipe", ["late_fusion", "video_swin", "audio_resnet"])
def test_the_other_recipes_train(data, tmp_path, recipe):
    more = ["--accumulate", "2", "--epochs", "1"]
    assert train(data, tmp_path / "run", *more, recipe=recipe) == 0
    model = read_model(tmp_path / "run", CPU)
    clips = [read_video(path, model.video) for path in Manifest.read(data).select("test").paths()]
    scores = model.scores(clips)
    assert np.allclose(scores.fused_NC.sum(axis=1), 1)
    assert (scores.audio_NC is None) == (recipe != "late_fusion")


def test_sound_files_and_pictures_train_beside_videos(data, tmp_path, video, picture):
    video(tmp_path / "alone_0.m4a", seconds=0.5, pictures=False)
    picture(tmp_path / "still_1.png")

    def change(frame):
        frame["path"] = [str(data.parent / path) for path in frame["path"]]
        extra = frame.iloc[:2].assign(
            id=["sound", "still"], media=["audio", "image"],
            path=[str(tmp_path / "alone_0.m4a"), str(tmp_path / "still_1.png")],
        )  # fmt: skip
        return pd.concat([frame, extra, extra.assign(id=["s2", "p2"], split="val")])

    mixed = changed(data, tmp_path, change)
    assert train(mixed, tmp_path / "run", "--epochs", "1") == 0
    metrics = json.loads((tmp_path / "run" / "metrics.json").read_text())["metrics"]
    assert (metrics["accuracy"]["n"], metrics["accuracy/audio"]["n"], metrics["accuracy/video"]["n"]) == (6, 5, 5)


def test_decoded_clips_are_read_from_their_folder(data, tmp_path, capsys):
    assert train(data, tmp_path / "run", "--decoded", str(tmp_path / "absent")) == 2
    assert f"emolens data decode {data} --out {tmp_path}/absent" in capsys.readouterr().err
    assert not (tmp_path / "run").exists()


def test_what_is_wrong_with_the_data_is_said(data, tmp_path, capsys):
    cases = (
        (lambda f: f.drop(columns=["label", "label_space"]), 2, "has no labels, and av_cpnet_tiny needs one"),
        (lambda f: f[f["split"] != "train"], 3, 'no rows in split "train"'),
        (lambda f: f[f["split"] != "val"], 3, "Training needs train and val"),
        (lambda f: f.assign(label=f["label"].where(f["split"] != "val")), 3, "4 rows of split val has a label"),
        (lambda f: f.assign(split=f["split"].where(f["id"] != "broken", "val")), 3, "text_0.mp4"),
    )
    for change, code, message in cases:
        assert train(changed(data, tmp_path, change), tmp_path / "run") == code
        assert message in capsys.readouterr().err
    assert train(data.parent, tmp_path / "run") == 3
    assert "index.parquet: no such manifest" in capsys.readouterr().err


def test_videos_in_shards_are_trained_on_with_the_same_losses(data, tmp_path):
    assert main(["data", "shard", str(data), "--out", str(tmp_path / "shards"), "--shard-mb", "0.05"]) == 0
    logs = []
    for source, name in ((data, "files"), (tmp_path / "shards", "shards")):
        assert train(source, tmp_path / name) == 0
        logs.append([line for line in (tmp_path / name / "log.csv").read_text().splitlines() if "speed" not in line])
    assert logs[0] == logs[1]


def test_the_embedding_cache_is_of_no_use_here(data, tmp_path, capsys):
    assert train(data, tmp_path / "run", "--cache", str(tmp_path)) == 2
    assert "av_cpnet_tiny embeds nothing, so it has no use for --cache" in capsys.readouterr().err


def test_silly_options_are_refused_before_the_work(data, tmp_path, capsys):
    for more in (["--modality-dropout", "0.7"], ["--model.fusion", "nonsense"], ["--model.heads", "3"]):
        assert train(data, tmp_path / "run", *more) == 2
        assert capsys.readouterr().err
    assert train(data, tmp_path / "run", "--model.video.weights", str(tmp_path / "absent.pth")) == 4
    assert "absent.pth" in capsys.readouterr().err
    assert not (tmp_path / "run" / "request.json").exists()


@pytest.mark.gpu
def test_two_steps_of_the_full_size_in_bf16(video, tmp_path):
    if not torch.cuda.is_available():
        pytest.skip("no CUDA device here")
    rows = []
    for i in range(72):
        name = video(tmp_path / f"{i}.mp4", seconds=1, size=(128, 128), seed=i).name
        rows.append((str(i), name, "video", "train" if i < 64 else "val", LABELS[i % 2], "emotions6"))
    frame = pd.DataFrame(rows, columns=["id", "path", "media", "split", "label", "label_space"])
    Manifest(frame, {}, tmp_path).write(tmp_path / "m.parquet")
    more = ["--model.video.weights", "None", "--model.audio.weights", "None", "--epochs", "1", "--log-steps", "1"]
    more += ["--warmup-epochs", "0", "--final-epochs", "0"]
    options = ["--data", str(tmp_path / "m.parquet"), "--out", str(tmp_path / "run"), "--precision", "bf16"]
    assert main(["train", "av_cpnet", *options, "--device", "cuda", *more]) == 0
    assert all(np.isfinite(logged(tmp_path / "run", "step", "fused")))
    assert len(logged(tmp_path / "run", "step", "fused")) == 2


@pytest.mark.slow
@pytest.mark.shared
@pytest.mark.parametrize("recipe", ["av_cpnet", "av_cpnet_robust"])
def test_one_step_of_the_full_size_on_a_cpu(shared, tmp_path, recipe):
    """Three real videos, random weights; a minute or two of a core and 7 GB each."""
    manifest = import_dataset("javanese", shared / "data/javanese")
    few = manifest.frame.iloc[[0, 30, 60]].assign(split=["train", "train", "val"]).reset_index(drop=True)
    replace(manifest, frame=few, metadata={}).write(tmp_path / "m.parquet")
    options = ["--data", str(tmp_path / "m.parquet"), "--out", str(tmp_path / "run"), "--device", "cpu"]
    options += ["--model.video.weights", "None", "--model.audio.weights", "None", "--model.checkpoint-activations"]
    options += ["--epochs", "1", "--warmup-epochs", "0", "--final-epochs", "0", "--log-steps", "1", "--workers", "0"]
    assert main(["train", recipe, *options, "--batch-size", "2", "--accumulate", "2"]) == 0
    for name in ("fused", "audio", "video"):
        assert len(logged(tmp_path / "run", "step", name)) == 1
        assert np.isfinite(logged(tmp_path / "run", "step", name)).all()
    assert read_config(tmp_path / "run").training.steps == 1
