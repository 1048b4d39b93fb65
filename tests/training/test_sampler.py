import pytest
from hypothesis import given
from hypothesis import strategies as st

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
