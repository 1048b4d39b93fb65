"""Nearest neighbours: the vote."""

import math

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from emolens.errors import ConfigError
from emolens.heads.knn import KnnConfig, Neighbours


def naive_vote(query, near, votes, k, temperature):
    """Each column by itself, loops and float64."""
    answer = []
    for column in range(votes.shape[1]):
        ranked = []
        for vector, vote in zip(near, votes[:, column], strict=True):
            if not math.isnan(vote):
                cosine = float(query @ vector) / (float(np.linalg.norm(query)) * float(np.linalg.norm(vector)))
                ranked.append((cosine, vote))
        ranked = sorted(ranked, key=lambda pair: -pair[0])[:k]
        weights = [math.exp(cosine / temperature) for cosine, _ in ranked]
        answer.append(sum(w * vote for w, (_, vote) in zip(weights, ranked, strict=True)) / sum(weights))
    return answer


@given(st.integers(0, 10_000), st.integers(1, 30), st.floats(0.03, 2))
def test_equals_the_obvious_version(seed, k, temperature):
    rng = np.random.default_rng(seed)
    near, query = rng.normal(size=(12, 5)).astype(np.float32), rng.normal(size=(3, 5)).astype(np.float32)
    votes = np.concatenate([np.eye(3)[rng.integers(0, 3, 12)], rng.uniform(-1, 1, (12, 2))], axis=1)
    votes[1:][rng.random(11) < 0.3, :3] = np.nan  # without a label
    votes[1:, 4][rng.random(11) < 0.3] = np.nan  # without arousal
    module = Neighbours(torch.from_numpy(near), torch.from_numpy(votes), KnnConfig(k, temperature))
    got = module(torch.from_numpy(query)).numpy()
    for row, expected in zip(got, query, strict=True):
        np.testing.assert_allclose(row, naive_vote(expected, near, votes, k, temperature), atol=1e-4)


def test_one_neighbour_is_copied_and_scale_does_not_matter():
    near = torch.tensor([[1.0, 0.0], [0.0, 1.0]])
    module = Neighbours(near, torch.eye(2, dtype=torch.float64), KnnConfig(1))
    torch.testing.assert_close(module(torch.tensor([[0.2, 9.0], [100.0, 1.0]])), torch.eye(2).double().flip(0))


@pytest.mark.parametrize(("k", "temperature"), [(0, 0.07), (20, 0.0)])
def test_impossible_votes(k, temperature):
    with pytest.raises(ConfigError, match="neighbours"):
        KnnConfig(k, temperature)
