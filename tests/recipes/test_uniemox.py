"""Pretraining and fine-tuning from the command line, on a handful of pictures."""

import json
import signal
import subprocess
import sys
from dataclasses import replace

import numpy as np
import pytest
from fixtures.run_log import logged
from safetensors.torch import load_file

from emolens import load
from emolens.cli.main import main
from emolens.compute import ComputeConfig
from emolens.data.manifest import Manifest
from emolens.evaluation.evaluate import evaluate
from emolens.models.backbones.load import load_backbone
from emolens.recipes import get_recipe

SMALL = ["--image-size", "32", "--patch-size", "8", "--embed-dim", "24", "--depth", "2", "--num-heads", "2"]
DECODER = ["--decoder-depth", "1", "--decoder-num-heads", "2"]
BASE = ["--epochs", "2", "--warmup-epochs", "0", "--batch-size", "8", "--workers", "0", "--device", "cpu"]


def without(data, folder, *columns):
    whole = Manifest.read(data)
    path = folder / "other.parquet"
    replace(whole, frame=whole.frame.drop(columns=list(columns))).write(path)
    return path


def pretrain(data, run, teacher, *more):
    student = [*SMALL, *DECODER, "--decoder-embed-dim", "16"]
    base = ["train", "uniemox_pretrain_tiny", "--data", str(data), "--out", str(run), "--teacher", teacher]
    return main([*base, *student, *BASE, *more])


def finetune(data, run, *more):
    return main(["train", "uniemox_finetune_tiny", "--data", str(data), "--out", str(run), *SMALL, *BASE, *more])


@pytest.fixture(scope="module")
def pretrained(data, tmp_path_factory, tiny_clip):
    run = tmp_path_factory.mktemp("pretrained") / "run"
    assert pretrain(data, run, tiny_clip, "--epochs", "12", "--lr", "0.02", "--snapshot-every", "5") == 0
    return run


def test_pretraining_lowers_every_loss_and_leaves_an_encoder(pretrained):
    for name in ("reconstruction", "similarity", "contrastive", "loss"):
        losses = logged(pretrained, "val", name)
        assert len(losses) == 12
        assert losses[-1] < losses[0]
    files = {"config.json", "model.safetensors", "README.md", "request.json", "metrics.json", "log.csv", "tensorboard"}
    files.add("snapshots")
    assert {path.name for path in pretrained.iterdir()} == files
    config = json.loads((pretrained / "config.json").read_text())["training"]
    assert config["data"]["n"] == {"train": 24, "val": 8}
    assert config["steps"] == 12 * 24 // 8
    assert config["samples_per_s"] > 0
    assert load_backbone(f"uniemox:{pretrained}", ComputeConfig("cpu")).embed_dim == 24


def test_snapshots_are_runs_named_by_their_epochs(pretrained, data, tmp_path):
    names = sorted(path.name for path in (pretrained / "snapshots").iterdir())
    assert names == ["epoch-0005", "epoch-0010"]
    early = pretrained / "snapshots" / "epoch-0005"
    facts = json.loads((early / "config.json").read_text())["training"]
    assert (facts["epoch"], facts["steps"]) == (4, 15)
    assert facts["validation"]["loss"] == pytest.approx(logged(pretrained, "val", "loss")[4])
    whole = load_backbone(f"uniemox:{pretrained}", ComputeConfig("cpu"))
    assert load_backbone(f"uniemox:{early}", ComputeConfig("cpu")).fingerprint != whole.fingerprint
    assert finetune(data, tmp_path / "run", "--encoder", str(early), "--epochs", "1") == 0


def test_finetuning_starts_from_the_encoder_and_its_run_predicts(pretrained, data, tmp_path, capsys):
    run = tmp_path / "run"
    more = ["--encoder", str(pretrained), "--epochs", "30", "--lr", "0.02", "--warmup-epochs", "1", "--erasing", "0"]
    assert finetune(data, run, *more) == 0
    told = capsys.readouterr()
    assert "plan: 24 images to train on, batch 8, 3 steps an epoch, 90 in all; peak rate" in told.err
    assert "images/s" in told.err
    assert "fc_norm" in told.err  # what the encoder did not have is listed
    assert f"next: emolens evaluate run:{run}" in told.out
    test = Manifest.read(data).select("test")
    rows = load(f"run:{run}", device="cpu").predict(test.paths())
    hits = [row.label == label for row, label in zip(rows, test.frame["label"], strict=True)]
    assert np.mean(hits) >= 0.8
    assert np.corrcoef(rows.values("valence"), test.target("valence"))[0, 1] > 0.7


