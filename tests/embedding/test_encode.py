import hashlib
import os
import signal
import subprocess
import sys
import threading

import numpy as np
import pytest
import torch

from emolens.embedding.encode import MAX_ROWS, default_workers, embedding_key, encode_files
from emolens.errors import ConfigError
from emolens.media.image import read_image
from emolens.models.backbones.base import Backbone
from emolens.models.preprocess import Preprocess
from emolens.people.crop import person_part


class Means(Backbone):
    """The mean colour of a small picture: cheap, and different for different pictures."""

    def __init__(self):
        small = Preprocess((8, 8), (8, 8), "shortest", "bilinear", (0.0, 0.0, 0.0), (1.0, 1.0, 1.0))
        super().__init__("means", embed_dim=3, preprocess=small)
        self.sizes = []

    def features(self, batch):
        self.sizes.append(len(batch))
        return batch.mean((2, 3))


@pytest.fixture
def files(tmp_path, picture):
    return [picture(tmp_path / f"{seed}.jpg", seed) for seed in range(11)]


def gathered(batches):
    index, rows, errors, sha256 = [], [], {}, []
    for batch in batches:
        assert len(batch.index) == len(batch.embedding_BD) == len(batch.sha256)
        assert set(batch.errors) <= set(batch.index)
        index += batch.index
        rows += list(batch.embedding_BD)
        errors |= batch.errors
        sha256 += batch.sha256
    return index, np.array(rows), errors, sha256


@pytest.mark.parametrize("workers", [1, 3])
@pytest.mark.parametrize("batch_size", [1, 4, 50])
def test_order_and_values_equal_the_plain_loop(files, workers, batch_size):
    backbone = Means()
    expected = np.stack([backbone.encode_image(backbone.transform(read_image(p, 8))[None])[0].numpy() for p in files])
    backbone.sizes.clear()
    index, embedding, errors, sha256 = gathered(encode_files(backbone, files, batch_size, workers))
    assert index == list(range(11))
    assert not errors
    np.testing.assert_allclose(embedding, expected, rtol=1e-5)
    assert sha256 == [hashlib.sha256(p.read_bytes()).hexdigest() for p in files]
    assert all(size == batch_size for size in backbone.sizes[:-1])


BOXES = [None, (4.0, 6.0, 20.0, 40.0), (30.5, 2.25, 60.0, 30.0), None]


@pytest.mark.parametrize("batch_size", [1, 3, 50])
def test_a_box_embeds_the_person_with_context_of_the_whole_picture(files, batch_size):
    paths = [files[0], files[0], files[0], files[1]]
    backbone = Means()
    parts = [
        read_image(path, 8) if box is None else person_part(read_image(path), box, "")
        for path, box in zip(paths, BOXES, strict=True)
    ]
    expected = np.stack([backbone.encode_image(backbone.transform(part)[None])[0].numpy() for part in parts])
    index, embedding, errors, sha256 = gathered(encode_files(backbone, paths, batch_size, boxes=BOXES))
    assert (index, errors) == ([0, 1, 2, 3], {})
    np.testing.assert_allclose(embedding, expected, rtol=1e-5)
    assert len(set(sha256)) == 2
    assert len(np.unique(embedding, axis=0)) == 4


def test_a_picture_of_many_persons_is_read_once_for_some_of_them(files, monkeypatch):
    from emolens.embedding import encode as module

    read = []

    def counting(content, *least):
        read.append(least)
        return read_image(content, *least)

    monkeypatch.setattr(module, "read_image", counting)
    gathered(encode_files(Means(), [files[0]] * 9, boxes=[None, *[(float(k), 0.0, k + 20.0, 40.0) for k in range(8)]]))
    assert read == [(8,), (), ()]  # the scene, and the persons by eights: seven beside it, then one


def test_a_box_outside_its_picture_fails_alone(files):
    boxes = [(0.0, 0.0, 30.0, 400.0), (0.0, 0.0, 30.0, 40.0), None]
    _, embedding, errors, _ = gathered(encode_files(Means(), [files[0], files[0], files[1]], boxes=boxes))
    assert list(errors) == [0]
    assert errors[0].startswith(f"{files[0]}: box [0.0, 0.0, 30.0, 400.0] is outside its picture of 64 x 48 pixels")
    assert np.isfinite(embedding[1:]).all()


def test_the_key_is_of_the_content_and_of_every_digit_of_the_box():
    sha = hashlib.sha256(b"x").hexdigest()
    boxes = [None, (0.0, 0.0, 1.0, 1.0), (0.0, 0.0, 1.0, 1.0 + 1e-12), (0.0, 0.0, 1.0, 2.0)]
    keys = [embedding_key(sha, box) for box in boxes]
    assert keys[0] == sha
    assert len(set(keys)) == 4
    assert all(len(key) == 64 for key in keys)


