"""Greedy suppression against the obvious loops."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from emolens.people.nms import suppress


def naive(boxes, scores, overlap):
    left = sorted(range(len(boxes)), key=lambda k: -scores[k])
    kept = []
    while left:
        best = left.pop(0)
        kept.append(best)
        left = [k for k in left if iou(boxes[best], boxes[k]) <= overlap]
    return kept


def iou(a, b):
    wide, tall = min(a[2], b[2]) - max(a[0], b[0]), min(a[3], b[3]) - max(a[1], b[1])
    shared = max(wide, 0) * max(tall, 0)
    union = (a[2] - a[0]) * (a[3] - a[1]) + (b[2] - b[0]) * (b[3] - b[1]) - shared
    return shared / union if union else 0.0


CORNER = st.integers(0, 12)
BOX = st.tuples(CORNER, CORNER, st.integers(1, 8), st.integers(1, 8)).map(
    lambda b: (b[0], b[1], b[0] + b[2], b[1] + b[3])
)


@given(st.lists(BOX, max_size=20), st.sampled_from([0.1, 0.3, 0.45, 0.7]), st.randoms())
def test_equals_the_obvious_version(boxes, overlap, random):
    scores = [random.random() for _ in boxes]
    got = suppress(np.array(boxes, dtype=np.float32).reshape(-1, 4), np.array(scores), overlap)
    assert got.tolist() == naive(boxes, scores, overlap)


@given(st.lists(BOX, max_size=20), st.randoms())
def test_a_threshold_may_come_afterwards(boxes, random):
    box_K4 = np.array(boxes, dtype=np.float32).reshape(-1, 4)
    score_K = np.array([random.random() for _ in boxes])
    all_of_them = suppress(box_K4, score_K, 0.45)
    good = np.flatnonzero(score_K >= 0.5)
    first = good[suppress(box_K4[good], score_K[good], 0.45)]
    assert first.tolist() == [k for k in all_of_them if score_K[k] >= 0.5]
