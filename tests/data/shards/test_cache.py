"""Copies of remote shards: checked, within a budget, shared, and never a reason to lose a row."""

import os
import shutil
import subprocess
import sys
from dataclasses import replace

import pytest

from emolens.data.shards import ShardCacheConfig, ShardReader, fill_cache, read_index, write_shards
from emolens.data.shards import cache as caching
from emolens.data.shards.store import RemoteStore
from emolens.errors import ConfigError


@pytest.fixture
def shards(small, tmp_path):
    """Twelve shards of one picture."""
    write_shards(small, tmp_path / "shards", 1e-9)
    return tmp_path / "shards"


@pytest.fixture
def config(tmp_path):
    return ShardCacheConfig(tmp_path / "cache")


@pytest.fixture
def unreachable(monkeypatch):
    """unreachable(): from now on the store answers no more."""

    def cut():
        def fails(self, *_):
            raise OSError("no route to host")

        for name in ("read", "copy", "size"):
            monkeypatch.setattr(RemoteStore, name, fails)

    return cut


def copies(config):
    return sorted(path for path in config.folder.iterdir() if not path.name.startswith("."))


def contents(small, rows):
    return [small.paths()[row].read_bytes() for row in rows]


def test_once_copied_nothing_is_asked_of_the_store(shards, small, config, unreachable):
    index = read_index(shards.as_uri(), config)
    assert fill_cache(index, config) == len(copies(config)) == 12
    unreachable()
    assert ShardReader(index).read(range(12)) == contents(small, range(12))
    assert fill_cache(index, config) == 12
    part = replace(index, frame=index.frame.iloc[[2, 9]].reset_index(drop=True))  # as a split is
    assert ShardReader(part).read([1, 0]) == contents(small, [9, 2])


def test_what_is_not_copied_yet_is_read_from_the_store(shards, small, config):
    index = read_index(shards.as_uri(), config)
    reader = ShardReader(index)
    assert reader.read([0, 11]) == contents(small, [0, 11])
    fill_cache(index, config)
    copies(config)[0].unlink()
    assert reader.read(range(12)) == contents(small, range(12))


def test_the_budget_holds_and_the_shards_of_this_data_set_stay(shards, small, config, capsys):
    index = read_index(shards.as_uri(), config)
    sizes = [path.stat().st_size for path in sorted(shards.glob("*.tar"))]
    small_config = replace(config, gigabytes=(sum(sizes[:2]) + 1) / 1e9)
    assert fill_cache(index, small_config) == 2
    assert "has 2 of 12 shards, the others stay remote" in capsys.readouterr().err
    before = copies(config)
    assert fill_cache(index, small_config) == 2
    assert copies(config) == before
    assert ShardReader(index).read(range(12)) == contents(small, range(12))


def test_copies_of_other_data_go_first_the_longest_unread_before_all(shards, small, tmp_path, config):
    index = read_index(shards.as_uri(), config)
    sizes = [path.stat().st_size for path in shards.glob("*.tar")]
    config.folder.mkdir()
    for age, name in enumerate(["new", "old", "older"]):
        (config.folder / f"{name}.tar").write_bytes(b"x" * max(sizes))
        os.utime(config.folder / f"{name}.tar", (1e9 - age, 1e9 - age))
    fill_cache(index, replace(config, gigabytes=(sum(sizes) + 1.5 * max(sizes)) / 1e9))
    assert [path.name for path in copies(config) if path.stem in ("new", "old", "older")] == ["new.tar"]
    assert len(copies(config)) == 13


def test_a_disk_without_space_is_left_alone(shards, config, monkeypatch, capsys):
    monkeypatch.setattr(caching, "SPARE", shutil.disk_usage("/").total)
    assert fill_cache(read_index(shards.as_uri(), config), config) == 0
    assert "stay remote" in capsys.readouterr().err


def test_other_bytes_than_the_index_says_are_never_kept(shards, config, capsys):
    index = read_index(shards.as_uri(), config)
    path = shards / "shard-00003.tar"
    content = bytearray(path.read_bytes())
    content[int(index.frame["offset"].iloc[3]) + 5] ^= 0xFF
    path.write_bytes(content)
    assert fill_cache(index, config) == 11
    assert "shard-00003.tar is damaged at byte" in capsys.readouterr().err
    assert len(copies(config)) == 11


def test_a_copy_that_has_rotted_is_read_from_the_store(shards, small, config):
    index = read_index(shards.as_uri(), config)
    fill_cache(index, config)
    for path in copies(config):
        path.write_bytes(b"\0" * path.stat().st_size)
    assert ShardReader(index).read(range(12)) == contents(small, range(12))


def test_other_shards_under_the_same_address_are_other_copies(shards, small, config):
    fill_cache(read_index(shards.as_uri(), config), config)
    small.paths()[0].write_bytes(small.paths()[1].read_bytes())
    shutil.rmtree(shards)
    write_shards(small, shards, 1e-9)
    index = read_index(shards.as_uri(), config)
    fill_cache(index, config)
    assert ShardReader(index).read([0]) == contents(small, [1])


def test_two_processes_copy_each_shard_once(shards, config):
    code = f"""
from pathlib import Path
from emolens.data.shards import ShardCacheConfig, fill_cache, read_index
from emolens.data.shards.store import RemoteStore
real = RemoteStore.copy
def copy(self, name, place):
    if name.endswith(".tar"):
        print(name + "\\n", end="", flush=True)  # one write, since threads tell this
    return real(self, name, place)
RemoteStore.copy = copy
config = ShardCacheConfig(Path({str(config.folder)!r}))
fill_cache(read_index({shards.as_uri()!r}, config), config)
"""
    processes = [subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True) for _ in range(2)]
    told = [line for process in processes for line in process.communicate()[0].splitlines()]
    assert sorted(told) == [f"shard-{number:05d}.tar" for number in range(12)]


def test_what_a_killed_copy_left_is_removed(shards, config):
    config.folder.mkdir()
    torn = config.folder / ".abc.xyz.part.tar"
    torn.write_bytes(b"half")
    fill_cache(read_index(shards.as_uri(), config), config)
    assert not torn.exists()


def test_a_store_that_cannot_be_reached_costs_a_line(shards, config, unreachable, capsys):
    index = read_index(shards.as_uri(), config)
    unreachable()
    assert fill_cache(index, config) == 0
    assert "no route to host" in capsys.readouterr().err


def test_what_cannot_be_a_cache_is_refused(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(ConfigError, match="is a file; name a folder"):
        ShardCacheConfig(tmp_path / "file")
    with pytest.raises(ConfigError, match="must be above 0"):
        ShardCacheConfig(tmp_path, 0)
