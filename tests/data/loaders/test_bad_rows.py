"""A bad file is replaced by the next good one; too many of them are an error."""

import pytest

from emolens.data.loaders.bad_rows import MAX_BAD, BadRows
from emolens.errors import DataError, MediaError


def reader(bad):
    def read(row):
        if row in bad:
            raise MediaError(f"row {row}: broken")
        return row * 10

    return read


def test_the_next_good_row_is_taken_round_the_end_and_each_bad_one_reported_once(capsys):
    rows = BadRows(5, "picture", "/data")
    for _ in range(2):
        assert rows.read_or_next(1, "row 1", reader({3, 4})) == (1, 10)
        assert rows.read_or_next(3, "row 3", reader({3, 4})) == (0, 0)
    assert capsys.readouterr().err.splitlines() == [
        "emolens: row 3: broken; the next picture is taken instead",
        "emolens: row 4: broken; the next picture is taken instead",
    ]


def test_only_bad_rows_are_a_wrong_root():
    rows = BadRows(100, "video", "/data")
    assert rows.read_or_next(2, "row 2", reader(set(range(2, 1 + MAX_BAD))))[0] == 1 + MAX_BAD
    with pytest.raises(DataError, match=r"^row 2 and the 7 rows .* are the videos still where .* says \(/data\)"):
        rows.read_or_next(2, "row 2", reader(set(range(2, 2 + MAX_BAD))))
