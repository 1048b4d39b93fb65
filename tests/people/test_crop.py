"""The person view: which person, how much around, never outside."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from emolens.people.crop import person_crop

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
