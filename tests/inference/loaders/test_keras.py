import numpy as np
import pytest

from emolens import load
from emolens.errors import ConfigError

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
    again = load(f"run:{tmp_path / 'run'}", device="cpu", precision="fp32").predict(pictures)
    assert [row.scores for row in again] == [row.scores for row in model.predict(pictures)]
    assert again[0].label_space == space


def test_the_number_of_classes_says_which_labels_of_webemo_they_are(tmp_path, rng, tiny_clip):
    path = write(tmp_path / "webemo.hdf5", rng, "preds", 25)
    assert load(f"keras:{path}@{tiny_clip}").own_label_space.name == "parrott25"
    mapped = load(f"keras:{path}@{tiny_clip}", "polarity2")
    assert (mapped.own_label_space.name, mapped.label_space.name, mapped.mapping) == ("parrott25", "polarity2", "exact")


def test_what_does_not_fit_is_said(tmp_path, rng, tiny_clip):
    with pytest.raises(ConfigError, match="has 5 classes, but mikels8 has 8 labels"):
        load(f"keras:{write(tmp_path / 'a.hdf5', rng, 'preds', 5)}@{tiny_clip}", "mikels8")
    with pytest.raises(ConfigError, match=r"takes embeddings of width 8, but .* gives 16"):
        load(f"keras:{write(tmp_path / 'b.hdf5', rng, 'preds', 6, width=8)}@{tiny_clip}", "parrott6")
