import pytest
from hypothesis import given
from hypothesis import strategies as st

from emolens.errors import ConfigError
from emolens.training.sampler import EpochSampler


@given(st.integers(1, 50), st.integers(0, 60), st.integers(0, 5), st.integers(0, 3))
def test_an_epoch_shows_each_sample_at_most_once_in_full_batches(size, batch_size, seed, epoch):
    sampler = EpochSampler(size, batch_size, seed)
    sampler.start(epoch)
    batches = list(sampler)
    shown = [row for batch in batches for row in batch]
    assert len(batches) == len(sampler)
    assert len(set(shown)) == len(shown)
    assert {len(batch) for batch in batches} == {min(batch_size or size, size)}
    assert len(shown) > size - min(batch_size or size, size)


def test_order_depends_on_seed_and_epoch_alone():
    first = EpochSampler(100, 10, seed=3)
    first.start(2)
    again = EpochSampler(100, 10, seed=3)
    again.start(2)
    assert list(first) == list(again)
    again.start(1)
    assert list(first) != list(again)


def test_starting_in_the_middle_continues_the_same_epoch():
    sampler = EpochSampler(100, 7, seed=1)
    sampler.start(4)
    whole = list(sampler)
    sampler.start(4, first_batch=5)
    assert list(sampler) == whole[5:]


@pytest.mark.parametrize("world_size", [2, 3])
def test_processes_share_each_global_batch(world_size):
    whole = EpochSampler(60, 12, seed=1)
    ranks = [EpochSampler(60, 12, seed=1, rank=rank, world_size=world_size) for rank in range(world_size)]
    for one, *parts in zip(whole, *ranks, strict=True):
        assert sorted(one) == sorted(row for part in parts for row in part)


def test_without_shuffling_every_sample_comes_in_order():
    assert [row for batch in EpochSampler(10, 4, shuffle=False) for row in batch] == list(range(10))


def test_micro_batches_and_processes_share_a_batch_and_rows_tell_the_whole():
    parts = [EpochSampler(50, 12, seed=1, rank=rank, world_size=2, micro_batches=3) for rank in range(2)]
    lists = [list(part) for part in parts]
    assert len(parts[0]) == 50 // 12
    assert len(lists[0]) == 3 * len(parts[0])
    for batch in range(len(parts[0])):
        rows = parts[0].rows(0, batch)
        assert rows == parts[1].rows(0, batch)
        dealt = [lists[rank][batch * 3 + micro_batch] for micro_batch in range(3) for rank in range(2)]
        assert [rows[part::6] for part in range(6)] == dealt


def test_the_whole_split_as_a_batch_is_rounded_down_to_equal_parts():
    sampler = EpochSampler(11, 0, world_size=2, micro_batches=2)
    assert sampler.batch_size == 8
    with pytest.raises(ConfigError, match="3 samples are too few for 2 processes x 2 micro-batches"):
        EpochSampler(3, 0, world_size=2, micro_batches=2)
