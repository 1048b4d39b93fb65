"""Into shards and back: the same bytes, the same batches, from a disk or a store."""

import tarfile
from dataclasses import replace

import numpy as np
import pytest
import torch
from torch.utils.data import DataLoader

from emolens.data.loaders.two_view import TwoViewDataset
from emolens.data.manifest import Manifest
from emolens.data.shards import ShardReader, read_index, write_shards
from emolens.errors import ConfigError, DataError
from emolens.models.backbones.vit import evaluation_preprocess
from emolens.training.sampler import EpochSampler


def write(manifest, folder):
    """About three pictures a shard."""
    return write_shards(manifest, folder, 3 * manifest.paths()[0].stat().st_size / 1e6)


def test_every_byte_comes_back(small, tmp_path):
    written = write(small, tmp_path / "shards")
    assert written.frame["shard"].nunique() >= 3
    index = read_index(tmp_path / "shards")
    index.validate()
    assert index.frame["id"].tolist() == small.frame["id"].tolist()
    rows = list(np.random.default_rng(0).permutation(12))
    assert ShardReader(index).read(rows) == [small.paths()[row].read_bytes() for row in rows]
    assert not (tmp_path / "shards/plan.json").exists()


def test_any_tar_unpacks_them(small, tmp_path):
    index = write(small, tmp_path / "shards")
    for row, path in enumerate(index.frame["path"]):
        shard, member = path.split("/")
        with tarfile.open(tmp_path / "shards" / shard) as tar:
            assert tar.extractfile(member).read() == small.paths()[row].read_bytes()


def test_the_same_batches_as_from_files_from_a_disk_and_from_a_store(small, tmp_path):
    manifest = replace(small, frame=small.frame.assign(text="a text"))
    write(manifest, tmp_path / "shards")
    sources = [manifest, Manifest.read(tmp_path / "shards/index.parquet"), read_index(tmp_path / "shards")]
    sources.append(read_index((tmp_path / "shards").as_uri()))
    batches = [TwoViewDataset(source, evaluation_preprocess(32), need_boxes=False)[[3, 11, 0]] for source in sources]
    for batch in batches[1:]:
        torch.testing.assert_close(batch, batches[0])


@pytest.mark.parametrize(("workers", "remote"), [(0, False), (2, False), (0, True)])
def test_an_epoch_goes_on_in_its_middle(small, tmp_path, workers, remote):
    write(small, tmp_path / "shards")
    index = read_index((tmp_path / "shards").as_uri() if remote else tmp_path / "shards")

    def batches(first):
        dataset = TwoViewDataset(index, evaluation_preprocess(32), need_boxes=False)
        dataset.set_epoch(2)
        sampler = EpochSampler(12, 3, seed=5)
        sampler.start(2, first)
        return list(DataLoader(dataset, sampler=sampler, batch_size=None, num_workers=workers))

    whole, rest = batches(0), batches(2)
    assert len(whole) == 4
    torch.testing.assert_close(rest, whole[2:])


def test_an_interrupted_run_goes_on(small, tmp_path, monkeypatch):
    from emolens.data.shards import write as shards

    done = []
    real = shards._write_tar

    def stops(place, *rest):
        if len(done) == 2:
            raise KeyboardInterrupt
        real(place, *rest)
        done.append(place)

    monkeypatch.setattr(shards, "_write_tar", stops)
    with pytest.raises(KeyboardInterrupt):
        write(small, tmp_path / "shards")
    assert not (tmp_path / "shards/index.parquet").exists()
    kept = {path: path.stat().st_mtime_ns for path in done}
    monkeypatch.setattr(shards, "_write_tar", real)
    index = write(small, tmp_path / "shards")
    assert {path: path.stat().st_mtime_ns for path in done} == kept
    assert ShardReader(index).read([11]) == [small.paths()[11].read_bytes()]


def test_the_same_files_give_the_same_shards(small, tmp_path):
    write(small, tmp_path / "one")
    write(small, tmp_path / "two")
    for path in (tmp_path / "one").glob("*.tar"):
        assert path.read_bytes() == (tmp_path / "two" / path.name).read_bytes()


def test_other_shards_are_not_written_over(small, tmp_path):
    write(small, tmp_path / "shards")
    with pytest.raises(ConfigError, match="holds other shards; choose an empty folder"):
        write(small, tmp_path / "shards")
    with pytest.raises(ConfigError, match="is the index of shards already"):
        write_shards(read_index(tmp_path / "shards"), tmp_path / "again")
    with pytest.raises(ConfigError, match="must be above 0"):
        write_shards(small, tmp_path / "none", 0)


def test_vanished_pictures_are_named_before_anything_is_written(small, tmp_path):
    for row in (2, 5, 6, 7):
        small.paths()[row].unlink()
    with pytest.raises(
        DataError, match=r"4 of 12 files are missing: .*02.png, .*05.png, .*06.png, \.\.\.; `emolens data verify`"
    ):
        write(small, tmp_path / "shards")
    assert not (tmp_path / "shards").exists()


def test_damage_is_found_and_costs_a_row(small, tmp_path, capsys):
    index = write(small, tmp_path / "shards")
    row = index.frame.iloc[4]
    path = tmp_path / "shards" / row["shard"]
    content = bytearray(path.read_bytes())
    content[row["offset"] + 20] ^= 0xFF
    path.write_bytes(content)
    (got,) = ShardReader(index).read([4])
    assert f"is damaged at byte {row['offset']} (row 4); copy this shard again" in got
    dataset = TwoViewDataset(index, evaluation_preprocess(32), need_boxes=False)
    assert dataset[[3, 4]]["row"].tolist() == [3, 5]
    assert "copy this shard again; the next picture is taken instead" in capsys.readouterr().err


def test_a_missing_shard_and_a_missing_index(small, tmp_path):
    index = write(small, tmp_path / "shards")
    (tmp_path / "shards/shard-00000.tar").unlink()
    for location in (tmp_path / "shards", (tmp_path / "shards").as_uri()):
        (got, fine) = ShardReader(read_index(location)).read([0, 11])
        assert "shard-00000.tar: cannot be read" in got
        assert isinstance(fine, bytes)
    for location in (tmp_path / "nothing", (tmp_path / "nothing").as_uri()):
        with pytest.raises(DataError, match=r"nothing/index.parquet: (no such|cannot be read)"):
            read_index(location)
    replace(index, frame=index.frame.drop(columns="offset")).write(tmp_path / "shards/index.parquet")
    with pytest.raises(DataError, match=r"index\.parquet: is not that of shards"):
        read_index(tmp_path / "shards")
