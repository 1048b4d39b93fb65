import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from emolens.data.check.near_duplicates import near_duplicate_groups

few_bits = st.lists(
    st.sets(st.integers(0, 63), max_size=5).map(lambda bits: sum(1 << bit for bit in bits)), max_size=25
)


def naive_groups(hashes: list[int], max_distance: int) -> list[list[int]]:
    """All pairs, then the connected components by repeated sweeps."""
    group = list(range(len(hashes)))
    for _ in hashes:
        for i, a in enumerate(hashes):
            for j, b in enumerate(hashes):
                if a and b and (a ^ b).bit_count() <= max_distance:
                    group[i] = group[j] = min(group[i], group[j])
    found: dict[int, list[int]] = {}
    for index, name in enumerate(group):
        found.setdefault(name, []).append(index)
    return sorted(members for members in found.values() if len(members) > 1)


@given(few_bits, st.integers(0, 6))
def test_equals_the_obvious_version(hashes: list[int], max_distance: int) -> None:
    groups = near_duplicate_groups(np.array(hashes, dtype=np.uint64), max_distance)
    assert [group.tolist() for group in groups] == naive_groups(hashes, max_distance)


@pytest.mark.parametrize("distance", range(6))
def test_planted_twins_among_many(rng: np.random.Generator, distance: int) -> None:
    hashes = rng.integers(1, 2**63, 20_000, dtype=np.uint64)
    twin = hashes[123]
    for bit in rng.choice(64, distance, replace=False):
        twin ^= np.uint64(1 << int(bit))
    hashes[777] = twin
    groups = [group.tolist() for group in near_duplicate_groups(hashes, 4)]
    assert groups == ([[123, 777]] if distance <= 4 else [])


def test_a_thousand_copies_are_one_group() -> None:
    groups = near_duplicate_groups(np.full(1000, 12345, dtype=np.uint64))
    assert [len(group) for group in groups] == [1000]


def test_pictures_without_structure_equal_nothing() -> None:
    assert near_duplicate_groups(np.zeros(5, dtype=np.uint64)) == []
    assert near_duplicate_groups(np.array([], dtype=np.uint64)) == []
    assert near_duplicate_groups(np.array([0, 1, 0], dtype=np.uint64)) == []  # one bit apart, yet 0 is no hash