def test_regression_alone_and_the_published_recipe_with_mixing(data, tmp_path):
    run = tmp_path / "run"
    assert finetune(data, run, "--targets", "valence_arousal", "--mixup", "0.8", "--cutmix", "1.0") == 0
    config = json.loads((run / "config.json").read_text())
    assert config["label_space"] is None
    assert config["targets"] == ["valence", "arousal"]
    full = get_recipe("uniemox_finetune")()
    assert (full.mix.mixup, full.mix.cutmix, full.mix.label_smoothing) == (0.8, 1.0, 0.1)
    assert (full.drop_path, full.trainer.epochs, full.trainer.batch_size) == (0.2, 100, 16 * 8)
    assert (full.optimizer.layer_decay, full.trainer.keep_by) == (1.0, "accuracy")
    peak = full.optimizer.for_batch(full.trainer.batch_size)
    assert peak.lr == pytest.approx(5e-4)
    assert peak.lr * peak.min_lr_ratio == pytest.approx(1e-6)


def test_several_labels_with_values_as_in_emotic(data, tmp_path, capsys):
    whole = Manifest.read(data)
    labels = [["Peace", "Happiness"] if label == "positive" else ["Fear"] for label in whole.frame["label"]]
    frame = whole.frame.drop(columns="label").assign(labels=labels, label_space="emotic26", dominance=5.0)
    metadata = {**whole.metadata, "scales": {**whole.metadata["scales"], "dominance": [1, 10]}}
    emotic = tmp_path / "emotic.parquet"
    replace(whole, frame=frame, metadata=metadata).write(emotic)
    run = tmp_path / "run"
    more = ["--view", "person", "--mixup", "0.8", "--cutmix", "1", "--keep-by", "accuracy"]
    assert finetune(emotic, run, *more) == 0
    assert "several labels a row, which mixup and CutMix are not for; they are off" in capsys.readouterr().err
    metrics = json.loads((run / "metrics.json").read_text())["metrics"]
    assert 0 < metrics["map"]["value"] <= 1
    config = json.loads((run / "config.json").read_text())
    assert config["multi_label"] is True
    mix = config["training"]["config"]["mix"]
    assert (mix["mixup"], mix["cutmix"], mix["label_smoothing"]) == (0, 0, 0.1)
    maps = logged(run, "val", "map")
    assert metrics["map"]["value"] == pytest.approx(max(maps))
    assert config["targets"] == ["valence", "arousal", "dominance"]
    assert load(f"run:{run}", device="cpu").label_space.name == "emotic26"
    seen = evaluate(f"run:{run}", emotic, "val", compute=ComputeConfig("cpu", "fp32"), cache=tmp_path / "cache")
    assert seen.to_json()["view"] == "person"
    for name in ("map", "valence/pearson_r", "valence/ccc"):
        assert seen.metrics[name].value == pytest.approx(metrics[name]["value"], abs=1e-4), name


def test_what_pretraining_lacks_is_said(data, tmp_path, tiny_clip, capsys):
    assert pretrain(without(data, tmp_path, "boxes", "box_scores"), tmp_path / "a", tiny_clip) == 3
    assert "emolens data people" in capsys.readouterr().err
    assert pretrain(without(data, tmp_path, "text"), tmp_path / "b", tiny_clip) == 3
    assert "emolens data describe" in capsys.readouterr().err
    assert pretrain(data, tmp_path / "c", tiny_clip, "--decoder-embed-dim", "32") == 2
    assert "embeddings of width 16" in capsys.readouterr().err
    assert pretrain(data, tmp_path / "d", tiny_clip, "--batch-size", "9", "--accumulate", "2") == 2
    assert not (tmp_path / "d").exists()
    assert "take a multiple of 2" in capsys.readouterr().err
    assert pretrain(data, tmp_path / "e", "mini") == 2
    capsys.readouterr()
    assert pretrain(data, tmp_path / "f", f"emolens-tiny/{tmp_path / 'absent.safetensors'}") == 4
    assert "or train without a teacher: --similarity 0 --contrastive 0" in capsys.readouterr().err
    assert pretrain(data, tmp_path / "g", tiny_clip, "--keep-by", "accuracy") == 2
    assert "keep_by accuracy: uniemox_pretrain_tiny has none; take loss" in capsys.readouterr().err
    assert not any((tmp_path / run / "request.json").exists() for run in "abcdefg")  # nothing to resume was begun


