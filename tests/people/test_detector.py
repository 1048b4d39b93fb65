"""Decoding, sizes, batches, bad files; and the real network on real photographs."""

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from emolens.errors import ConfigError, WeightsError
from emolens.media.image import read_image
from emolens.people.detector import Detector

BIG, SMALL = ((4.0, 8.0, 44.0, 60.0), 0.9), ((46.0, 30.0, 62.0, 62.0), 0.6)


def grey(height, width):
    return np.full((height, width, 3), 90, dtype=np.uint8)


def test_boxes_in_pixels_of_the_picture(yolox):
    detector = Detector(yolox(SMALL, BIG), "cpu")
    (found,) = detector.detect([grey(128, 128)])
    np.testing.assert_allclose(found.box_K4, [[8, 16, 88, 120], [92, 60, 124, 124]], rtol=1e-5)
    np.testing.assert_allclose(found.score_K, [0.9, 0.6], rtol=1e-6)
    assert found.box_K4.dtype == found.score_K.dtype == np.float32


@pytest.mark.parametrize("batch", [1, "batch"])
def test_pictures_of_different_sizes_at_once(yolox, batch):
    detector = Detector(yolox(BIG, batch=batch), "cpu")
    wide, tall = detector.detect([grey(64, 128), grey(256, 64)])
    np.testing.assert_allclose(wide.box_K4, [[8, 16, 88, 64]], rtol=1e-5)  # the rest lies in the grey
    np.testing.assert_allclose(tall.box_K4, [[16, 32, 64, 240]], rtol=1e-5)
    assert detector.detect([]) == []


@pytest.mark.parametrize("size", [(1, 1), (10, 4000), (4000, 10), (1, 7)])
def test_extreme_sizes_give_boxes_inside(yolox, size):
    for box in Detector(yolox(BIG, SMALL), "cpu").detect([grey(*size)])[0].box_K4:
        assert 0 <= box[0] < box[2] <= size[1]
        assert 0 <= box[1] < box[3] <= size[0]


def test_copies_are_suppressed_and_the_threshold_holds(yolox):
    twin = ((5.0, 0.0, 45.0, 51.0), 0.8)
    spec = yolox(BIG, twin, SMALL)
    assert Detector(spec, "cpu").detect([grey(64, 64)])[0].score_K == pytest.approx([0.9, 0.6])
    assert Detector(spec, "cpu", 0.7).detect([grey(64, 64)])[0].score_K == pytest.approx([0.9])


def test_only_persons(yolox):
    assert len(Detector(yolox(BIG, class_index=15), "cpu").detect([grey(64, 64)])[0]) == 0


def test_the_fingerprint_is_of_the_weights_not_of_the_threshold(yolox):
    one, other = yolox(BIG), yolox(SMALL)
    assert Detector(one, "cpu", 0.3).fingerprint == Detector(one, "cpu", 0.9).fingerprint
    assert Detector(one, "cpu").fingerprint != Detector(other, "cpu").fingerprint


def test_bad_detectors(yolox, tmp_path):
    with pytest.raises(WeightsError, match=r"no such weights file; a detector is \"yolox:PATH.onnx\""):
        Detector(f"yolox:{tmp_path / 'absent.onnx'}")
    (tmp_path / "broken.onnx").write_bytes(Path(yolox(BIG)[6:]).read_bytes()[:999])
    with pytest.raises(WeightsError, match=r"broken\.onnx: is not a readable ONNX network"):
        Detector(f"yolox:{tmp_path / 'broken.onnx'}")
    with pytest.raises(ConfigError, match="unknown detector"):
        Detector("detr:x.onnx")
    with pytest.raises(ConfigError, match='device "tpu"'):
        Detector(yolox(BIG), "tpu")
    with pytest.raises(ConfigError, match="score threshold 2"):
        Detector(yolox(BIG), "cpu", 2)


def test_a_network_of_another_kind(tmp_path, other_network):
    with pytest.raises(WeightsError, match=r"takes \[\[1, 224\]\]; YOLOX takes"):
        Detector(other_network((1, 224), (1, 10)), "cpu")
    with pytest.raises(WeightsError, match=r"gives \[1, 84, 7\]; YOLOX with the classes of COCO gives \(B, 84, 85\)"):
        Detector(other_network((1, 3, 64, 64), (1, 84, 7)), "cpu")


def test_without_onnxruntime_it_says_what_to_install(yolox):
    code = (
        "import sys; sys.modules['onnxruntime'] = None\n"
        f"from emolens.people.detector import Detector\nDetector({yolox(BIG)!r})"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert 'ConfigError: detecting persons needs onnxruntime: pip install "emolens[people]"' in done.stderr


@pytest.fixture(scope="module")
def real(shared):
    return Detector(f"yolox:{shared / 'models/yolox_nano.onnx'}", "cpu", threads=1)


@pytest.mark.shared
def test_real_people_are_found(shared, real):
    names = ["Sad face 1", "Sad face 3", "Soldiers 1", "Soldiers 4", "Doctor 2", "Wedding 1"]
    found = real.detect([read_image(shared / f"data/oasis/images/{name}.jpg") for name in names])
    for name, persons in zip(names, found, strict=True):
        assert len(persons), name
        assert persons.score_K[0] > 0.5, name
    face = found[0].box_K4[0]
    assert (face[2] - face[0]) * (face[3] - face[1]) > 0.3 * 500 * 400  # a face that fills the picture


@pytest.mark.shared
def test_nobody_in_galaxies_fireworks_and_grass(shared, real):
    paths = [
        p for kind in ("Galaxy", "Fireworks", "Grass") for p in (shared / "data/oasis/images").glob(f"{kind} *.jpg")
    ]
    assert len(paths) == 22
    assert all(len(persons) == 0 for persons in real.detect([read_image(path) for path in paths]))


@pytest.mark.shared
def test_a_box_follows_its_person(shared, real):
    """The same photograph shifted, enlarged or in a corner of a larger one: the box moves with it."""
    image = read_image(shared / "data/oasis/images/Sad face 1.jpg")
    height, width = image.shape[:2]
    (before,) = real.detect([image])
    larger = np.full((height + 120, width + 200, 3), 114, dtype=np.uint8)
    larger[120:, 200:] = image
    twice = image.repeat(2, axis=0).repeat(2, axis=1)
    moved, doubled = real.detect([larger, twice])
    np.testing.assert_allclose(moved.box_K4[0] - (200, 120, 200, 120), before.box_K4[0], atol=0.06 * width)
    np.testing.assert_allclose(doubled.box_K4[0] / 2, before.box_K4[0], atol=0.03 * width)
    assert [len(p) for p in real.detect([image[:1, :1], np.zeros((10, 4000, 3), np.uint8)])] == [0, 0]
