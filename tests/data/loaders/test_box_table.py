"""All boxes at once, against one row after the other."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from emolens.data.loaders.box_table import BoxTable
from emolens.errors import DataError
from emolens.people.boxes import boxes_inside

SIDE = st.floats(-3, 60, allow_nan=False) | st.just(float("nan"))
ROW = st.tuples(st.lists(st.lists(SIDE, min_size=4, max_size=4), max_size=3), st.integers(1, 50) | st.none())


def table(rows):
    frame = pd.DataFrame({"id": [f"p{k}" for k in range(len(rows))]})
    frame["boxes"] = pd.Series([boxes for boxes, _ in rows], dtype=object)
    for name in ("height", "width"):
        frame[name] = pd.Series([side for _, side in rows], dtype="Int64")
    return frame


@given(st.lists(ROW, min_size=1, max_size=5))
def test_equals_row_after_row(rows):
    wanted = None
    for k, (boxes, side) in enumerate(rows):
        try:
            boxes_inside(boxes, side or 10**9, side or 10**9, f'row {k} (id "p{k}")')
        except DataError as error:
            wanted = str(error)
            break
    if wanted is None:
        read = BoxTable(table(rows))
        for k, (boxes, _) in enumerate(rows):
            box_K4, score_K = read.of(k)
            np.testing.assert_array_equal(box_K4, np.reshape(boxes, (-1, 4)))
            assert score_K is None
    else:
        with pytest.raises(DataError) as caught:
            BoxTable(table(rows))
        assert str(caught.value).split(": ")[0] == wanted.split(": ")[0]


def test_scores_of_their_rows():
    frame = table([([[0, 0, 5, 5], [1, 1, 9, 9]], 10), ([], 10), ([[2, 2, 4, 4]], None)])
    frame["box_scores"] = pd.Series([[0.9, 0.5], None, [0.7]], dtype=object)
    read = BoxTable(frame)
    assert [read.of(row)[1].tolist() for row in range(3)] == [[0.9, 0.5], [], [0.7]]


def test_no_boxes_at_all():
    box_K4, score_K = BoxTable(pd.DataFrame({"id": ["a"]})).of(0)
    assert box_K4.shape == (0, 4)
    assert score_K is None


def test_a_box_of_three_numbers_names_its_row():
    with pytest.raises(DataError, match=r'row 1 \(id "p1"\): box \[1.0, 2.0, 3.0\] is not left'):
        BoxTable(table([([], 10), ([[1, 2, 3]], 10)]))
