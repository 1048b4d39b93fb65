"""The loss of CLIP-E against loops, and what its paper claims."""

import math

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

from emolens.losses.soft_contrastive import soft_contrastive_loss


def pair(batch: int, dim: int, seed: int = 0, dtype: torch.dtype = torch.float64) -> tuple[Tensor, Tensor]:
    generator = torch.Generator().manual_seed(seed)
    return (
        torch.randn(batch, dim, generator=generator, dtype=torch.float64).to(dtype),
        torch.randn(batch, dim, generator=generator, dtype=torch.float64).to(dtype),
    )


def naive_loss(image: list[list[float]], text: list[list[float]], tau: float) -> float:
    def unit(row: list[float]) -> list[float]:
        length = math.sqrt(sum(x * x for x in row))
        return [x / length for x in row]

    def dot(a: list[float], b: list[float]) -> float:
        return sum(x * y for x, y in zip(a, b, strict=True))

    def softmax(row: list[float]) -> list[float]:
        powers = [math.exp(x - max(row)) for x in row]
        return [p / sum(powers) for p in powers]

    image, text = [unit(row) for row in image], [unit(row) for row in text]
    n = len(image)
    logits = [[dot(t, i) / tau for i in image] for t in text]
    targets = [
        softmax([(dot(text[a], text[b]) + dot(image[a], image[b])) / (2 * tau) for b in range(n)]) for a in range(n)
    ]
    total = 0.0
    for a in range(n):
        row = softmax(logits[a])
        column = softmax([logits[b][a] for b in range(n)])
        total -= sum(targets[a][b] * math.log(row[b]) for b in range(n)) / 2
        total -= sum(targets[b][a] * math.log(column[b]) for b in range(n)) / 2
    return total / n


@settings(max_examples=30)
@given(st.integers(1, 7), st.integers(1, 6), st.integers(0, 10_000), st.sampled_from([0.075, 0.5, 2.0]))
def test_equals_the_obvious_version(batch: int, dim: int, seed: int, tau: float) -> None:
    image, text = pair(batch, dim, seed)
    expected = naive_loss(image.tolist(), text.tolist(), tau)
    assert soft_contrastive_loss(image, text, tau).item() == pytest.approx(expected, abs=1e-6)


def test_default_temperature_is_the_published_one() -> None:
    image, text = pair(5, 8)
    torch.testing.assert_close(soft_contrastive_loss(image, text), soft_contrastive_loss(image, text, 0.075))


def test_order_and_length_of_the_rows_do_not_matter() -> None:
    image, text = pair(6, 8)
    expected = soft_contrastive_loss(image, text)
    order = torch.randperm(6, generator=torch.Generator().manual_seed(1))
    torch.testing.assert_close(soft_contrastive_loss(image[order], text[order]), expected)
    torch.testing.assert_close(soft_contrastive_loss(3 * image, 0.1 * text), expected)


def test_order_of_one_side_matters() -> None:
    image, text = pair(6, 8)
    assert soft_contrastive_loss(text, text) < soft_contrastive_loss(text.roll(1, 0), text)
    assert soft_contrastive_loss(image, text) != soft_contrastive_loss(image.roll(1, 0), text)


def test_equal_sides_reach_the_entropy_of_the_targets() -> None:
    """With i = t the logits are the targets' own, so the first term is their entropy, its least value."""
    _, text = pair(6, 8)
    unit = torch.nn.functional.normalize(text, dim=1)
    logits = unit @ unit.T / 0.075
    targets = logits.softmax(1)
    first = -(targets * targets.log()).sum(1).mean()
    second = -(targets.T * logits.T.log_softmax(1)).sum(1).mean()
    torch.testing.assert_close(soft_contrastive_loss(text, text), (first + second) / 2)


def test_like_pairs_are_not_pushed_apart() -> None:
    """Two pictures of one emotion, equal in both views, want equal similarity, unlike in a one-hot loss."""
    same = torch.ones(2, 4, dtype=torch.float64)
    assert soft_contrastive_loss(same, same).item() == pytest.approx(math.log(2))
    apart = torch.tensor([[1.0, 0, 0, 0], [-1.0, 0, 0, 0]], dtype=torch.float64)
    assert soft_contrastive_loss(apart, same) > soft_contrastive_loss(same, same)


def test_gradient_flows_through_the_targets_unless_detached() -> None:
    image, text = pair(4, 8)
    grads = {}
    for detach in (False, True):
        leaf = image.clone().requires_grad_()
        soft_contrastive_loss(leaf, text, detach_targets=detach).backward()
        grads[detach] = leaf.grad
    frozen = image.clone().requires_grad_()
    i, t = torch.nn.functional.normalize(frozen, dim=1), torch.nn.functional.normalize(text, dim=1)
    targets = ((t @ t.T + i @ i.T) / 0.15).softmax(1).detach()
    logits = t @ i.T / 0.075
    loss = -(targets * logits.log_softmax(1)).sum(1) - (targets.T * logits.T.log_softmax(1)).sum(1)
    (loss.mean() / 2).backward()
    torch.testing.assert_close(grads[True], frozen.grad)
    assert not torch.allclose(grads[False], grads[True])
    torch.testing.assert_close(
        soft_contrastive_loss(image, text), soft_contrastive_loss(image, text, detach_targets=True)
    )


def test_gradient_is_right() -> None:
    image, text = pair(3, 4)
    assert torch.autograd.gradcheck(
        lambda i, t: soft_contrastive_loss(i, t, 0.5), (image.requires_grad_(), text.requires_grad_())
    )


@pytest.mark.parametrize("dtype", [torch.float32, torch.float16, torch.bfloat16])
def test_dtype_is_kept(dtype: torch.dtype) -> None:
    image, text = pair(4, 16, dtype=dtype)
    loss = soft_contrastive_loss(image, text)
    assert loss.dtype == dtype
    assert loss.item() == pytest.approx(soft_contrastive_loss(*pair(4, 16)).item(), rel=0.05)


def test_what_does_not_fit_is_refused() -> None:
    with pytest.raises(ValueError, match=r"image \(2, 3\) and text \(2, 4\) must be of one shape"):
        soft_contrastive_loss(torch.ones(2, 3), torch.ones(2, 4))
    with pytest.raises(ValueError, match="must be of one shape"):
        soft_contrastive_loss(torch.ones(0, 3), torch.ones(0, 3))
    with pytest.raises(ValueError, match="must be of one shape"):
        soft_contrastive_loss(torch.ones(3), torch.ones(3))
    with pytest.raises(ValueError, match="temperature must be above 0"):
        soft_contrastive_loss(torch.ones(2, 3), torch.ones(2, 3), temperature=0)
