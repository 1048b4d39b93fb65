import importlib.util
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from emolens.data.adapter import import_dataset
from emolens.models.affective.features import affective_features
from emolens.taxonomy import get_label_space

EXAMPLES = Path(__file__).resolve().parents[2] / "examples"

spec = importlib.util.spec_from_file_location("drawn", EXAMPLES / "drawn.py")
assert spec is not None
assert spec.loader is not None
drawn = importlib.util.module_from_spec(spec)
spec.loader.exec_module(drawn)


def test_scenes_are_the_labels_of_mikels8():
    assert set(drawn.SCENES) == set(get_label_space("mikels8").labels)


@pytest.mark.parametrize("label", list(drawn.SCENES))
def test_same_seed_same_picture_other_seed_other_picture(label):
    first, again, other = (np.asarray(drawn.draw(label, seed)) for seed in (3, 3, 4))
    assert first.shape == (240, 320, 3)
    assert first.dtype == np.uint8
    assert np.array_equal(first, again)
    assert np.abs(first.astype(int) - other).mean() > 1
    assert first.std() > 3


def test_class_folders_import(tmp_path):
    paths = drawn.write_drawn(tmp_path, per_label=2, seed=1)
    manifest = import_dataset("imagefolder", tmp_path)
    assert len(paths) == len(manifest) == 16
    assert sorted(manifest.frame["label"].unique()) == sorted(drawn.SCENES)


def test_there_is_something_to_learn():
    """Nearest neighbour on the features beats chance (1 in 8) by far, so a small head has a signal."""
    labels = list(drawn.SCENES)
    features = np.array([[affective_features(np.asarray(drawn.draw(n, s))) for s in range(4)] for n in labels])
    flat = features.reshape(32, -1)
    flat = ((flat - flat.mean(0)) / (flat.std(0) + 1e-6)).clip(-3, 3)
    distance = np.abs(flat[:, None] - flat[None]).sum(axis=2) + 1e9 * np.eye(32)
    assert (distance.argmin(axis=1) // 4 == np.arange(32) // 4).mean() > 0.6


def test_photographs_are_credited_and_small():
    folder = EXAMPLES / "pictures"
    credits = (folder / "CREDITS.md").read_text()
    photographs = sorted(folder.glob("*.jpg"))
    assert len(photographs) == 12
    for path in photographs:
        assert f"`{path.name}`" in credits
        with Image.open(path) as image:
            assert max(image.size) <= 400
    assert sum(path.stat().st_size for path in photographs) < 500_000
