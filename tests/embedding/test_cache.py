import json
import os
import shutil
from pathlib import Path

import numpy as np
import pytest
import torch

from emolens.embedding import cache as cache_module
from emolens.embedding.cache import EmbeddingCache
from emolens.errors import DataError
from emolens.models.backbones.base import Backbone
from emolens.models.preprocess import Preprocess


class Means(Backbone):
    def __init__(self, weight=1.0):
        small = Preprocess((8, 8), (8, 8), "shortest", "bilinear", (0.0, 0.0, 0.0), (1.0, 1.0, 1.0))
        super().__init__("means", embed_dim=3, preprocess=small)
        self.weight = torch.nn.Parameter(torch.tensor(weight))
        self.transformed = self.encoded = 0
        self.stop_after = None

    def transform(self, image_HWC):
        self.transformed += 1
        return super().transform(image_HWC)

    def features(self, batch):
        if self.stop_after is not None and self.encoded >= self.stop_after:
            raise KeyboardInterrupt
        self.encoded += len(batch)
        return batch.mean((2, 3)) * self.weight


@pytest.fixture
def files(tmp_path, picture):
    return [picture(tmp_path / "pictures" / f"{seed}.png", seed) for seed in range(9)]


def parts(cache, kind="part"):
    return sorted(cache.directory.glob(f"{kind}-*.arrow"))


def test_a_second_run_computes_nothing_and_reads_nothing(files, tmp_path, monkeypatch):
    first = EmbeddingCache(tmp_path / "c", Means()).embed(files, 4)
    assert (first.encoded, first.reused, first.errors) == (9, 0, {})
    monkeypatch.setattr("emolens.embedding.encode.read_content", None)  # reading any file would now fail
    backbone = Means()
    second = EmbeddingCache(tmp_path / "c", backbone).embed(files, 4)
    assert (second.encoded, second.reused, backbone.transformed) == (0, 9, 0)
    assert np.array_equal(first.embedding_ND, second.embedding_ND)
    assert second.embedding_ND.dtype == np.float32


def test_a_content_is_computed_once_whatever_its_name(files, tmp_path):
    copies = [shutil.copy(path, tmp_path / f"copy {path.name}") for path in files]
    backbone = Means()
    found = EmbeddingCache(tmp_path / "c", backbone).embed([*files, *copies], 4)
    assert (found.encoded, found.reused) == (9, 9)
    assert backbone.encoded == 9
    assert np.array_equal(found.embedding_ND[:9], found.embedding_ND[9:])
    shutil.move(files[0], tmp_path / "moved.png")
    assert EmbeddingCache(tmp_path / "c", backbone).embed([tmp_path / "moved.png"]).encoded == 0


def test_a_person_is_known_by_content_and_box(files, tmp_path):
    paths = [files[0], files[0], files[0], files[1]]
    boxes = [None, (4.0, 6.0, 20.0, 40.0), (30.5, 2.25, 60.0, 30.0), (4.0, 6.0, 20.0, 40.0)]
    found = EmbeddingCache(tmp_path / "c", Means()).embed(paths, boxes=boxes)
    assert found.encoded == 4
    assert len(np.unique(found.embedding_ND, axis=0)) == 4
    copy = Path(shutil.copy(files[0], tmp_path / "copy.jpg"))
    again = Means()
    repeated = EmbeddingCache(tmp_path / "c", again).embed([copy, *paths], boxes=[boxes[2], *boxes])
    assert (repeated.encoded, again.encoded) == (0, 0)
    assert np.array_equal(repeated.embedding_ND, found.embedding_ND[[2, 0, 1, 2, 3]])
    moved = EmbeddingCache(tmp_path / "c", again).embed([files[0]], boxes=[(4.0, 6.0, 21.0, 40.0)])
    assert moved.encoded == 1


def test_a_changed_file_is_computed_again(files, tmp_path, picture):
    before = EmbeddingCache(tmp_path / "c", Means()).embed(files)
    found = os.stat(files[3])
    picture(files[3], seed=77)
    os.utime(files[3], ns=(found.st_atime_ns, found.st_mtime_ns + 1_000_000))
    after = EmbeddingCache(tmp_path / "c", Means()).embed(files)
    assert after.encoded == 1
    changed = (before.embedding_ND != after.embedding_ND).any(1)
    assert changed.nonzero()[0].tolist() == [3]
    assert EmbeddingCache(tmp_path / "c", Means()).embed(files).encoded == 0


def test_failures_are_reported_each_time_and_not_kept(files, tmp_path, picture):
    bad = tmp_path / "bad.png"
    bad.write_bytes(b"text")
    shutil.copy(bad, tmp_path / "bad copy.png")
    sources = [files[0], bad, tmp_path / "bad copy.png", tmp_path / "none.png", files[1]]
    for encoded in (2, 0):
        found = EmbeddingCache(tmp_path / "c", Means()).embed(sources)
        assert found.encoded == encoded
        assert sorted(found.errors) == [1, 2, 3]
        for row in (1, 2, 3):
            assert found.errors[row].startswith(str(sources[row]))
        assert np.isnan(found.embedding_ND[1:4]).all()
        assert np.isfinite(found.embedding_ND[[0, 4]]).all()
    picture(bad, seed=5)
    assert sorted(EmbeddingCache(tmp_path / "c", Means()).embed(sources).errors) == [2, 3]


