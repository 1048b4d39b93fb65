"""Which rows belong together."""

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from emolens.inference.prediction import Prediction, by_person, inputs_of_rows

PHOTO = Prediction("a.jpg")
FILM = Prediction("a.mp4", "video", 0.0, 12.0)


def persons(scene, *numbers):
    return [scene, *(replace(scene, person=number, x0=1.0, y0=1.0, x1=2.0, y1=2.0) for number in numbers)]


def windows(whole, count):
    return [whole, *(replace(whole, start_s=2.0 * k, end_s=2.0 * k + 4) for k in range(count))]


def test_rows_of_one_input_stand_together():
    rows = [*persons(PHOTO, 1, 2), *persons(PHOTO, 1), PHOTO, *persons(replace(PHOTO, source="b.jpg"), 1)]
    assert inputs_of_rows(rows) == [0, 0, 0, 1, 1, 2, 3, 3]
    first, second = (replace(FILM, person=number) for number in (1, 2))
    film = [*windows(FILM, 3), *windows(first, 3), *windows(second, 1)]
    assert inputs_of_rows([*film, *film]) == [0] * len(film) + [1] * len(film)
    assert by_person(film) == [windows(FILM, 3), windows(first, 3), windows(second, 1)]


def test_persons_without_a_scene():
    rows = persons(PHOTO, 1, 2)[1:]
    assert inputs_of_rows([*rows, *rows]) == [0, 0, 1, 1]
    assert [part[0].person for part in by_person(rows)] == [1, 2]
    assert by_person([]) == []
    assert inputs_of_rows([]) == []


@given(st.lists(st.tuples(st.integers(0, 3), st.integers(0, 3)), max_size=6))
def test_any_mixture_of_windows_and_persons(inputs):
    rows, expected = [], []
    for number, (count, people) in enumerate(inputs):
        scene = replace(FILM, source=f"{number % 2}.mp4")
        mine = [row for who in persons(scene, *range(1, people + 1)) for row in windows(who, count)]
        rows += mine
        expected += [number] * len(mine)
        assert [part for part in by_person(mine)] == [
            windows(who, count) for who in persons(scene, *range(1, people + 1))
        ]
    assert inputs_of_rows(rows) == expected