def test_few_different_texts_are_said_once(data, tmp_path, tiny_clip, capsys):
    few = "only 2 different texts in 24 rows, where a batch compares 8: the contrastive loss learns little"
    assert pretrain(data, tmp_path / "a", tiny_clip, "--epochs", "1") == 0
    assert capsys.readouterr().err.count(few) == 1
    assert pretrain(data, tmp_path / "b", tiny_clip, "--epochs", "1", "--contrastive", "0") == 0
    assert "different texts" not in capsys.readouterr().err


def test_parts_that_are_switched_off_need_no_data(data, tmp_path, tiny_clip):
    bare = without(data, tmp_path, "boxes", "box_scores", "text")
    assert pretrain(bare, tmp_path / "mae", "none", "--similarity", "0", "--contrastive", "0", "--no-persons") == 0
    assert set(json.loads((tmp_path / "mae" / "metrics.json").read_text())["metrics"]) == {"reconstruction", "loss"}


def test_an_encoder_that_is_none_is_refused(data, tmp_path, capsys):
    assert finetune(data, tmp_path / "a", "--encoder", str(tmp_path / "absent.pth")) == 4
    (tmp_path / "bad.safetensors").write_bytes(b"junk")
    assert finetune(data, tmp_path / "a", "--encoder", str(tmp_path / "bad.safetensors")) == 4
    assert finetune(data, tmp_path / "a", "--targets", "label", "--device", "nonsense") == 2
    assert not (tmp_path / "a").exists()
    capsys.readouterr()


def test_a_corrupted_checkpoint_is_said(data, tmp_path, capsys):
    run = tmp_path / "run"
    assert finetune(data, run) == 0
    (run / "config.json").unlink()
    (run / "checkpoint.pt").write_bytes(b"PK\x03\x04 torn")
    assert finetune(data, run, "--resume") == 3
    assert "checkpoint.pt: is damaged" in capsys.readouterr().err


def test_defaults_are_those_of_the_paper():
    config = get_recipe("uniemox_pretrain")()
    assert (config.model.embed_dim, config.model.depth, config.model.num_heads) == (1024, 24, 16)
    assert (config.model.decoder_embed_dim, config.model.decoder_depth, config.mask_ratio) == (512, 8, 0.75)
    assert config.optimizer.betas == (0.9, 0.95)
    assert config.teacher == "ViT-B-16/openai"
    assert (config.start, config.trainer.epochs, config.trainer.snapshot_every) == (None, 200, 100)
    assert config.optimizer.warmup_epochs == 40
    assert config.optimizer.for_batch(config.trainer.batch_size).lr == pytest.approx(6e-4)  # MAE's, and not 4e-3
    assert config.trainer.max_grad_norm == 1
    scratch = get_recipe("uniemox_pretrain_scratch")()
    longer = replace(config.trainer, epochs=400)
    assert scratch == replace(config, start="random", trainer=longer)


# Processes of their own know no test architecture, so the slow tests take the smallest CLIP that open_clip lists.
CLIP, CLIP_WIDTH = "ViT-S-32-alt", "256"


@pytest.fixture(scope="module")
def small_clip(tmp_path_factory):
    import open_clip
    import torch
    from safetensors.torch import save_file

    torch.manual_seed(0)
    state = open_clip.create_model(CLIP).state_dict()
    # Fresh weights put all pictures in one place; spread, they tell pictures apart as trained ones do.
    state = {name: tensor * 2 if tensor.ndim > 1 else tensor for name, tensor in state.items()}
    path = tmp_path_factory.mktemp("clip") / "clip.safetensors"
    save_file({name: tensor.contiguous() for name, tensor in state.items()}, path)
    return f"{CLIP}/{path}"


