"""Published files into our models: what fits, what is left over, and what is refused."""

import argparse

import pytest
import torch
from safetensors.torch import save_file

from emolens.errors import WeightsError
from emolens.models.loading.published import load_into_mae, load_into_vit, load_published
from emolens.models.mae import MaskedAutoencoder
from emolens.models.uniemox import UniEmoX, UniEmoXConfig
from emolens.models.vit import EmotionViT
from emolens.models.vit_blocks import interpolate_position_embedding


def mae(image_size: int = 16, depth: int = 2, decoder_depth: int = 2) -> MaskedAutoencoder:
    return MaskedAutoencoder(image_size, 4, 8, depth, 2, 12, decoder_depth, 3)


def vit(image_size: int = 16, classes: int = 5, **changes) -> EmotionViT:
    return EmotionViT(
        **{"patch_size": 4, "embed_dim": 8, "depth": 2, "num_heads": 2, **changes},
        image_size=image_size,
        num_classes=classes,
    )


def assert_holds(model: torch.nn.Module, state: dict[str, torch.Tensor], names) -> None:
    for name in names:
        assert torch.equal(model.state_dict()[name], state[name]), name


def test_one_content_in_every_wrapping(tmp_path, published_state):
    state = published_state()
    save_file(state, tmp_path / "a.safetensors")
    torch.save(state, tmp_path / "top.pth")
    # What MAE's training writes: the options are an argparse.Namespace.
    rest = {"optimizer": {"state": {}}, "epoch": 399, "scaler": {}, "args": argparse.Namespace(lr=1e-3, mask_ratio=0.9)}
    torch.save({"model": state, **rest}, tmp_path / "whole.pth")
    for name in ("a.safetensors", "top.pth", "whole.pth"):
        found = load_published(tmp_path / name)
        assert found.keys() == state.keys()
        assert_holds(mae_with(found), state, state)


def mae_with(state) -> MaskedAutoencoder:
    model = mae()
    load_into_mae(model, state, "x", show=False)
    return model


def test_a_pretraining_file_into_the_fine_tuned_model(published_state, capsys):
    state, model = published_state(), vit()
    report = load_into_vit(model, state, "mae.pth")
    assert report.missing == ("fc_norm.weight", "fc_norm.bias", "head.weight", "head.bias")
    assert set(report.unexpected) == {n for n in state if n.startswith(("norm.", "decoder_", "mask_token"))}
    assert set(report.loaded) | set(report.unexpected) == set(state)
    assert report.dropped == report.interpolated == ()
    assert_holds(model, state, report.loaded)
    told = f"mae.pth: {len(report.loaded)} tensors loaded; new: fc_norm, head; not used: norm, decoder\n"
    assert capsys.readouterr().err == told


def test_an_encoder_without_its_decoder(published_state):
    state, model = published_state("encoder"), mae()
    before = {name: value.clone() for name, value in model.state_dict().items()}
    report = load_into_mae(model, state, "mae.pth", show=False)
    assert set(report.missing) == {n for n in before if n.startswith(("decoder_", "mask_token"))}
    assert str(report) == f"mae.pth: {len(state)} tensors loaded; new: decoder"
    assert_holds(model, state, state)
    assert_holds(model, before, report.missing)


def test_a_pretraining_file_into_uniemox_and_back(published_state):
    state = published_state()
    model = UniEmoX(UniEmoXConfig(16, 4, 8, 2, 2, 12, 2, 3))
    report = load_into_mae(model, state, "mae.pth", show=False)
    assert set(report.missing) == {
        "fusion.norm.weight",
        "fusion.norm.bias",
        "fusion.linear.weight",
        "fusion.linear.bias",
    }
    ours = model.state_dict()
    report = load_into_mae(mae(), ours, "run", show=False)
    assert {name for name in report.unexpected} == {name for name in ours if name.startswith("fusion.")}
    assert load_into_vit(vit(), ours, "run", show=False).missing[0] == "fc_norm.weight"


def test_a_fine_tuned_file_whole_and_with_other_classes(published_state, capsys):
    state = published_state("fine-tuned")
    model = vit()
    assert load_into_vit(model, state, "ft.pth").missing == ()
    assert_holds(model, state, state)
    model = vit(classes=8)
    report = load_into_vit(model, state, "ft.pth")
    assert report.dropped == report.missing == ("head.weight", "head.bias")
    assert_holds(model, state, report.loaded)
    assert model.head.weight.shape == (8, 8)
    assert "new: head; left out, of another shape: head" in capsys.readouterr().err


