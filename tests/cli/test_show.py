"""``emolens show mae``: three pictures in one, as the model makes them."""

import json

import numpy as np
import pytest
import torch
from PIL import Image
from safetensors.torch import save_file

from emolens.cli.main import main
from emolens.drawing.reconstruction import reconstruct
from emolens.media.image import read_image
from emolens.models.backbones.vit import evaluation_preprocess, load_autoencoder
from emolens.models.uniemox import UniEmoX, UniEmoXConfig

SIZES = {"image_size": 32, "patch_size": 8, "embed_dim": 24, "depth": 1, "num_heads": 3}
DECODER = {"decoder_embed_dim": 16, "decoder_depth": 1, "decoder_num_heads": 2}


@pytest.fixture
def run(tmp_path):
    torch.manual_seed(0)
    folder = tmp_path / "pretrained"
    folder.mkdir()
    save_file(UniEmoX(UniEmoXConfig(**SIZES, **DECODER)).state_dict(), folder / "model.safetensors")
    (folder / "config.json").write_text(json.dumps({"kind": "uniemox_pretrained", "model": {**SIZES, **DECODER}}))
    return folder


def test_one_png_a_picture(run, tmp_path, picture, capsys):
    paths = [str(picture(tmp_path / f"{name}.png", seed)) for seed, name in enumerate(("a", "b c"))]
    (tmp_path / "bad.jpg").write_text("no picture")
    command = ["show", "mae", str(run), *paths, str(tmp_path / "bad.jpg"), "--out", str(tmp_path / "out")]
    assert main(command) == 0
    shown = capsys.readouterr()
    assert "2 pictures" in shown.out
    assert "bad.jpg" in shown.err
    assert sorted(p.name for p in (tmp_path / "out").iterdir()) == ["0001_a.png", "0002_b_c.png"]
    with Image.open(tmp_path / "out" / "0001_a.png") as png:
        assert png.width > 3 * 300
    before = (tmp_path / "out" / "0001_a.png").read_bytes()
    assert main(command) == 0
    assert (tmp_path / "out" / "0001_a.png").read_bytes() == before, "the same seed hides the same patches"


@pytest.mark.parametrize("norm_pixel_loss", [False, True])
def test_seen_patches_are_kept_and_hidden_ones_drawn(run, tmp_path, picture, norm_pixel_loss):
    model, stored = load_autoencoder(run)
    model.norm_pixel_loss = norm_pixel_loss
    image_HWC = read_image(picture(tmp_path / "a.png"))
    noise_L = torch.rand(16, generator=torch.Generator().manual_seed(0))
    found = reconstruct(model, stored.preprocess, image_HWC, 0.75, noise_L)
    input_1CHW = stored.preprocess(image_HWC)[None]
    with torch.no_grad():
        output = model(input_1CHW, 0.75, noise_L[None])
    std, mean = (np.array(values) for values in (stored.preprocess.std, stored.preprocess.mean))
    for place in range(16):
        y, x = 8 * (place // 4), 8 * (place % 4)
        box = slice(y, y + 8), slice(x, x + 8)
        if noise_L[place] in noise_L.sort().values[:4]:
            np.testing.assert_array_equal(found.drawn[box], found.original[box])
            np.testing.assert_array_equal(found.masked[box], found.original[box])
        else:
            assert len(np.unique(found.masked[box])) == 1
            patch = output.prediction[0, place].reshape(8, 8, 3).double().numpy()
            if norm_pixel_loss:
                true = input_1CHW[0].permute(1, 2, 0)[box].double().numpy()
                patch = patch * np.sqrt(true.var(ddof=1) + 1e-6) + true.mean()
            expected = np.clip((patch * std + mean) * 255, 0, 255)
            np.testing.assert_allclose(found.drawn[box], expected, atol=1)
    assert found.error == pytest.approx(float(output.loss))


def test_the_original_is_the_models_own_view(run, tmp_path, picture):
    model, stored = load_autoencoder(run)
    image_HWC = read_image(picture(tmp_path / "a.png", size=(32, 32)))
    preprocess = evaluation_preprocess(32)
    found = reconstruct(model, stored.preprocess, image_HWC, 0.5, torch.rand(16))
    enlarged = Image.fromarray(image_HWC).resize(preprocess.resize, Image.Resampling.BICUBIC)
    np.testing.assert_array_equal(found.original, np.asarray(enlarged.crop((2, 2, 34, 34))))


@pytest.mark.parametrize(
    ("words", "code", "message"),
    [
        (["mea", "RUN", "a.png"], 2, 'unknown view "mea"; did you mean "mae"?'),
        (["mae", "RUN", "a.png", "--mask-ratio", "1"], 2, "leaves no patch of 16"),
        (["mae", "nowhere.pth", "a.png"], 4, "nowhere.pth: no such weights file"),
        (["mae", "RUN", "gone.png"], 3, "not one of the pictures could be read"),
        (["mae", "RUN"], 2, "no pictures to show"),
    ],
)
def test_mistakes_are_one_message_and_a_code(run, tmp_path, picture, capsys, monkeypatch, words, code, message):
    monkeypatch.chdir(tmp_path)
    picture(tmp_path / "a.png")
    assert main(["show", *(str(run) if word == "RUN" else word for word in words), "--out", "out"]) == code
    shown = capsys.readouterr().err
    assert message in shown
    assert "Traceback" not in shown
