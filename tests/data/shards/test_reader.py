"""Rows out of a store: few requests, ahead of those who ask, and never more than memory holds."""

import os

import pytest

from emolens.data.shards import ShardReader, read_index, write_shards
from emolens.data.shards import reader as reading
from emolens.data.shards.store import RemoteStore


@pytest.fixture
def shards(small, tmp_path):
    """Twelve pictures, some in each shard."""
    write_shards(small, tmp_path / "shards", 3 * small.paths()[0].stat().st_size / 1e6)
    return tmp_path / "shards"


@pytest.fixture
def asked(monkeypatch):
    """What a store was asked for, by this process."""
    calls, real = [], RemoteStore.read

    def read(self, name, offset, size):
        calls.append((name, offset, size))
        return real(self, name, offset, size)

    monkeypatch.setattr(RemoteStore, "read", read)
    return calls


def test_rows_that_lie_together_are_one_request(shards, small, asked):
    index = read_index(shards.as_uri())
    assert ShardReader(index).read(range(12)) == [path.read_bytes() for path in small.paths()]
    assert len(asked) == index.frame["shard"].nunique()
    asked.clear()
    rows = [0, 11, 0, 5]
    assert ShardReader(index).read(rows) == [small.paths()[row].read_bytes() for row in rows]
    assert len(asked) == 3


def test_rows_far_apart_are_not_read_together(shards, asked, monkeypatch):
    monkeypatch.setattr(reading, "GAP", -1)
    ShardReader(read_index(shards.as_uri())).read(range(12))
    assert len(asked) == 12


def test_what_is_expected_is_asked_for_at_once_and_only_once(shards, small, asked):
    reader = ShardReader(read_index(shards.as_uri()))
    reader.expect([3, 8])
    reader._pool.shutdown()  # all it was given is done; it takes no more, and needs none
    assert len(asked) == 2
    assert reader.read([8, 3]) == [small.paths()[row].read_bytes() for row in (8, 3)]
    assert len(asked) == 2


def test_what_was_expected_and_never_read_is_forgotten(shards):
    reader = ShardReader(read_index(shards.as_uri()))
    for rows in ([0, 1], [2, 3], [4]):
        reader.expect(rows)
        assert set(reader._coming) == set(rows)


def test_it_reads_ahead_no_more_than_memory_holds(shards, small, monkeypatch):
    monkeypatch.setattr(reading, "MOST_AHEAD", 2.5 * small.paths()[0].stat().st_size)
    reader = ShardReader(read_index(shards.as_uri()))
    reader.expect([0, 1, 2, 3])
    assert set(reader._coming) == {0, 1}
    assert len(reader.read([0, 1, 2, 3])) == 4


def test_a_forked_process_asks_for_itself(shards, small):
    reader = ShardReader(read_index(shards.as_uri()))
    assert isinstance(reader.read([0])[0], bytes)
    reader.expect([4])
    child = os.fork()
    if child == 0:
        os._exit(0 if reader.read([4, 7]) == [small.paths()[row].read_bytes() for row in (4, 7)] else 1)
    assert os.waitpid(child, 0)[1] == 0
