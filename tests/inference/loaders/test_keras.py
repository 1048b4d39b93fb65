import numpy as np
import pytest
import torch

from emolens import load
from emolens.errors import ConfigError
from emolens.models.clip_e import CLIPEContrastive
from emolens.taxonomy import get_label_space

h5py = pytest.importorskip("h5py")


def write(path, rng, last, units, width=16):
    with h5py.File(path, "w") as file:
        for layer, outputs in (("img_fc1", width), (last, units)):
            file[f"{layer}/{layer}/kernel:0"] = rng.normal(size=(width, outputs)).astype(np.float32)
            file[f"{layer}/{layer}/bias:0"] = rng.normal(size=outputs).astype(np.float32)
    return path


@pytest.mark.parametrize(("last", "units", "space"), [("preds", 6, "parrott6"), ("img_fc2", 16, "mikels8")])
def test_a_published_head_predicts_and_becomes_a_run(tmp_path, rng, tiny_clip, picture, last, units, space):
    path = write(tmp_path / "webemo.hdf5", rng, last, units)
    model = load(f"keras:{path}@{tiny_clip}", space, device="cpu", precision="fp32")
    pictures = [picture(tmp_path / f"{seed}.png", seed) for seed in range(3)]
    model.save_pretrained(tmp_path / "run")
    again = load(f"run:{tmp_path / 'run'}", space, device="cpu", precision="fp32").predict(pictures)
    assert [row.scores for row in again] == [row.scores for row in model.predict(pictures)]
    assert again[0].label_space == space


def test_the_number_of_classes_says_which_labels_of_webemo_they_are(tmp_path, rng, tiny_clip):
    path = write(tmp_path / "webemo.hdf5", rng, "preds", 25)
    assert load(f"keras:{path}@{tiny_clip}").own_label_space.name == "parrott25"
    mapped = load(f"keras:{path}@{tiny_clip}", "polarity2")
    assert (mapped.own_label_space.name, mapped.label_space.name, mapped.mapping) == ("parrott25", "polarity2", "exact")


def test_the_head_against_text_is_asked_as_it_was_trained(tmp_path, rng, tiny_clip, picture):
    path = write(tmp_path / "webemo.hdf5", rng, "img_fc2", 16)
    model = load(f"keras:{path}@{tiny_clip}", device="cpu", precision="fp32")
    asked = []
    encode = model.backbone.encode_text
    model.backbone.encode_text = lambda texts: asked.extend(texts) or encode(texts)
    for space in ("parrott25", "mikels8"):
        model.retarget(space)
    spelt = [prompt.removeprefix("a photo that evokes ") for prompt in asked[:25]]
    different = {a: b for a, b in zip(get_label_space("parrott25").labels, spelt, strict=True) if a != b}
    assert different == {"cheerfulness": "cheerfullness", "irritability": "irritabilty"}  # the notebook's list
    assert asked[25:] == [f"a photo that evokes {label}" for label in get_label_space("mikels8").labels]
    assert (model.label_space.name, model.mapping) == ("parrott25", "native")
    # The run keeps the spelling, answers in the spelling of the space, and scores as before.
    model.save_pretrained(tmp_path / "run")
    run = load(f"run:{tmp_path / 'run'}", device="cpu", precision="fp32")
    photo = picture(tmp_path / "a.png")
    scores = model.predict([photo])[0].scores
    assert run.predict([photo])[0].scores == run.retarget("parrott25").predict([photo])[0].scores == scores
    assert list(scores) == list(get_label_space("parrott25").labels)
    plain = load(f"zeroshot:{tiny_clip}", "parrott25", device="cpu")
    assert not plain.label_space.spelling


def test_the_release_divides_by_no_temperature_and_finds_the_same_label(rng):
    """softmax of the bare cosine, as in the notebook, against ours."""
    head = CLIPEContrastive(8)
    image_BD, text_CD = (torch.from_numpy(rng.normal(size=(n, 8)).astype(np.float32)) for n in (20, 5))
    moved_BD = head(image_BD).detach().double().numpy()
    moved_BD /= np.linalg.norm(moved_BD, axis=1, keepdims=True)
    words_CD = text_CD.double().numpy()
    words_CD /= np.linalg.norm(words_CD, axis=1, keepdims=True)
    cosine_BC = moved_BD @ words_CD.T
    released_BC = np.exp(cosine_BC) / np.exp(cosine_BC).sum(axis=1, keepdims=True)
    ours_BC = head.log_probability(image_BD, text_CD).exp().detach().double().numpy()
    tempered_BC = np.exp(cosine_BC / 0.075) / np.exp(cosine_BC / 0.075).sum(axis=1, keepdims=True)
    np.testing.assert_allclose(ours_BC, tempered_BC, atol=1e-5)
    assert (ours_BC.argmax(axis=1) == released_BC.argmax(axis=1)).all()
    assert (ours_BC.max(axis=1) > released_BC.max(axis=1)).all()


def test_what_does_not_fit_is_said(tmp_path, rng, tiny_clip):
    with pytest.raises(ConfigError, match="has 5 classes, but mikels8 has 8 labels"):
        load(f"keras:{write(tmp_path / 'a.hdf5', rng, 'preds', 5)}@{tiny_clip}", "mikels8")
    with pytest.raises(ConfigError, match=r"takes embeddings of width 8, but .* gives 16"):
        load(f"keras:{write(tmp_path / 'b.hdf5', rng, 'preds', 6, width=8)}@{tiny_clip}", "parrott6")