def test_bad_files_become_errors_and_batches_stay_full(files, tmp_path):
    bad = {
        "none.jpg": None,
        "empty.jpg": b"",
        "text.jpg": b"not a picture",
        "cut.jpg": files[0].read_bytes()[:300],
    }
    for name, content in bad.items():
        if content is not None:
            (tmp_path / name).write_bytes(content)
    os.mkfifo(tmp_path / "pipe.jpg")
    (tmp_path / "folder.jpg").mkdir()
    names = [*bad, "pipe.jpg", "folder.jpg"]
    sources = [*(tmp_path / name for name in names), *files]
    backbone = Means()
    index, embedding, errors, sha256 = gathered(encode_files(backbone, sources, 4))
    assert index == list(range(17))
    assert sorted(errors) == list(range(6))
    for place, name in enumerate(names):
        assert errors[place].startswith(str(tmp_path / name)), errors[place]
        assert "in memory" not in errors[place]
    assert "no such file" in errors[0]
    assert "empty" in errors[1]
    assert "folder" in errors[5]
    assert np.isnan(embedding[:6]).all()
    assert np.isfinite(embedding[6:]).all()
    assert backbone.sizes == [4, 4, 3]
    assert sha256[0] == ""


def test_a_name_no_file_can_have(files):
    _, _, errors, _ = gathered(encode_files(Means(), ["a\0b.jpg", files[0]]))
    assert list(errors) == [0]


def test_nothing_to_do():
    assert list(encode_files(Means(), [])) == []


def test_unwanted_contents_are_hashed_but_not_embedded(files):
    unwanted = hashlib.sha256(files[2].read_bytes()).hexdigest()
    backbone = Means()
    _, embedding, errors, sha256 = gathered(encode_files(backbone, files, 50, wanted=lambda sha: sha != unwanted))
    assert np.isnan(embedding[2]).all()
    assert np.isfinite(np.delete(embedding, 2, 0)).all()
    assert not errors
    assert sha256[2] == unwanted
    assert backbone.sizes == [10]


def test_an_embedding_that_is_not_finite_is_an_error(files):
    class Overflowing(Means):
        def features(self, batch):
            result = super().features(batch)
            result[1, 0] = float("inf")
            return result

    _, embedding, errors, _ = gathered(encode_files(Overflowing(), files[:3]))
    assert list(errors) == [1]
    assert "overflows in fp32" in errors[1]
    assert np.isnan(embedding[1]).all()


def test_memory_is_bounded_by_the_batch(files):
    """However far the consumer is behind, no more than a batch and a few are loaded."""
    alive, most, lock = 0, 0, threading.Lock()

    class Counting(Means):
        def transform(self, image_HWC):
            nonlocal alive, most
            with lock:
                alive += 1
                most = max(most, alive)
            return super().transform(image_HWC)

        def features(self, batch):
            nonlocal alive
            with lock:
                alive -= len(batch)
            return super().features(batch)

    for _ in encode_files(Counting(), files * 10, 4, workers=2):
        pass
    assert most <= 4 + (4 + 2 * 2)


def test_a_thousand_bad_files_do_not_pile_up(tmp_path):
    sizes = [len(batch.index) for batch in encode_files(Means(), [tmp_path / "none"] * 100, 4)]
    assert max(sizes) == MAX_ROWS * 4
    assert sum(sizes) == 100


def test_a_caller_that_stops_listening_stops_the_threads(files):
    batches = encode_files(Means(), files * 50, 2, workers=2)
    next(batches)
    batches.close()
    for thread in threading.enumerate():
        if thread.name.startswith("emolens-load"):
            thread.join()


@pytest.mark.parametrize("bad", [{"batch_size": 0}, {"workers": 0}])
def test_sizes_below_one(files, bad):
    with pytest.raises(ConfigError, match="at least 1"):
        encode_files(Means(), files, **bad)


def test_workers_fit_the_machine():
    assert 1 <= default_workers() <= min(16, os.cpu_count())


ENDLESS = """
import sys
from pathlib import Path
sys.path.insert(0, {folder!r})
from test_encode import Means
from emolens.embedding.encode import encode_files
for batch in encode_files(Means(), [Path({path!r})] * 10_000_000, 4, workers=2):
    print("working", flush=True)
"""


def test_ctrl_c_stops_promptly(files):
    code = ENDLESS.format(folder=os.path.dirname(__file__), path=str(files[0]))
    with subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        assert process.stdout.readline() == b"working\n"
        process.send_signal(signal.SIGINT)
        _, error = process.communicate()
    assert process.returncode in (-signal.SIGINT, 130)
    assert b"KeyboardInterrupt" in error


@pytest.mark.gpu
@pytest.mark.skipif(not torch.cuda.is_available(), reason="no CUDA device")
def test_cuda_equals_cpu(tiny_clip, files):
    from emolens.compute import ComputeConfig
    from emolens.models.backbones.load import load_backbone

    found = [
        gathered(encode_files(load_backbone(tiny_clip, ComputeConfig(device, "fp32")), files))[1]
        for device in ("cpu", "cuda")
    ]
    np.testing.assert_allclose(found[0], found[1], atol=1e-3)
