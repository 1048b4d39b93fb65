"""Pictures whose fingerprints differ in a few bits, among a hundred thousand.

Legend: N pictures, U different hashes, P candidate pairs.
"""

from itertools import pairwise

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

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
    index_N = np.flatnonzero(hash_N != 0)
    if index_N.size == 0:
        return []
    value_U, unique_N = np.unique(hash_N, return_inverse=True)
    pair_2P = _near_pairs(value_U, max_distance)
    links = coo_array((np.ones(pair_2P.shape[1]), tuple(pair_2P)), shape=(len(value_U), len(value_U)))
    group_U = connected_components(links, directed=False)[1]
    group_N = group_U[unique_N[index_N]]
    order = np.argsort(group_N, kind="stable")
    groups = np.split(index_N[order], np.flatnonzero(np.diff(group_N[order])) + 1)
    return sorted((group for group in groups if len(group) > 1), key=lambda group: int(group[0]))


def _near_pairs(value_U: NDArray[np.uint64], max_distance: int) -> NDArray[np.int64]:
    """Pairs of indices into the different hashes, near each other, (2, P); a pair may come more than once."""
    found_2P = [np.empty((2, 0), dtype=np.int64)]
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
            found_2P.append(np.stack([left_P[near_P], right_P[near_P]]))
    return np.concatenate(found_2P, axis=1)
