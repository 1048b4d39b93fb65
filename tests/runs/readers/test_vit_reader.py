"""Fine-tuned vision transformers as models: run folders and published files."""

import json

import numpy as np
import pytest
import torch
from safetensors.torch import load_file, save_file

from emolens import load
from emolens.cli.main import main
from emolens.errors import ConfigError, DataError, WeightsError
from emolens.media.image import read_image
from emolens.models.backbones.vit import evaluation_preprocess
from emolens.taxonomy import get_label_space


@pytest.fixture
def pictures(tmp_path, picture):
    return [picture(tmp_path / "pictures" / f"{seed}.png", seed) for seed in range(4)]


def outputs(model, pictures) -> torch.Tensor:
    preprocess = evaluation_preprocess(32)
    with torch.no_grad():
        return model(torch.stack([preprocess(read_image(path)) for path in pictures])).double()


def test_a_run_says_what_its_network_says(vit_run, pictures):
    folder, model = vit_run()
    predictor = load(f"run:{folder}", device="cpu", precision="fp32")
    rows = predictor.predict(pictures)
    expected = outputs(model, pictures).softmax(1).numpy()
    np.testing.assert_allclose(rows.score_NC(get_label_space("mikels8")), expected, atol=1e-5)
    assert np.ptp(expected, axis=0).max() > 1e-2, "the pictures must differ for this test to mean anything"
    assert (predictor.mapping, predictor.gives_point) == ("native", False)
    assert rows[0].model == "run:tuned"
    assert rows[0].valence is not None, "expected from its labels"


def test_values_come_after_labels_and_stay_in_the_plane(vit_run, pictures):
    folder, model = vit_run("ekman6", ("valence", "arousal", "dominance"))
    rows = load(f"run:{folder}", device="cpu", precision="fp32").predict(pictures)
    raw = outputs(model, pictures).numpy()
    np.testing.assert_allclose(rows.values("valence"), raw[:, 6].clip(-1, 1), atol=1e-5)
    np.testing.assert_allclose(rows.values("arousal"), raw[:, 7].clip(-1, 1), atol=1e-5)


def test_regression_alone_answers_in_any_space_by_its_point(vit_run, pictures):
    folder, _ = vit_run(None, ("valence", "arousal"))
    predictor = load(f"run:{folder}", device="cpu", precision="fp32")
    assert predictor.mapping == "valence_arousal"
    assert sum(predictor.predict(pictures[:1])[0].scores.values()) == pytest.approx(1)


def test_several_labels_are_degrees_and_their_shares_elsewhere(vit_run, pictures):
    folder, model = vit_run("emotic26", ("valence", "arousal"), multi_label=True)
    predictor = load(f"run:{folder}", device="cpu", precision="fp32")
    raw = outputs(model, pictures)[:, :26].numpy()
    score_NC = predictor.predict(pictures).score_NC(get_label_space("emotic26"))
    np.testing.assert_allclose(score_NC, raw, atol=1e-5)
    elsewhere = predictor.retarget("polarity3").predict(pictures).score_NC(get_label_space("polarity3"))
    np.testing.assert_allclose(elsewhere.sum(axis=1), 1)
    polarity = get_label_space("emotic26").polarity
    for row, degrees in enumerate(raw.clip(0)):
        positive = sum(d for d, p in zip(degrees, polarity, strict=True) if p == "positive") / degrees.sum()
        assert elsewhere[row, get_label_space("polarity3").index("positive")] == pytest.approx(positive, abs=1e-5)


def test_what_is_saved_again_predicts_the_same_and_is_not_rounded(vit_run, pictures, tmp_path):
    folder, _ = vit_run()
    load(f"run:{folder}", device="cpu", precision="bf16").save_pretrained(tmp_path / "again")
    first, second = (load_file(f / "model.safetensors") for f in (folder, tmp_path / "again"))
    assert first.keys() == second.keys()
    assert all(torch.equal(first[name], second[name]) for name in first)
    assert json.loads((folder / "config.json").read_text()) == json.loads((tmp_path / "again/config.json").read_text())
    assert "mikels8" in (tmp_path / "again" / "README.md").read_text()


def test_published_classes_are_the_class_folders_in_their_order(pictures, tmp_path):
    from emolens.models.vit import EmotionViT

    torch.manual_seed(0)
    model = EmotionViT(32, 16, 192, 1, 3, num_classes=8).eval()
    with torch.no_grad():
        model.head.weight.normal_(std=0.1)
    path = tmp_path / "emo8.pth"
    torch.save({"model": model.state_dict(), "epoch": 99}, path)
    space = get_label_space("mikels8")
    predictor = load(f"uniemox:{path}", "mikels8", device="cpu", precision="fp32")
    got = predictor.predict(pictures).score_NC(space)
    expected = outputs(model, pictures).softmax(1).numpy()
    for c, label in enumerate(sorted(space.labels)):
        np.testing.assert_allclose(got[:, space.index(label)], expected[:, c], atol=1e-6)
    predictor.save_pretrained(tmp_path / "mine")
    again = load(f"run:{tmp_path / 'mine'}", device="cpu", precision="fp32")
    np.testing.assert_allclose(again.predict(pictures).score_NC(space), got, atol=1e-7)
    with pytest.raises(ConfigError, match="8 classes without names; say --label-space"):
        load(f"uniemox:{path}")
    with pytest.raises(WeightsError, match="8 classes, ekman6 has 6 labels"):
        load(f"uniemox:{path}", "ekman6")


def test_mistakes_in_a_run_folder(vit_run, tmp_path, capsys):
    folder, model = vit_run()
    config = json.loads((folder / "config.json").read_text())

    def with_config(**changes):
        (folder / "config.json").write_text(json.dumps(config | changes))
        load(f"run:{folder}", device="cpu")

    with pytest.raises(WeightsError, match="the head has 8 outputs for labels, but ekman6 has 6 labels"):
        with_config(label_space=get_label_space("ekman6").as_dict())
    (folder / "config.json").write_text(json.dumps({k: v for k, v in config.items() if k != "targets"}))
    with pytest.raises(DataError, match="field 'targets' is missing"):
        load(f"run:{folder}")
    with pytest.raises(WeightsError, match=r"is a ViT of .*config\.json says"):
        with_config(model={**config["model"], "depth": 3})
    with pytest.raises(ConfigError, match="is a pretrained encoder without a head"):
        with_config(kind="uniemox_pretrained")
    (folder / "config.json").write_text(json.dumps(config))
    state = model.state_dict()
    del state["head.weight"], state["head.bias"]
    save_file(state, folder / "model.safetensors")
    assert main(["predict", "a.jpg", "--model", f"run:{folder}"]) == 4
    assert "no head.weight" in capsys.readouterr().err
