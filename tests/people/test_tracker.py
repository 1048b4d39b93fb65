"""Who is who from frame to frame."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from emolens.people.boxes import PersonBoxes
from emolens.people.tracker import GAP_S, OVERLAP, Tracker, overlaps


def persons(*boxes) -> PersonBoxes:
    box_K4 = np.array(boxes, dtype=np.float32).reshape(-1, 4)
    return PersonBoxes(box_K4, np.linspace(0.9, 0.5, len(box_K4), dtype=np.float32))


def at(x: float, y: float = 0.0, side: float = 40.0) -> tuple[float, float, float, float]:
    return x, y, x + side, y + side


def naive_overlap(one, other) -> float:
    """Pixels of the intersection over those of the union, of boxes in whole pixels."""
    mine = {(x, y) for x in range(one[0], one[2]) for y in range(one[1], one[3])}
    yours = {(x, y) for x in range(other[0], other[2]) for y in range(other[1], other[3])}
    return len(mine & yours) / len(mine | yours)


@st.composite
def whole_boxes(draw):
    x, y = draw(st.integers(0, 20)), draw(st.integers(0, 20))
    return x, y, x + draw(st.integers(1, 12)), y + draw(st.integers(1, 12))


@given(st.lists(whole_boxes(), min_size=1, max_size=4), st.lists(whole_boxes(), min_size=1, max_size=4))
def test_overlap_equals_counting_pixels(ones, others):
    found_KM = overlaps(np.array(ones, np.float32), np.array(others, np.float32))
    expected_KM = [[naive_overlap(one, other) for other in others] for one in ones]
    np.testing.assert_allclose(found_KM, expected_KM, atol=1e-12)


def test_two_who_cross_keep_their_numbers():
    tracker = Tracker()
    lanes = []
    for frame in range(21):  # one to the right, one to the left, at a stride of a fifth of their width, a little apart
        right, left = at(8.0 * frame, 0), at(160 - 8.0 * frame, 24)
        given = persons(right, left) if frame % 2 else persons(left, right)  # the detector's order says nothing
        numbers = tracker.add(frame / 2, given)
        lanes.append(numbers if frame % 2 else numbers[::-1])
    assert lanes == [lanes[0]] * 21
    assert len(tracker.tracks) == 2
    assert [track.boxes[-1].tolist() for track in tracker.tracks] == [list(at(0, 24)), list(at(160))]


def test_all_pairs_are_chosen_together():
    tracker = Tracker()
    tracker.add(0.0, persons(at(0), at(20)))
    # The first new box overlaps the second old one most, but only the second new one can go on as that.
    assert overlaps(np.array([at(11)], np.float32), np.array([at(0), at(20)], np.float32)).argmax() == 1
    assert tracker.add(0.5, persons(at(11), at(40))) == [0, 1]


@pytest.mark.parametrize(("gap", "same"), [(0.5, True), (GAP_S, True), (GAP_S + 0.5, False)])
def test_someone_may_be_missing_for_a_while(gap, same):
    tracker = Tracker()
    assert tracker.add(1.0, persons(at(0))) == [0]
    assert tracker.add(1.0 + gap / 2, persons()) == []
    assert tracker.add(1.0 + gap, persons(at(4))) == [0 if same else 1]
    assert [track.times for track in tracker.tracks] == ([[1.0, 1.0 + gap]] if same else [[1.0], [1.0 + gap]])


def test_a_newcomer_and_a_leap_are_new_persons():
    tracker = Tracker()
    assert tracker.add(0.0, persons(at(0))) == [0]
    assert tracker.add(0.5, persons(at(100), at(2))) == [1, 0]
    assert tracker.add(1.0, persons(at(300))) == [2]
    assert tracker.tracks[1].scores == [pytest.approx(0.9)]


def test_less_overlap_than_asked_for_is_another_person():
    shared = 40 * OVERLAP * 2 / (1 + OVERLAP)  # px of width at which the overlap is just that
    for step, number in ((40 - shared - 0.1, 0), (40 - shared + 0.1, 1)):
        tracker = Tracker()
        tracker.add(0.0, persons(at(0)))
        assert tracker.add(0.5, persons(at(step))) == [number]


def test_nobody_at_all():
    tracker = Tracker()
    assert [tracker.add(time_s, persons()) for time_s in (0.0, 0.5)] == [[], []]
    assert tracker.tracks == []


@given(st.lists(st.tuples(st.sampled_from([0.5, 1.0, 3.0]), st.lists(whole_boxes(), max_size=4)), max_size=12))
def test_each_box_has_one_track_and_no_track_two_boxes_of_a_frame(frames):
    tracker, time_s = Tracker(), 0.0
    placed: list[tuple[int, float, tuple[int, ...]]] = []
    for step, boxes in frames:
        time_s += step
        numbers = tracker.add(time_s, persons(*boxes))
        assert len(numbers) == len(set(numbers)) == len(boxes)
        placed += [(number, time_s, box) for number, box in zip(numbers, boxes, strict=True)]
    kept = [
        (number, time_s, tuple(int(side) for side in box))
        for number, track in enumerate(tracker.tracks)
        for time_s, box in zip(track.times, track.boxes, strict=True)
    ]
    assert sorted(kept) == sorted(placed)
    for track in tracker.tracks:
        assert track.times, "somebody was seen"
        assert (np.diff(track.times) > 0).all()
        assert (np.diff(track.times) <= tracker.gap_s).all()