def test_positions_are_interpolated_for_other_picture_sizes(published_state):
    state = published_state()
    model = vit(image_size=24)
    report = load_into_vit(model, state, "mae.pth", show=False)
    assert report.interpolated == ("pos_embed",)
    assert torch.equal(model.pos_embed, interpolate_position_embedding(state["pos_embed"], 6))
    model = mae(image_size=8)
    report = load_into_mae(model, state, "mae.pth", show=False)
    assert report.interpolated == ("pos_embed", "decoder_pos_embed")
    assert "positions interpolated" in str(report)
    assert model.decoder_pos_embed.shape == (1, 5, 12)


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"dim": 12}, r"cls_token is \[1, 1, 12\], not \[1, 1, 8\]"),
        ({"depth": 1}, "blocks.1.norm1.weight is missing"),
        ({"depth": 3}, "blocks.2.norm1.weight has no place"),
        ({"patch": 2}, r"patch_embed.proj.weight is \[8, 3, 2, 2\], not \[8, 3, 4, 4\]"),
    ],
)
def test_another_architecture(published_state, change, says):
    for model, load in ((mae(), load_into_mae), (vit(), load_into_vit)):
        before = {name: value.clone() for name, value in model.state_dict().items()}
        with pytest.raises(WeightsError, match=f"mae.pth: weights of another architecture: .*{says}"):
            load(model, published_state(**change), "mae.pth")
        assert_holds(model, before, before)


@pytest.mark.parametrize(
    ("change", "says"), [({"decoder": 24}, "decoder_embed.weight"), ({"decoder_depth": 1}, "decoder_b")]
)
def test_another_decoder(published_state, change, says):
    with pytest.raises(WeightsError, match=f"another architecture: .*{says}"):
        load_into_mae(mae(), published_state(**change), "mae.pth")
    load_into_vit(vit(), published_state(**change), "mae.pth", show=False)  # which has no decoder


def test_half_a_decoder(published_state):
    state = published_state()
    del state["mask_token"]
    with pytest.raises(WeightsError, match="mask_token is missing"):
        load_into_mae(mae(), state, "mae.pth")


def test_nothing_fits():
    state = torch.nn.Sequential(torch.nn.Conv2d(3, 8, 3), torch.nn.Linear(8, 2)).state_dict()
    for model, load in ((mae(), load_into_mae), (vit(), load_into_vit)):
        with pytest.raises(WeightsError, match=r"cls_token is missing; .* and \d+ more$"):
            load(model, state, "resnet.pth")


def test_positions_that_are_no_square(published_state):
    state = published_state() | {"pos_embed": torch.zeros(1, 12, 8)}
    with pytest.raises(WeightsError, match=r"pos_embed: .*no class token and square grid"):
        load_into_vit(vit(), state, "x.pth")


def test_a_corrupted_file(tmp_path, published_state):
    path = tmp_path / "cut.pth"
    torch.save({"model": published_state()}, path)
    path.write_bytes(path.read_bytes()[:-2000])
    with pytest.raises(WeightsError, match=r"cut.pth: cannot be read as weights"):
        load_published(path)
    state = published_state()
    state["blocks.1.attn.qkv.bias"][3] = torch.nan
    save_file(state, tmp_path / "nan.safetensors")
    with pytest.raises(WeightsError, match=r"nan.safetensors: values that are not finite in blocks.1.attn.qkv.bias"):
        load_published(tmp_path / "nan.safetensors")
    with pytest.raises(WeightsError, match="no such weights file"):
        load_published(tmp_path / "none.pth")


class Evil:
    def __reduce__(self):
        return print, ("ran",)


def test_a_pickle_that_runs_code_does_not_run(tmp_path, published_state, capsys):
    torch.save({"model": published_state(), "args": argparse.Namespace(lr=Evil())}, tmp_path / "evil.pth")
    with pytest.raises(WeightsError, match="could run code"):
        load_published(tmp_path / "evil.pth")
    assert "ran" not in capsys.readouterr().out