def command(data, run, teacher, *more):
    options = [*SMALL, *DECODER, "--decoder-embed-dim", CLIP_WIDTH, "--teacher", teacher]
    base = ["-m", "emolens", "train", "uniemox_pretrain_tiny", "--data", str(data), "--out", str(run)]
    return [*base, *options, *BASE, "--warmup-epochs", "1", "--precision", "fp32", *more]


@pytest.mark.slow
def test_torchrun_with_two_processes_takes_the_same_steps_as_one(data, tmp_path, small_clip):
    one = subprocess.run([sys.executable, *command(data, tmp_path / "one", small_clip)], capture_output=True, text=True)
    launcher = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node", "2"]
    two = subprocess.run([*launcher, *command(data, tmp_path / "two", small_clip)], capture_output=True, text=True)
    for done in (one, two):
        assert done.returncode == 0, done.stderr
        assert "images/s" in done.stderr
    for name in ("reconstruction", "similarity", "contrastive"):
        steps = logged(tmp_path / "one", "step", name)
        assert len(steps) == 6
        assert logged(tmp_path / "two", "step", name) == pytest.approx(steps, abs=1e-5)
        assert logged(tmp_path / "two", "val", name) == pytest.approx(logged(tmp_path / "one", "val", name), abs=1e-5)


@pytest.mark.slow
def test_torchrun_that_is_asked_to_stop_saves_and_goes_on_with_resume(data, tmp_path, small_clip, wait_until):
    often = ["--checkpoint-seconds", "1000000", "--epochs", "4", "--strategy", "fsdp"]
    assert main(command(data, tmp_path / "whole", small_clip, "--epochs", "4")[2:]) == 0
    launcher = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node", "2"]
    run, log = tmp_path / "run", tmp_path / "run" / "log.csv"
    with subprocess.Popen(
        [*launcher, *command(data, run, small_clip, *often)], stderr=subprocess.PIPE, stdout=subprocess.DEVNULL
    ) as process:
        wait_until(lambda: log.exists() and len(logged(run, "step", "similarity")) >= 4, process)
        process.send_signal(signal.SIGTERM)
        error = process.communicate()[1].decode()
    assert error.count("emolens: stopped by SIGTERM; what was finished is kept") == 2
    assert not (run / "config.json").exists()
    assert 4 <= len(logged(run, "step", "similarity")) < 12
    again = subprocess.run([*launcher, *command(data, run, small_clip, *often, "--resume")], capture_output=True)
    assert again.returncode == 0, again.stderr.decode()
    for name in ("reconstruction", "similarity", "contrastive", "lr"):
        assert logged(run, "step", name) == pytest.approx(logged(tmp_path / "whole", "step", name), abs=1e-5)
    assert load_file(run / "model.safetensors").keys() == load_file(tmp_path / "whole" / "model.safetensors").keys()


@pytest.mark.slow
@pytest.mark.parametrize(("number", "code"), [(signal.SIGKILL, -9), (signal.SIGTERM, 143)])
def test_ended_in_the_middle_of_an_epoch_and_resumed_takes_the_same_steps(
    data, tmp_path, small_clip, wait_until, number, code
):
    often = ["--checkpoint-seconds", "0", "--epochs", "4"]
    assert main(command(data, tmp_path / "whole", small_clip, *often)[2:]) == 0
    run = tmp_path / "run"
    process = subprocess.Popen(
        [sys.executable, *command(data, run, small_clip, *often)], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    log = run / "log.csv"  # four steps are in the second epoch of four
    wait_until(lambda: log.exists() and len(logged(run, "step", "similarity")) >= 4, process)
    process.send_signal(number)
    assert process.wait() == code
    assert not (run / "config.json").exists()
    assert main(command(data, run, small_clip, *often, "--resume")[2:]) == 0
    for name in ("reconstruction", "similarity", "contrastive", "lr"):
        assert logged(run, "step", name) == logged(tmp_path / "whole", "step", name)
        assert logged(run, "val", name) == logged(tmp_path / "whole", "val", name)
