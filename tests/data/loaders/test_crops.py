"""Random crops: inside, of the stated shares, drawn evenly."""

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from emolens.data.loaders.crops import least_side, random_crop, resized, sample_rng

SIDES = st.integers(1, 4000)


@given(SIDES, SIDES, st.integers(0, 99))
def test_always_inside(height, width, row):
    left, top, right, bottom = random_crop(height, width, (0.2, 1.0), sample_rng(0, 0, row))
    assert 0 <= left < right <= width
    assert 0 <= top < bottom <= height


def test_shares_and_ratios_are_as_stated_and_as_torchvision_draws_them():
    from torchvision.transforms import RandomResizedCrop

    ours = np.array([random_crop(300, 400, (0.2, 1.0), sample_rng(0, 0, k)) for k in range(4000)])
    torch.manual_seed(0)
    image = torch.empty(3, 300, 400)
    theirs = np.array([RandomResizedCrop.get_params(image, [0.2, 1.0], [3 / 4, 4 / 3]) for _ in range(4000)])
    wide, tall = ours[:, 2] - ours[:, 0], ours[:, 3] - ours[:, 1]
    assert (wide * tall / 120_000).min() >= 0.19
    assert 0.72 < (wide / tall).min() < (wide / tall).max() < 1.36
    for got, wanted in (
        (wide, theirs[:, 3]),
        (tall, theirs[:, 2]),
        (ours[:, 0], theirs[:, 1]),
        (ours[:, 1], theirs[:, 0]),
    ):
        assert got.mean() == pytest.approx(wanted.mean(), rel=0.06)
        assert got.std() == pytest.approx(wanted.std(), rel=0.06)


@pytest.mark.parametrize("size", [(1, 1), (10, 4000), (4000, 10), (2, 3)])
def test_extreme_pictures_have_views(size, rng):
    image = rng.integers(0, 256, (*size, 3), dtype=np.uint8)
    assert resized(image, random_crop(*size, (0.2, 1.0), rng), 64).shape == (64, 64, 3)


def test_a_window_is_the_cut_and_resized_picture(rng):
    from PIL import Image

    image = rng.integers(0, 256, (60, 80, 3), dtype=np.uint8)
    cut = Image.fromarray(image[10:50, 20:70]).resize((32, 32), Image.Resampling.BICUBIC)
    np.testing.assert_array_equal(resized(image, (20, 10, 70, 50), 32), np.asarray(cut))
    np.testing.assert_array_equal(resized(image, (20, 10, 70, 50), 32, flip=True), np.asarray(cut)[:, ::-1])


def test_least_side_leaves_enough_for_the_smallest_window():
    side = 2 * least_side(224, (0.2, 1.0))
    sides = [random_crop(side, side, (0.2, 0.2), sample_rng(0, 0, k)) for k in range(200)]
    assert min(min(r - left, b - t) for left, t, r, b in sides) >= 223


def test_random_numbers_are_of_seed_epoch_and_row():
    draws = {sample_rng(*key).random() for key in [(0, 0, 0), (1, 0, 0), (0, 1, 0), (0, 0, 1)]}
    assert len(draws) == 4
    assert sample_rng(3, 2, 1).random() == sample_rng(3, 2, 1).random()
