"""Shards behind a real S3 interface: moto's server on this machine, asked through s3fs."""

import os
import urllib.request

import pytest
import torch

from emolens.cli.main import main
from emolens.data.loaders.batch_loader import BatchLoader
from emolens.data.loaders.two_view import TwoViewDataset
from emolens.data.shards import ShardCacheConfig, ShardReader, fill_cache, read_index, write_shards
from emolens.errors import ConfigError, DataError
from emolens.models.backbones.vit import evaluation_preprocess

pytest.importorskip("s3fs", reason="no s3fs; install the extra dev")
pytest.importorskip("moto.server", reason="no moto server; install the extra dev")


@pytest.fixture
def server(monkeypatch):
    from moto.server import ThreadedMotoServer

    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0)
    server.start()
    host, port = server.get_host_and_port()
    monkeypatch.setenv("AWS_ENDPOINT_URL", f"http://{host}:{port}")
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "test")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    import s3fs

    s3fs.S3FileSystem.clear_instance_cache()  # of the server of another test
    forget(os.environ["AWS_ENDPOINT_URL"])  # moto keeps one state in a process
    yield os.environ["AWS_ENDPOINT_URL"]
    server.stop()


def forget(server):
    """No bucket is left."""
    urllib.request.urlopen(urllib.request.Request(f"{server}/moto-api/reset", method="POST"))


@pytest.fixture
def shards(small, tmp_path, server):
    """s3://emotions/set, with twelve pictures in some shards."""
    import s3fs

    write_shards(small, tmp_path / "shards", 3 * small.paths()[0].stat().st_size / 1e6)
    store = s3fs.S3FileSystem()
    store.mkdir("emotions")
    store.put(str(tmp_path / "shards") + "/", "emotions/set", recursive=True)
    return "s3://emotions/set"


def test_rows_come_out_of_a_bucket(shards, small):
    index = read_index(shards)
    assert index.frame["id"].tolist() == small.frame["id"].tolist()
    reader = ShardReader(index)
    reader.expect([7, 1])
    rows = [7, 1, 11]
    assert reader.read(rows) == [small.paths()[row].read_bytes() for row in rows]


def test_loading_processes_read_a_bucket_each_for_itself(shards, small):
    index = read_index(shards)  # with a connection of this process, which the others must not use
    local, remote = (
        TwoViewDataset(manifest, evaluation_preprocess(32), need_boxes=False) for manifest in (small, index)
    )
    lists = [[0, 5, 3, 9], [2, 11, 7, 1]]
    for one, other in zip(BatchLoader(local, lists), BatchLoader(remote, lists, 2), strict=True):
        assert torch.equal(one["scene"], other["scene"])


def test_a_cache_spares_the_bucket(shards, small, tmp_path, server):
    index = read_index(shards, ShardCacheConfig(tmp_path / "cache"))
    assert fill_cache(index, ShardCacheConfig(tmp_path / "cache")) == index.frame["shard"].nunique()
    forget(server)
    assert ShardReader(index).read(range(12)) == [path.read_bytes() for path in small.paths()]


def test_what_is_not_there_is_said(shards, server):
    import s3fs

    with pytest.raises(DataError, match=r"s3://emotions/none/index\.parquet: cannot be read"):
        read_index("s3://emotions/none")
    with pytest.raises(DataError, match=r"s3://no-such-bucket/set/index\.parquet: cannot be read"):
        read_index("s3://no-such-bucket/set")
    index = read_index(shards)
    s3fs.S3FileSystem().rm("emotions/set/shard-00000.tar")
    (gone, fine) = ShardReader(index).read([0, 11])
    assert "s3://emotions/set/shard-00000.tar: cannot be read" in gone
    assert isinstance(fine, bytes)


def test_a_training_reads_a_bucket_and_leaves_a_cache(shards, small, tmp_path):
    from dataclasses import replace

    import s3fs

    frame = small.frame.assign(split=["train"] * 8 + ["val"] * 4)
    write_shards(replace(small, frame=frame), tmp_path / "split")
    s3fs.S3FileSystem().put(str(tmp_path / "split") + "/", "emotions/split", recursive=True)
    sizes = "--image-size 32 --patch-size 8 --embed-dim 24 --depth 1 --num-heads 2 --decoder-depth 1"
    parts = "--decoder-num-heads 2 --decoder-embed-dim 16 --similarity 0 --contrastive 0 --no-persons"
    length = "--epochs 2 --warmup-epochs 0 --batch-size 4 --workers 1 --device cpu --start random"
    where = ["--data", "s3://emotions/split", "--out", str(tmp_path / "run"), "--shard-cache", str(tmp_path / "cache")]
    assert main(["train", "uniemox_pretrain_tiny", *where, *sizes.split(), *parts.split(), *length.split()]) == 0
    assert (tmp_path / "run/model.safetensors").exists()


def test_an_unknown_kind_of_address_and_a_missing_package():
    with pytest.raises(ConfigError, match="nonsense://bucket: cannot be understood"):
        read_index("nonsense://bucket")
