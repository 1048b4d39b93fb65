"""The two distillation losses of UniEmoX against loops, and what they promise."""

import math

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from emolens.losses.clip_distillation import contrastive_loss, similarity_loss


def rows(count: int, dim: int, seed: int) -> torch.Tensor:
    return torch.randn(count, dim, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


def dot(a, b):
    return sum(x * y for x, y in zip(a, b, strict=True))


def cosine(a, b):
    return dot(a, b) / math.sqrt(dot(a, a) * dot(b, b))


def naive_similarity(student, image):
    return 1 - sum(cosine(z, v) for z, v in zip(student, image, strict=True)) / len(student)


def naive_contrastive(student, image, text, scale):
    total = 0.0
    for z, v in zip(student, image, strict=True):
        total += cosine([scale * cosine(z, t) for t in text], [scale * cosine(v, t) for t in text])
    return 1 - total / len(student)


@settings(max_examples=30)
@given(st.integers(1, 6), st.integers(2, 7), st.integers(1, 5), st.integers(0, 10_000), st.sampled_from([1.0, 100.0]))
def test_equal_the_obvious_versions(batch, dim, texts, seed, scale):
    student, image, text = rows(batch, dim, seed), rows(batch, dim, seed + 1), rows(texts, dim, seed + 2)
    expected = naive_similarity(student.tolist(), image.tolist())
    assert similarity_loss(student, image).item() == pytest.approx(expected, abs=1e-9)
    assert similarity_loss(student.float(), image.float()).item() == pytest.approx(expected, abs=1e-5)
    expected = naive_contrastive(student.tolist(), image.tolist(), text.tolist(), scale)
    assert contrastive_loss(student, image, text, scale).item() == pytest.approx(expected, abs=1e-9)


def test_by_hand():
    """Student along x, teacher along y: cosine 0. Texts x and x + y: (1, r) against (0, r), with r = 1 / root 2."""
    student, image = torch.tensor([[3.0, 0.0]]), torch.tensor([[0.0, 2.0]])
    assert similarity_loss(student, image).item() == pytest.approx(1)
    assert similarity_loss(student, -student).item() == pytest.approx(2)
    text = torch.tensor([[1.0, 0.0], [5.0, 5.0]])
    r = 1 / math.sqrt(2)
    expected = 1 - r * r / (math.sqrt(1 + r * r) * r)
    assert contrastive_loss(student, image, text).item() == pytest.approx(expected, abs=1e-6)


def test_the_same_direction_costs_nothing():
    image, text = rows(4, 8, 0), rows(5, 8, 1)
    assert similarity_loss(3 * image, image).item() == pytest.approx(0, abs=1e-12)
    assert contrastive_loss(3 * image, image, text).item() == pytest.approx(0, abs=1e-12)


def test_lengths_and_the_scale_do_not_matter():
    student, image, text = rows(4, 8, 0), rows(4, 8, 1), rows(5, 8, 2)
    expected = contrastive_loss(student, image, text)
    torch.testing.assert_close(contrastive_loss(2 * student, 5 * image, 0.1 * text), expected)
    torch.testing.assert_close(contrastive_loss(student, image, text, scale=1.0), expected)


def test_unpaired_texts_count():
    student, image, text = rows(3, 8, 0), rows(3, 8, 1), rows(3, 8, 2)
    changed = text.clone()
    changed[2] = rows(1, 8, 9)[0]
    one = contrastive_loss(student[:1], image[:1], text)
    assert one != contrastive_loss(student[:1], image[:1], changed)
    torch.testing.assert_close(
        contrastive_loss(student, image, text[[2, 0, 1]]), contrastive_loss(student, image, text)
    )


def test_mean_over_samples_so_parts_of_a_batch_add_up():
    """With the texts given to all, a batch split over processes has the same loss."""
    student, image, text = rows(6, 8, 0), rows(6, 8, 1), rows(5, 8, 2)
    parts = [contrastive_loss(student[s], image[s], text) for s in (slice(0, 3), slice(3, 6))]
    torch.testing.assert_close(sum(parts) / 2, contrastive_loss(student, image, text))


def test_gradients_are_right_and_descent_brings_the_student_to_the_teacher():
    student, image, text = rows(3, 4, 0).requires_grad_(), rows(3, 4, 1), rows(5, 4, 2)
    assert torch.autograd.gradcheck(lambda z: similarity_loss(z, image), student)
    assert torch.autograd.gradcheck(lambda z: contrastive_loss(z, image, text), student)
    optimizer = torch.optim.Adam([student], lr=0.1)
    for _ in range(200):
        optimizer.zero_grad()
        (similarity_loss(student, image) + contrastive_loss(student, image, text)).backward()
        optimizer.step()
    assert similarity_loss(student, image).item() < 1e-2


def test_a_teacher_under_inference_mode_and_bf16():
    student = rows(3, 4, 0).float().requires_grad_()
    with torch.inference_mode():
        image, text = rows(3, 4, 1).float() * 1, rows(5, 4, 2).float() * 1
        image_bf16, text_bf16 = image.bfloat16(), text.bfloat16()
    loss = similarity_loss(student, image) + contrastive_loss(student, image, text)
    loss.backward()
    assert student.grad is not None
    with torch.autocast("cpu", torch.bfloat16):
        found = similarity_loss(student, image_bf16) + contrastive_loss(student, image_bf16, text_bf16)
    assert found.dtype == torch.float32
    assert found.item() == pytest.approx(loss.item(), abs=0.02)
    assert similarity_loss(image.bfloat16(), image.bfloat16()).item() == pytest.approx(0, abs=1e-6)


def test_a_student_of_zeros_is_finite():
    zero = torch.zeros(2, 4, requires_grad=True)
    loss = similarity_loss(zero, torch.ones(2, 4)) + contrastive_loss(zero, torch.ones(2, 4), torch.ones(3, 4))
    assert loss.item() == pytest.approx(2)


def test_what_does_not_fit_is_refused():
    one = torch.ones(2, 4)
    for loss in (similarity_loss, lambda z, v: contrastive_loss(z, v, one)):
        with pytest.raises(ValueError, match=r"student \(2, 4\) and image \(2, 3\) must be of one shape"):
            loss(one, torch.ones(2, 3))
        with pytest.raises(ValueError, match="must be of one shape"):
            loss(one[:0], one[:0])
    with pytest.raises(ValueError, match=r"text \(3, 5\) must be \(T, 4\)"):
        contrastive_loss(one, one, torch.ones(3, 5))
    with pytest.raises(ValueError, match="T > 0"):
        contrastive_loss(one, one, torch.ones(0, 4))
    with pytest.raises(ValueError, match="scale must be above 0"):
        contrastive_loss(one, one, one, scale=0.0)
