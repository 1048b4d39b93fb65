"""Any size onto the square and back."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from emolens.people.letterbox import GREY, from_letterbox, letterbox, letterbox_size

SIDES = st.integers(1, 5000)


@given(SIDES, SIDES, st.floats(0, 1), st.floats(0, 1), st.floats(0, 1), st.floats(0, 1))
def test_boxes_come_back_where_they_were(height, width, a, b, c, d):
    box = np.array([[min(a, b) * width, min(c, d) * height, max(a, b) * width, max(c, d) * height]], dtype=np.float32)
    h, w = letterbox_size(height, width, 416)
    on_square = box * np.array([w / width, h / height, w / width, h / height], dtype=np.float32)
    assert on_square.max() <= 416.001
    np.testing.assert_allclose(from_letterbox(on_square, height, width, 416), box, rtol=1e-5, atol=1e-3)


@pytest.mark.parametrize(
    ("size", "scaled"),
    [
        ((1, 1), (416, 416)),
        ((10, 4000), (1, 416)),
        ((4000, 10), (416, 1)),
        ((400, 500), (333, 416)),
        ((416, 416), (416, 416)),
    ],
)
def test_sizes(size, scaled, rng):
    image = rng.integers(0, 256, (*size, 3), dtype=np.uint8)
    square = letterbox(image, 416)
    assert square.shape == (416, 416, 3)
    assert letterbox_size(*size, 416) == scaled
    assert (square[scaled[0] :] == GREY).all()
    assert (square[:, scaled[1] :] == GREY).all()
    if size == scaled:
        np.testing.assert_array_equal(square, image)
    if size == (1, 1):
        assert (square == image[0, 0]).all()


def test_what_lies_in_the_grey_is_cut_off():
    box = from_letterbox(np.array([[-20, 100, 500, 400]], dtype=np.float32), 100, 200, 400)
    np.testing.assert_array_equal(box, [[0, 50, 200, 100]])
