"""EMOTIC's loss against loops."""

import math

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from emolens.losses.multi_label import category_weights, weighted_squared_error


def naive(prediction, target, count=None):
    if count is None:
        count = [sum(row[c] for row in target) for c in range(len(target[0]))]
    total = 0.0
    for p_row, t_row in zip(prediction, target, strict=True):
        for p, t, n in zip(p_row, t_row, count, strict=True):
            total += (1 / math.log(n + 1.2) if n > 0 else 1e-4) * (p - t) ** 2
    return total / len(target)


@settings(max_examples=30)
@given(st.integers(1, 6), st.integers(1, 26), st.integers(0, 10_000), st.booleans())
def test_equals_the_obvious_version(batch, classes, seed, counted):
    generator = torch.Generator().manual_seed(seed)
    prediction = torch.randn(batch, classes, generator=generator, dtype=torch.float64)
    target = (torch.rand(batch, classes, generator=generator) < 0.3).double()
    count = torch.randint(0, 900, (classes,), generator=generator) if counted else None
    expected = naive(prediction.tolist(), target.tolist(), None if count is None else count.tolist())
    assert weighted_squared_error(prediction, target, count).item() == pytest.approx(expected, rel=1e-6)


def test_by_hand():
    """Counts 2, 1, 0: weights 1/ln 3.2, 1/ln 2.2, 1e-4."""
    target = torch.tensor([[1.0, 0.0, 0.0], [1.0, 1.0, 0.0]])
    found = weighted_squared_error(torch.zeros(2, 3), target)
    assert found.item() == pytest.approx((2 / math.log(3.2) + 1 / math.log(2.2)) / 2)
    assert weighted_squared_error(target, target).item() == 0


def test_rare_categories_weigh_more_and_absent_ones_nearly_nothing():
    weights = category_weights(torch.tensor([0, 1, 10, 10_000]))
    assert weights[0].item() == pytest.approx(1e-4)
    assert weights[1] > weights[2] > weights[3] > weights[0]


def test_counts_given_make_parts_of_a_batch_add_up():
    torch.manual_seed(0)
    prediction, target = torch.randn(4, 5), (torch.rand(4, 5) < 0.5).float()
    count = torch.tensor([3.0, 1, 4, 1, 5])
    parts = [weighted_squared_error(prediction[s], target[s], count) for s in (slice(0, 2), slice(2, 4))]
    torch.testing.assert_close(sum(parts) / 2, weighted_squared_error(prediction, target, count))


def test_gradient_and_dtype():
    target = torch.tensor([[1.0, 0.0], [0.0, 1.0]])
    prediction = torch.randn(2, 2, dtype=torch.float64, requires_grad=True)
    assert torch.autograd.gradcheck(lambda p: weighted_squared_error(p, target.double()), prediction)
    assert weighted_squared_error(torch.zeros(2, 2, dtype=torch.bfloat16), target).dtype == torch.float32


def test_what_does_not_fit_is_refused():
    with pytest.raises(ValueError, match=r"prediction \(2, 3\) and target \(2, 4\)"):
        weighted_squared_error(torch.ones(2, 3), torch.ones(2, 4))
    with pytest.raises(ValueError, match="B > 0"):
        weighted_squared_error(torch.ones(0, 3), torch.ones(0, 3))
    with pytest.raises(ValueError, match=r"count \(2,\) must be \(3,\)"):
        weighted_squared_error(torch.ones(2, 3), torch.ones(2, 3), torch.ones(2))
