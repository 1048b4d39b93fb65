"""Attention over the picture: where it lies, who has it, what is drawn."""

import numpy as np
import pytest
from PIL import Image

from emolens import load
from emolens.cli.main import main
from emolens.drawing.attention import overlay
from emolens.drawing.plots import write_plots
from emolens.errors import ConfigError
from emolens.inference.attention import AttentionMap, Explainer, seen_frame
from emolens.inference.prediction import Prediction
from emolens.media.image import read_image
from emolens.models.backbones.vit import evaluation_preprocess
from emolens.models.preprocess import Preprocess


@pytest.mark.parametrize("mode", ["shortest", "longest", "squash"])
def test_the_frame_is_where_the_crop_is(mode):
    """A picture whose colours are its coordinates tells where each pixel of the input came from."""
    height, width = 300, 500
    y, x = np.mgrid[0:height, 0:width]
    image_HWC = np.stack([255 * x / width, 255 * y / height, np.full((height, width), 255)], axis=-1).astype(np.uint8)
    preprocess = Preprocess((64, 64), (48, 48), mode, "bicubic", (0.0,) * 3, (1.0,) * 3)
    input_CHW = preprocess(image_HWC).numpy()
    left, top, right, bottom = seen_frame(preprocess, height, width)
    for place in (10, 24, 40):
        part = (place + 0.5) / 48
        if input_CHW[2, place, place] > 0.9:  # not in the border that "longest" fills
            assert input_CHW[0, 24, place] == pytest.approx(left + part * (right - left), abs=0.02)
            assert input_CHW[1, place, 24] == pytest.approx(top + part * (bottom - top), abs=0.02)


def test_the_map_of_a_fine_tuned_run(vit_run, tmp_path, picture):
    folder, model = vit_run()
    path = picture(tmp_path / "a.png")
    found = Explainer(load(f"run:{folder}", device="cpu", precision="fp32"))(path)
    input_1CHW = evaluation_preprocess(32)(read_image(path))[None]
    np.testing.assert_allclose(found.share_hw, model.attention_maps(input_1CHW)[0].numpy(), atol=1e-6)
    assert found.share_hw.sum() == pytest.approx(1, abs=1e-5)


def test_models_without_attention_are_told_which_have_it(tiny_clip, tmp_path, picture, capsys):
    with pytest.raises(ConfigError, match=r"no attention maps.*fine-tuned vision transformers have"):
        Explainer(load(f"zeroshot:{tiny_clip}"))
    path = str(picture(tmp_path / "a.png"))
    assert main(["predict", path, "-m", "mini", "--plots", str(tmp_path / "plots"), "--explain"]) == 2
    assert "mini has no attention maps" in capsys.readouterr().err
    assert main(["predict", path, "-m", "mini", "--explain"]) == 2
    assert "--explain draws on the pictures of --plots" in capsys.readouterr().err


def test_predict_explains(vit_run, tmp_path, picture, capsys):
    folder, _ = vit_run()
    path = str(picture(tmp_path / "a.png", size=(300, 200)))
    for out, options in (("plain", []), ("explained", ["--explain"])):
        assert main(["predict", path, "-m", f"run:{folder}", "--plots", str(tmp_path / out), *options]) == 0
    plain, explained = (
        np.asarray(Image.open(tmp_path / out / "pictures" / "0001_a.png").convert("RGB")).astype(int)
        for out in ("plain", "explained")
    )
    assert plain.shape == explained.shape
    changed = np.abs(plain - explained).sum(axis=2) > 30
    assert changed[:480].mean() > 0.2, "the picture shows it"
    assert not changed[485:].any(), "the caption is as it was"


def test_the_place_looked_at_is_bright_and_the_rest_dark():
    share_hw = np.full((8, 8), 0.01)
    share_hw[2, 5] = 0.37
    rgba = overlay(AttentionMap(share_hw, (0, 0, 1, 1)))
    assert rgba[80, 176, :3].sum() > 2
    assert rgba[200, 40, :3].sum() < 0.1
    assert rgba[80, 176, 3] > rgba[200, 40, 3] > 0.3
    assert ((rgba >= 0) & (rgba <= 1)).all()
    assert np.isfinite(overlay(AttentionMap(np.full((4, 4), 1 / 16), (0, 0, 1, 1)))).all()


def test_what_the_model_never_saw_is_pale(vit_run, tmp_path):
    folder, _ = vit_run()
    Image.new("RGB", (720, 360), (40, 90, 40)).save(tmp_path / "wide.png")
    predictor = load(f"run:{folder}", device="cpu", precision="fp32")
    rows = predictor.predict([tmp_path / "wide.png"])
    write_plots(rows, tmp_path / "out", explain=Explainer(predictor))
    drawn = np.asarray(Image.open(tmp_path / "out" / "pictures" / "0001_wide.png").convert("RGB"))[:360].astype(int)
    # 32 of 36 pixels of the height are seen, and as many across: 320 px around the middle
    left, top, right, bottom = 200, 20, 520, 340
    pale = np.array([int(255 * 0.72 + 0.28 * c) for c in (40, 90, 40)])
    for y, x in ((180, 100), (180, 650), (8, 360), (352, 360)):
        np.testing.assert_allclose(drawn[y, x], pale, atol=3)
    inside = drawn[top + 4 : bottom - 4, left + 4 : right - 4]
    assert (np.abs(inside - pale).sum(axis=2) > 30).all()


def test_a_picture_that_went_away_is_left_out(tmp_path):
    def explain(_source: str) -> AttentionMap:
        raise AssertionError("must not be asked")

    row = Prediction(str(tmp_path / "gone.png"), label="awe", scores={"awe": 1.0}, polarity="positive")
    assert all("pictures" not in str(path) for path in write_plots([row], tmp_path / "out", explain=explain))
