"""Boxes of a table against their picture."""

import numpy as np
import pytest

from emolens.errors import DataError
from emolens.people.boxes import PersonBoxes, boxes_inside


def test_a_pixel_outside_is_cut_off():
    got = boxes_inside([[-1, 0, 50.5, 40], [0, 0, 10, 10]], 40, 50, "row 3")
    np.testing.assert_array_equal(got, [[0, 0, 50, 40], [0, 0, 10, 10]])
    assert boxes_inside([], 40, 50, "row 3").shape == (0, 4)


@pytest.mark.parametrize(
    ("box", "message"),
    [
        ([0, 0, 52, 40], "row 3: box .* is outside its picture of 50 x 40 pixels"),
        ([0, -3, 10, 10], "is outside its picture"),
        ([10, 0, 10, 10], "is not left < right"),
        ([0, 0, float("nan"), 10], "is not left < right"),
        ([0, 0, 10], "is not left < right"),
    ],
)
def test_bad_boxes_name_their_row(box, message):
    with pytest.raises(DataError, match=message):
        boxes_inside([box], 40, 50, "row 3")


def test_above():
    boxes = PersonBoxes(np.zeros((3, 4), np.float32), np.array([0.9, 0.5, 0.1], np.float32))
    assert len(boxes.above(0.5)) == 2
