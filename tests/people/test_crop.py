"""The person view: which person, how much around, never outside."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from emolens.errors import DataError
from emolens.people.crop import person_crop, person_part

WHOLE = (0.0, 0.0, 500.0, 400.0)
UNIT = st.floats(0, 1)


def test_the_most_confident_person_with_context():
    crop = person_crop([[0, 0, 40, 40], [200, 100, 250, 200]], [0.4, 0.9], WHOLE, margin=0.2)
    assert crop.found
    assert crop.region == (155, 80, 295, 220)  # 140 px: the longer side, 100, and a fifth of it on each side


def test_the_first_box_where_there_are_no_scores():
    assert person_crop([[10, 10, 30, 30], [200, 100, 250, 200]], None, WHOLE, margin=0).region == (10, 10, 30, 30)


def test_at_the_edge_it_is_moved_in():
    assert person_crop([[0, 0, 100, 100]], [1], WHOLE, margin=0.2).region == (0, 0, 140, 140)
    assert person_crop([[450, 350, 500, 400]], [1], WHOLE, margin=0.1).region == (440, 340, 500, 400)


def test_nobody_is_the_whole_window_and_says_so():
    for boxes in ([], np.empty((0, 4))):
        crop = person_crop(boxes, None, WHOLE)
        assert crop.region == WHOLE
        assert not crop.found


def test_only_those_in_the_window_count():
    window = (100.0, 0.0, 300.0, 200.0)
    boxes = [[0, 0, 110, 100], [120, 50, 160, 90]]
    crop = person_crop(boxes, [0.9, 0.5], window, margin=0)
    assert crop.region == (120, 50, 160, 90)  # of the other one, a tenth is to be seen
    assert not person_crop(boxes[:1], [0.9], window).found
    assert person_crop(boxes[:1], [0.9], window, visible=0.05).found


@given(UNIT, UNIT, UNIT, UNIT, st.floats(0, 1), st.integers(1, 4000), st.integers(1, 4000))
def test_always_inside_and_square_where_there_is_room(a, b, c, d, margin, width, height):
    box = [min(a, b) * width, min(c, d) * height, max(a, b) * width, max(c, d) * height]
    window = (0.0, 0.0, float(width), float(height))
    crop = person_crop([box], None, window, margin)
    left, top, right, bottom = crop.region
    assert 0 <= left < right <= width
    assert 0 <= top < bottom <= height
    if crop.found:
        assert left <= box[0] + 1e-6
        assert right >= box[2] - 1e-6
        side = max(box[2] - box[0], box[3] - box[1]) * (1 + 2 * margin)
        assert right - left == pytest.approx(min(side, width))
        assert bottom - top == pytest.approx(min(side, height))


@pytest.fixture
def image(rng):
    return rng.integers(0, 256, (100, 200, 3), dtype=np.uint8)


def test_the_part_is_the_square_about_the_person(image):
    part = person_part(image, (60, 30, 80, 70), "a.jpg")  # 40 px tall: 8 px around, and 56 px each way
    np.testing.assert_array_equal(part, image[22:78, 42:98])
    assert np.shares_memory(part, image)


def test_the_part_of_someone_at_the_edge_is_moved_in(image):
    np.testing.assert_array_equal(person_part(image, (0, 0, 40, 40), "a.jpg"), image[:56, :56])
    np.testing.assert_array_equal(person_part(image, (180, 0, 200, 100), "a.jpg"), image[:, 60:])


def test_a_box_may_reach_out_by_a_pixel_and_no_further(image):
    inside, out = person_part(image, (160, 50, 200, 100), ""), person_part(image, (160, 50, 200.9, 101), "")
    np.testing.assert_array_equal(inside, out)
    with pytest.raises(DataError, match=r"a\.jpg: box \[160.0, 50.0, 202.0, 100.0\] is outside its picture of 200 x"):
        person_part(image, (160, 50, 202, 100), "a.jpg")


@pytest.mark.parametrize("box", [(10, 10, 10, 20), (30, 10, 20, 20), (0, 0, float("nan"), 5)])
def test_a_box_that_is_none(image, box):
    with pytest.raises(DataError, match=r"a\.jpg: box .* is not left < right, top < bottom"):
        person_part(image, box, "a.jpg")


def test_somebody_thinner_than_a_pixel_is_still_seen(image):
    assert person_part(image, (50.2, 40.1, 50.4, 40.3), "a.jpg").shape == (1, 1, 3)
