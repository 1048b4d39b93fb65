"""Pictures whose fingerprints differ in a few bits, among a hundred thousand.

Legend: N pictures, U different hashes, P candidate pairs.
"""

from collections.abc import Iterator
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

BITS = 64


def near_duplicate_groups(hash_N: NDArray[np.uint64], max_distance: int = 4) -> list[NDArray[np.int64]]:
    """Groups of pictures that are linked by hashes at most ``max_distance`` bits apart.

    Multi-index hashing (Norouzi, Punjani, Fleet, CVPR 2012): two hashes that differ in at most d bits agree
    wholly in at least one of d + 1 bands of bits. Only hashes that share a band are compared, found by sorting.

    Args:
        hash_N: 64-bit hashes, uint64, shape (N,). 0 stands for "no structure" and is left out.
        max_distance: the largest number of different bits, 0..16.

    Returns:
        Groups of two and more indices into ``hash_N``, each ascending, ordered by their first. Members of a group may
        lie further apart than ``max_distance`` where others link them.
    """
    value_U, unique_N = np.unique(hash_N, return_inverse=True)
    parent = list(range(len(value_U)))

    def root(member: int) -> int:
        while parent[member] != member:
            parent[member] = parent[parent[member]]
            member = parent[member]
        return member

    for left_P, right_P in _near_pairs(value_U, max_distance):
        for left, right in zip(left_P.tolist(), right_P.tolist(), strict=True):
            parent[root(right)] = root(left)
    group_U = np.array([root(member) for member in range(len(value_U))], dtype=np.int64)
    index_N = np.flatnonzero(hash_N != 0)
    if index_N.size == 0:
        return []
    group_N = group_U[unique_N[index_N]]
    order = np.argsort(group_N, kind="stable")
    groups = np.split(index_N[order], np.flatnonzero(np.diff(group_N[order])) + 1)
    return sorted((group for group in groups if len(group) > 1), key=lambda group: int(group[0]))


def _near_pairs(
    value_U: NDArray[np.uint64], max_distance: int
) -> Iterator[tuple[NDArray[np.int64], NDArray[np.int64]]]:
    """Pairs of indices into the different hashes, near each other; a pair may come more than once."""
    known = np.flatnonzero(value_U != 0)
    edges = np.linspace(0, BITS, max_distance + 2).astype(int)
    for low, high in pairwise(edges.tolist()):
        band = (value_U[known] >> np.uint64(low)) & np.uint64((1 << (high - low)) - 1)
        order = np.argsort(band, kind="stable")
        member, band = known[order], band[order]
        # Neighbours at a growing distance in the sorted list, as long as any still share the band.
        start = np.arange(len(member))
        for step in range(1, len(member)):
            start = start[start + step < len(member)]
            start = start[band[start] == band[start + step]]
            if start.size == 0:
                break
            left_P, right_P = member[start], member[start + step]
            near_P = np.bitwise_count(value_U[left_P] ^ value_U[right_P]) <= max_distance
            yield left_P[near_P], right_P[near_P]
