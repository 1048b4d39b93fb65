import math
from itertools import pairwise

import numpy as np
import pytest

from emolens.errors import ConfigError
from emolens.inference.timeline import Timeline


def naive_smoothing(values, spans, width):
    result = []
    for start, end in spans:
        total, mass = np.zeros(values.shape[1]), 0.0
        for value, (other_start, other_end) in zip(values, spans, strict=True):
            distance = abs((start + end) / 2 - (other_start + other_end) / 2)
            if distance < width:
                weight = math.cos(math.pi * distance / (2 * width)) ** 2
                total += weight * value
                mass += weight
        result.append(total / mass)
    return np.array(result)


def test_windows_cover_the_video_and_are_all_as_long():
    for duration in (4.001, 10, 11, 11.5, 61.37, 3600):
        for window, hop in ((4, 2), (4, 4), (2.5, 0.7)):
            spans = Timeline(window, hop).windows(duration)
            assert spans[0][0] == 0
            assert spans[-1][1] == pytest.approx(duration, abs=1e-3)
            assert all(end - start == pytest.approx(window, abs=1e-5) for start, end in spans)
            assert all(b[0] - a[0] <= hop + 1e-6 for a, b in pairwise(spans))
            assert len(set(spans)) == len(spans)


def test_the_last_window_is_moved_back_to_end_with_the_video():
    assert Timeline(4, 2).windows(8) == [(0, 4), (2, 6), (4, 8)]
    assert Timeline(4, 2).windows(9) == [(0, 4), (2, 6), (4, 8), (5, 9)]


def test_a_short_video_is_one_window():
    assert Timeline(4, 2).windows(3.2) == [(0, 3.2)]
    assert Timeline(4, 2).windows(4) == [(0, 4)]


@pytest.mark.parametrize("width", [0.5, 2.0, 4.0, 30.0])
def test_smoothing_equals_the_obvious_version(rng, width):
    spans = Timeline(4, 2).windows(41)
    values = rng.dirichlet(np.ones(5), len(spans))
    smooth = Timeline(4, 2, width).smoothed(values, spans)
    np.testing.assert_allclose(smooth, naive_smoothing(values, spans, width), atol=1e-12)
    np.testing.assert_allclose(smooth.sum(axis=1), 1, atol=1e-12)


def test_the_default_weighs_neighbours_half():
    spans = Timeline().windows(20)
    values = np.zeros((len(spans), 1))
    values[4] = 1
    assert Timeline().smoothed(values, spans)[:, 0].tolist() == pytest.approx([0, 0, 0, 0.25, 0.5, 0.25, 0, 0, 0])


def test_no_smoothing_changes_nothing(rng):
    values = rng.random((9, 3))
    assert Timeline(smooth_s=0).smoothed(values, Timeline().windows(20)) is values


@pytest.mark.parametrize(
    ("lengths", "message"),
    [
        ({"window_s": 0}, "window_s of the timeline must be at least 0.1 seconds, not 0"),
        ({"hop_s": float("nan")}, "hop_s .* not nan"),
        ({"smooth_s": -1}, "smooth_s of the timeline must be at least 0 seconds"),
        ({"window_s": 2, "hop_s": 3}, "a hop of 3 s would leave out what lies between windows of 2 s"),
    ],
)
def test_lengths_that_cannot_be(lengths, message):
    with pytest.raises(ConfigError, match=message):
        Timeline(**lengths)