def test_an_interrupted_run_goes_on_where_it_was(files, tmp_path, monkeypatch):
    expected = EmbeddingCache(tmp_path / "whole", Means()).embed(files).embedding_ND
    monkeypatch.setattr(cache_module, "PART_SIZE", 2)
    backbone = Means()
    backbone.stop_after = 6
    with pytest.raises(KeyboardInterrupt):
        EmbeddingCache(tmp_path / "c", backbone).embed(files, 2)
    again = Means()
    found = EmbeddingCache(tmp_path / "c", again).embed(files, 2)
    assert (found.encoded, again.encoded) == (3, 3)
    assert np.array_equal(found.embedding_ND, expected)


@pytest.mark.parametrize("damage", ["cut", "flipped", "empty", "text"])
def test_a_damaged_part_is_ignored_and_computed_again(files, tmp_path, capsys, damage):
    cache = EmbeddingCache(tmp_path / "c", Means())
    expected = cache.embed(files).embedding_ND
    [path] = parts(cache)
    content = bytearray(path.read_bytes())
    value = content.index(expected[4].tobytes())
    content[value] ^= 1
    path.write_bytes({"cut": content[:-40], "flipped": content, "empty": b"", "text": b"not Arrow" * 20}[damage])
    capsys.readouterr()
    found = EmbeddingCache(tmp_path / "c", Means()).embed(files)
    message = capsys.readouterr().err
    assert f"{path}: is damaged" in message
    assert "computed again" in message
    assert found.encoded == 9
    assert np.array_equal(found.embedding_ND, expected)


def test_a_part_of_another_width_is_ignored(files, tmp_path, capsys):
    cache = EmbeddingCache(tmp_path / "c", Means())
    cache.embed(files)
    cache.backbone.embed_dim = 2
    cache._add_part({b"x" * 32: np.zeros(2, np.float32)})
    assert EmbeddingCache(tmp_path / "c", Means()).embed(files).encoded == 0
    assert "its embeddings are (1, 2)" in capsys.readouterr().err


def test_damaged_memory_of_paths_costs_reading_only(files, tmp_path):
    cache = EmbeddingCache(tmp_path / "c", Means())
    cache.embed(files)
    for path in parts(cache, "seen"):
        path.write_bytes(b"")
    assert EmbeddingCache(tmp_path / "c", Means()).embed(files).encoded == 0


def test_backbones_share_a_folder(files, tmp_path):
    one = EmbeddingCache(tmp_path / "c", Means(1.0)).embed(files)
    two = EmbeddingCache(tmp_path / "c", Means(2.0)).embed(files)
    assert two.encoded == 9
    np.testing.assert_allclose(two.embedding_ND, 2 * one.embedding_ND, rtol=1e-6)
    assert len(list((tmp_path / "c").iterdir())) == 2


@pytest.mark.parametrize(
    ("field", "value"), [("fingerprint", "0" * 64), ("embed_dim", 4), ("format", 99), ("fingerprint", None)]
)
def test_a_folder_of_something_else_is_refused(tmp_path, field, value):
    cache = EmbeddingCache(tmp_path / "c", Means())
    meta = json.loads((cache.directory / "meta.json").read_text())
    (cache.directory / "meta.json").write_text(json.dumps({**meta, field: value}))
    with pytest.raises(DataError, match=f"{field} is {value}.*delete that folder"):
        EmbeddingCache(tmp_path / "c", Means())


def test_a_broken_meta_is_named(tmp_path):
    cache = EmbeddingCache(tmp_path / "c", Means())
    (cache.directory / "meta.json").write_text("{")
    with pytest.raises(DataError, match=r"meta\.json"):
        EmbeddingCache(tmp_path / "c", Means())


def test_a_place_that_cannot_be_written(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(DataError, match="cannot be written"):
        EmbeddingCache(tmp_path / "file", Means())


def test_a_full_disk_is_an_error_and_nothing_is_half_written(files, tmp_path, monkeypatch):
    cache = EmbeddingCache(tmp_path / "c", Means())

    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("pyarrow.ipc.new_file", full)
    with pytest.raises(DataError, match="the disk is full"):
        cache.embed(files)
    assert sorted(path.name for path in cache.directory.iterdir()) == ["meta.json"]


def test_file_names_need_not_be_text(files, tmp_path):
    odd = os.fsencode(tmp_path) + b"/\xff\xfe.png"
    shutil.copy(files[0], odd)
    cache = EmbeddingCache(tmp_path / "c", Means())
    assert cache.embed([os.fsdecode(odd)]).encoded == 1
    assert EmbeddingCache(tmp_path / "c", Means()).embed([os.fsdecode(odd)]).encoded == 0


def test_an_empty_list(tmp_path):
    found = EmbeddingCache(tmp_path / "c", Means()).embed([])
    assert found.embedding_ND.shape == (0, 3)
    assert (found.encoded, found.reused) == (0, 0)


def test_two_at_once_do_not_disturb_each_other(files, tmp_path):
    one, two = EmbeddingCache(tmp_path / "c", Means()), EmbeddingCache(tmp_path / "c", Means())
    a, b = one.embed(files), two.embed(files[::-1])
    assert np.array_equal(a.embedding_ND, b.embedding_ND[::-1])
    assert len(parts(one)) == 2
    assert len(EmbeddingCache(tmp_path / "c", Means())) == 9
