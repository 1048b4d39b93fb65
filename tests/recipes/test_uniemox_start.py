"""Pretraining from weights in MAE's published names: what is taken over, and what is said."""

import argparse
import json
import shutil

import pytest
import torch

from emolens.cli.main import main
from emolens.models.loading.published import load_published
from emolens.models.mae import MaskedAutoencoder
from emolens.weights import weights_entry

# Width 192 is a published one, of 3 heads: a file of tensors does not say how many.
ENCODER = {"image_size": 32, "patch_size": 8, "embed_dim": 192, "depth": 1, "num_heads": 3}
DECODER = {"decoder_embed_dim": 16, "decoder_depth": 1, "decoder_num_heads": 2}
PARTS = ("decoder_", "mask_token")


@pytest.fixture(scope="module")
def mae(tmp_path_factory):
    """mae("encoder") and mae("full"): files as MAE publishes them, one with the options that its training saves."""
    folder = tmp_path_factory.mktemp("mae")
    torch.manual_seed(5)
    whole = MaskedAutoencoder(**ENCODER, **DECODER).state_dict()
    alone = {name: value for name, value in whole.items() if not name.startswith(PARTS)}
    torch.save({"model": alone}, folder / "encoder.pth")
    torch.save({"model": whole, "epoch": 799, "args": argparse.Namespace(mask_ratio=0.75)}, folder / "full.pth")
    return lambda kind: folder / f"{kind}.pth"


def pretrain(data, run, *more, recipe="uniemox_pretrain_tiny"):
    """Reconstruction alone, of 32 pixels; nothing moves, so that what was taken over can be seen afterwards."""
    still = ["--lr", "0", "--weight-decay", "0", "--epochs", "1", "--warmup-epochs", "0", "--batch-size", "8"]
    plain = ["--similarity", "0", "--contrastive", "0", "--no-persons", "--workers", "0", "--device", "cpu"]
    sizes = ["--image-size", "32", "--decoder-embed-dim", "16", "--decoder-depth", "1", "--decoder-num-heads", "2"]
    return main(["train", recipe, "--data", str(data), "--out", str(run), *still, *plain, *sizes, *more])


@pytest.mark.parametrize("kind", ["encoder", "full"])
def test_the_student_has_the_weights_and_the_sizes_of_the_file(data, mae, tmp_path, capsys, kind):
    run = tmp_path / "run"
    assert pretrain(data, run, "--start", str(mae(kind)), recipe="uniemox_pretrain") == 0
    given, found = load_published(mae(kind)), load_published(run / "model.safetensors")
    assert all(torch.equal(found[name], value) for name, value in given.items())
    told = [line for line in capsys.readouterr().err.splitlines() if str(mae(kind)) in line]
    new = {"encoder": "decoder, fusion", "full": "fusion"}[kind]
    assert told == [f"{mae(kind)}: {len(given)} tensors loaded; new: {new}"]
    config = json.loads((run / "config.json").read_text())
    assert {name: config["model"][name] for name in ENCODER} == ENCODER
    assert {name: config["training"]["config"]["model"][name] for name in ENCODER} == ENCODER
    assert config["training"]["config"]["start"] == str(mae(kind))


def test_a_run_of_ones_own_is_a_start_too_and_positions_fit_other_picture_sizes(data, mae, tmp_path, capsys):
    assert pretrain(data, tmp_path / "one", "--start", f"mae:{mae('full')}") == 0
    assert pretrain(data, tmp_path / "two", "--start", str(tmp_path / "one"), "--image-size", "48") == 0
    told = capsys.readouterr().err
    assert "tensors loaded; positions interpolated\n" in told
    two = load_published(tmp_path / "two" / "model.safetensors")
    assert two["pos_embed"].shape == (1, 37, 192)
    assert torch.equal(two["blocks.0.mlp.fc1.weight"], load_published(mae("full"))["blocks.0.mlp.fc1.weight"])


def test_a_start_has_a_name_of_the_table_of_weights(data, mae, tmp_path, monkeypatch, capsys):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    place = weights_entry("mae_vit_large_full").path
    place.parent.mkdir(parents=True)
    shutil.copy(mae("full"), place)  # as if it had been fetched
    assert pretrain(data, tmp_path / "run", "--start", "mae_vit_large_full") == 0
    assert f"{place}: 38 tensors loaded; new: fusion" in capsys.readouterr().err
    assert pretrain(data, tmp_path / "no", "--start", "mae_vit_larg_full") == 4
    assert 'did you mean "mae_vit_large_full"' in capsys.readouterr().err


def test_without_a_start_the_recipe_stops_before_any_work_and_says_what_to_do(tmp_path, capsys):
    assert pretrain(tmp_path / "no such manifest", tmp_path / "run", recipe="uniemox_pretrain") == 2
    told = capsys.readouterr().err
    assert "--start mae_vit_large (fetched once; emolens weights info mae_vit_large says from where)" in told
    assert "emolens train uniemox_pretrain_scratch, or --start random" in told
    assert not (tmp_path / "run").exists()


def test_random_weights_must_be_asked_for_by_a_word_or_a_recipe(data, tmp_path, capsys):
    small = ["--patch-size", "8", "--embed-dim", "24", "--depth", "1", "--num-heads", "2"]
    assert pretrain(data, tmp_path / "a", *small, "--start", "random", recipe="uniemox_pretrain") == 0
    assert pretrain(data, tmp_path / "b", *small, recipe="uniemox_pretrain_scratch") == 0
    told = capsys.readouterr()
    assert "tensors loaded" not in told.err
    assert told.out.count("emolens train uniemox_finetune --encoder") == 2
    a, b = (load_published(tmp_path / name / "model.safetensors") for name in "ab")
    assert all(torch.equal(a[name], b[name]) for name in a)


def test_a_decoder_or_an_encoder_of_another_width_is_refused_with_the_remedy(data, mae, tmp_path, capsys):
    assert pretrain(data, tmp_path / "run", "--start", str(mae("full")), "--decoder-embed-dim", "32") == 4
    told = " ".join(capsys.readouterr().err.split())
    assert "its decoder has 1 blocks of width 16, the student's 1 of 32" in told
    assert "--decoder-embed-dim 16 --decoder-depth 1" in told
    assert pretrain(data, tmp_path / "run", "--start", str(mae("encoder")), "--decoder-embed-dim", "32") == 0
    state = load_published(mae("encoder"))
    state["blocks.0.attn.qkv.weight"] = torch.zeros(72, 24)
    torch.save({"model": state}, tmp_path / "mixed.pth")
    assert pretrain(data, tmp_path / "b", "--start", str(tmp_path / "mixed.pth")) == 4
    assert "blocks.0.attn.qkv.weight is [72, 24], not [576, 192]" in capsys.readouterr().err
    torch.save({"model": MaskedAutoencoder(32, 8, 24, 1, 2, 16, 1, 2).state_dict()}, tmp_path / "odd.pth")
    assert pretrain(data, tmp_path / "b", "--start", str(tmp_path / "odd.pth")) == 4
    assert "is 24 wide, which is no published width" in capsys.readouterr().err
    assert pretrain(data, tmp_path / "b", "--start", str(tmp_path / "absent.pth")) == 4
    assert pretrain(data, tmp_path / "b", "--start", str(mae("full")), "--image-size", "36") == 2
    assert not (tmp_path / "b").exists()
