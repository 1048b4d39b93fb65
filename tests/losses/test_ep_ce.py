"""EP-CE against loops, and what its paper claims."""

import math

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch.nn import functional

from emolens.losses.ep_ce import ep_cross_entropy

POLARITY = torch.tensor([0, 2, 1, 0, 2, 2])  # emotions6: excitation, fear, neutral, relaxation, sadness, tension
HALF = torch.full((3,), 0.5)


def naive(logits: list[list[float]], target: list[int], polarity: list[int], penalty: list[float]) -> float:
    total = 0.0
    for row, y in zip(logits, target, strict=True):
        error = math.log(sum(math.exp(z - max(row)) for z in row)) + max(row) - row[y]
        guess = max(range(len(row)), key=lambda c: row[c])
        total += error * (1 + penalty[polarity[y]] * (polarity[guess] != polarity[y]))
    return total / len(logits)


def drawn(batch: int, classes: int, seed: int) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor, torch.Tensor]:
    generator = torch.Generator().manual_seed(seed)
    return (
        3 * torch.randn(batch, classes, generator=generator, dtype=torch.float64),
        torch.randint(classes, (batch,), generator=generator),
        torch.randint(3, (classes,), generator=generator),
        torch.rand(3, generator=generator, dtype=torch.float64),
    )


@settings(max_examples=50)
@given(st.integers(1, 9), st.integers(1, 7), st.integers(0, 10_000))
def test_equals_the_obvious_version(batch: int, classes: int, seed: int) -> None:
    given = drawn(batch, classes, seed)
    expected = naive(*(tensor.tolist() for tensor in given))
    assert ep_cross_entropy(*given).item() == pytest.approx(expected, rel=1e-12)


def test_no_penalty_is_the_cross_entropy() -> None:
    logits, target, polarity, _ = drawn(8, 6, 0)
    torch.testing.assert_close(
        ep_cross_entropy(logits, target, polarity, torch.zeros(3)), functional.cross_entropy(logits, target)
    )


def test_an_error_within_the_polarity_costs_less_than_one_across() -> None:
    """Fear taken for sadness, and fear taken for excitation, equally surely."""
    within = torch.tensor([[0.0, 1.0, 0, 0, 3.0, 0]])
    across = torch.tensor([[3.0, 1.0, 0, 0, 0.0, 0]])
    fear = torch.tensor([1])
    a, b = (ep_cross_entropy(logits, fear, POLARITY, HALF).item() for logits in (within, across))
    assert b == pytest.approx(1.5 * a)


def test_the_penalty_is_that_of_the_truth() -> None:
    logits, penalty = torch.tensor([[3.0, 0, 0, 0, 0, 0]]), torch.tensor([10.0, 20.0, 7.0])
    plain = functional.cross_entropy(logits, torch.tensor([1])).item()
    assert ep_cross_entropy(logits, torch.tensor([1]), POLARITY, penalty).item() == pytest.approx(8 * plain)


def test_gradient_is_the_cross_entropys_scaled_row_by_row() -> None:
    logits, target, _, _ = drawn(6, 6, 3)
    leaf, plain = logits.clone().requires_grad_(), logits.clone().requires_grad_()
    ep_cross_entropy(leaf, target, POLARITY, HALF).backward()
    functional.cross_entropy(plain, target).backward()
    wrong = POLARITY[logits.argmax(1)] != POLARITY[target]
    assert 0 < wrong.sum() < 6
    torch.testing.assert_close(leaf.grad, plain.grad * (1 + 0.5 * wrong.double())[:, None])
    assert torch.autograd.gradcheck(lambda x: ep_cross_entropy(x, target, POLARITY, HALF), (logits.requires_grad_(),))


def test_half_precision_is_widened() -> None:
    logits, target, _, _ = drawn(6, 6, 4)
    loss = ep_cross_entropy(logits.bfloat16(), target, POLARITY, HALF)
    assert loss.dtype == torch.float32
    exact = ep_cross_entropy(logits.bfloat16().double(), target, POLARITY, HALF).item()
    assert loss.item() == pytest.approx(exact, rel=1e-6)


@pytest.mark.parametrize(
    ("shapes", "message"),
    [
        (((0, 6), (0,), (6,), (3,)), r"logits \(0, 6\) must be \(B, C\), B > 0"),
        (((6,), (6,), (6,), (3,)), r"logits \(6,\) must be"),
        (((2, 6), (3,), (6,), (3,)), r"target \(3,\) must be \(2,\)"),
        (((2, 6), (2, 6), (6,), (3,)), r"target \(2, 6\) must be \(2,\)"),
        (((2, 6), (2,), (5,), (3,)), r"polarity \(5,\) must be \(6,\)"),
        (((2, 6), (2,), (6,), (6,)), r"penalty \(6,\) must be \(3,\)"),
    ],
)
def test_what_does_not_fit_is_refused(shapes: tuple[tuple[int, ...], ...], message: str) -> None:
    logits, target, polarity, penalty = shapes
    with pytest.raises(ValueError, match=message):
        ep_cross_entropy(
            torch.zeros(logits),
            torch.zeros(target, dtype=torch.int64),
            torch.zeros(polarity, dtype=torch.int64),
            torch.zeros(penalty),
        )
