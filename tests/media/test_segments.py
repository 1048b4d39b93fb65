from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from emolens.media.segments import sample_segments

sizes = st.integers(1, 400), st.integers(1, 20), st.integers(1, 12)


@given(*sizes, st.none() | st.integers(0, 5))
def test_runs_are_consecutive_and_inside_the_clip(frames, segments, length, seed):
    rng = None if seed is None else np.random.default_rng(seed)
    frame_SL = sample_segments(frames, segments, length, rng)
    assert frame_SL.shape == (segments, length)
    assert frame_SL.dtype == np.int64
    for run in frame_SL.tolist():
        assert all(b == (a + 1) % frames for a, b in pairwise(run))
        assert frames < length or run[-1] == run[0] + length - 1, "only a video shorter than the run is looped"
    assert frame_SL.min() >= 0
    assert frame_SL.max() < frames


def test_the_centre_of_each_segment_by_hand():
    assert sample_segments(32, 4, 2, None).tolist() == [[3, 4], [11, 12], [19, 20], [27, 28]]
    assert sample_segments(8, 2, 4, None).tolist() == [[0, 1, 2, 3], [4, 5, 6, 7]]


def test_random_runs_stay_in_their_segment_and_reach_all_of_it(rng):
    seen = [set(), set()]
    for _ in range(300):
        for segment, run in enumerate(sample_segments(40, 2, 5, rng)):
            seen[segment] |= set(run.tolist())
    assert seen == [set(range(20)), set(range(20, 40))]


def test_runs_longer_than_their_segment_overlap_and_cover_the_clip():
    covered = sample_segments(100, 16, 8, None)
    assert set(covered.ravel().tolist()) == set(range(100))


def test_a_short_clip_is_looped():
    assert sample_segments(3, 2, 4, None).tolist() == [[0, 1, 2, 0], [0, 1, 2, 0]]
    assert sample_segments(1, 2, 3, np.random.default_rng(0)).tolist() == [[0, 0, 0], [0, 0, 0]]


def test_the_same_generator_gives_the_same_frames():
    one, two = (sample_segments(300, 16, 8, np.random.default_rng(7)) for _ in range(2))
    assert (one == two).all()
    assert (one != sample_segments(300, 16, 8, np.random.default_rng(8))).any()


@pytest.mark.parametrize("arguments", [(0, 1, 1), (1, 0, 1), (1, 1, 0)])
def test_nothing_to_take_from_is_an_error(arguments):
    with pytest.raises(ValueError, match="at least 1"):
        sample_segments(*arguments, None)
