from pathlib import Path

import pytest

from emolens.errors import MediaError
from emolens.prefetch import prefetch, reason


def test_results_come_in_order_and_failures_are_items():
    def load(number: int) -> int:
        if number % 3 == 0:
            raise MediaError(f"{number}: torn")
        return number**2

    items = list(prefetch(load, [1, 2, 3, 4], workers=3, ahead=1))
    assert [item.place for item in items] == [0, 1, 2, 3]
    assert [item.result for item in items] == [1, 4, None, 16]
    assert str(items[2].error) == "3: torn"


def test_no_more_wait_than_asked_for():
    begun: list[int] = []

    def load(number: int) -> int:
        begun.append(number)
        return number

    items = prefetch(load, range(100), workers=2, ahead=3)
    next(items)
    assert len(begun) <= 2 + 3
    items.close()


@pytest.mark.unforeseen
def test_whatever_is_raised_becomes_words_and_a_log(caplog):
    [item] = prefetch({}.__getitem__, [1], workers=1, ahead=0)
    with caplog.at_level("DEBUG", logger="emolens.failures"):
        words = reason(Path("a.mp4"), item.error)
    assert words == "a.mp4: cannot be used, for a reason that was not foreseen (KeyError: 1)"
    assert "KeyError" in caplog.text
    assert "Traceback" in caplog.text


def test_a_mistake_of_ours_surfaces_in_tests():
    [item] = prefetch({}.__getitem__, [1], workers=1, ahead=0)
    with pytest.raises(KeyError):
        reason(Path("a.mp4"), item.error)


def test_reasons_begin_with_the_path():
    path = Path("a.mp4")
    assert reason(path, MediaError("a.mp4: torn")) == "a.mp4: torn"
    assert reason(path, MediaError("picture in memory: torn")) == "a.mp4: torn"
    assert reason(path, MediaError("torn")) == "a.mp4: torn"
    assert reason(path, FileNotFoundError(2, "No such file")) == "a.mp4: no such file"
    assert reason(path, PermissionError(13, "Permission denied")) == "a.mp4: cannot be read (Permission denied)"
    assert reason(path, ValueError("odd")) == "a.mp4: cannot be used (odd)"
    assert reason(path, MemoryError()) == "a.mp4: needs more memory than there is"
