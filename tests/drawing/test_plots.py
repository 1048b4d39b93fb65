from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from emolens.drawing.plane import MOST_DOTS, MOST_THUMBNAILS, spread_out
from emolens.drawing.plots import write_plots
from emolens.errors import ConfigError, DataError
from emolens.inference.prediction import Prediction
from emolens.taxonomy import get_label_space

SPACE = get_label_space("mikels8")


def prediction(source, seed=0, **fields) -> Prediction:
    rng = np.random.default_rng(seed)
    scores = rng.dirichlet(np.ones(len(SPACE)))
    top = int(scores.argmax())
    row = Prediction(
        str(source),
        label=SPACE.labels[top],
        score=float(scores[top]),
        scores=dict(zip(SPACE.labels, scores.tolist(), strict=True)),
        valence=float(rng.uniform(-1, 1)),
        arousal=float(rng.uniform(-1, 1)),
        polarity=SPACE.polarity[top],
        model="test",
        label_space="mikels8",
    )
    return replace(row, **fields)


def has_colour(path: Path, colour: str) -> bool:
    pixels = np.asarray(Image.open(path).convert("RGB")).reshape(-1, 3).astype(int)
    wanted = np.array([int(colour[i : i + 2], 16) for i in (1, 3, 5)])
    return bool((np.abs(pixels - wanted).max(axis=1) <= 2).any())


def names(folder: Path) -> set[str]:
    return {p.relative_to(folder).as_posix() for p in folder.rglob("*") if p.is_file()}


def test_writes_the_three_kinds(picture, tmp_path):
    rows = [prediction(picture(tmp_path / f"in/{i}.jpg", i), i) for i in range(3)]
    written = write_plots(rows, tmp_path / "out")
    assert {p.relative_to(tmp_path / "out").as_posix() for p in written} == names(tmp_path / "out")
    assert names(tmp_path / "out") == {
        "pictures/0001_0.png",
        "pictures/0002_1.png",
        "pictures/0003_2.png",
        "valence_arousal.png",
        "labels.png",
    }
    for path in written:
        with Image.open(path) as image:
            assert image.format == "PNG"
            image.load()


def test_colours_tell_polarity(picture, tmp_path):
    source = picture(tmp_path / "a.jpg")
    for label, mine, other in (("awe", "#D55E00", "#0072B2"), ("fear", "#0072B2", "#D55E00")):
        row = prediction(source, label=label, polarity=SPACE.polarity[SPACE.index(label)], scores={label: 1.0})
        write_plots([row], tmp_path / label)
        for name in ("labels.png", "pictures/0001_a.png"):
            assert has_colour(tmp_path / label / name, mine)
            assert not has_colour(tmp_path / label / "labels.png", other)


def test_error_rows_are_left_out(picture, tmp_path):
    bad = Prediction("gone.jpg", status="error", error="gone.jpg: no such file")
    write_plots([bad, prediction(picture(tmp_path / "a.jpg")), bad], tmp_path / "out")
    assert names(tmp_path / "out") == {"pictures/0001_a.png", "valence_arousal.png", "labels.png"}
    assert write_plots([bad], tmp_path / "none") == []
    assert write_plots([], tmp_path / "none") == []
    assert not (tmp_path / "none").exists()


def test_a_picture_that_has_gone_is_no_reason_to_fail(picture, tmp_path):
    rows = [prediction(tmp_path / "gone.jpg"), prediction(picture(tmp_path / "a.jpg"))]
    write_plots(rows, tmp_path / "out")
    assert names(tmp_path / "out") == {"pictures/0002_a.png", "valence_arousal.png", "labels.png"}


def test_limit(picture, tmp_path):
    source = picture(tmp_path / "a.jpg")
    rows = [prediction(source, i) for i in range(4)]
    assert len([n for n in write_plots(rows, tmp_path / "two", limit=2) if n.parent.name == "pictures"]) == 2
    write_plots(rows, tmp_path / "zero", limit=0)
    assert names(tmp_path / "zero") == {"valence_arousal.png", "labels.png"}
    with pytest.raises(ConfigError, match="0 or more"):
        write_plots(rows, tmp_path / "minus", limit=-1)


def test_only_what_is_known_is_drawn(picture, tmp_path):
    source = picture(tmp_path / "a.jpg")
    point = prediction(source, label=None, score=None, scores=None, polarity=None, label_space=None)
    write_plots([point], tmp_path / "point")
    assert names(tmp_path / "point") == {"pictures/0001_a.png", "valence_arousal.png"}
    write_plots([prediction(source, valence=None, arousal=None)], tmp_path / "label")
    assert names(tmp_path / "label") == {"pictures/0001_a.png", "labels.png"}


@pytest.mark.parametrize("count", [MOST_THUMBNAILS + 1, MOST_DOTS + 1])
def test_many_predictions_become_dots_or_hexagons(tmp_path, count):
    rows = [prediction("video.mp4", i, media="video") for i in range(count)]
    write_plots(rows, tmp_path / "out")
    assert names(tmp_path / "out") == {"valence_arousal.png", "labels.png"}


@pytest.mark.parametrize("size", [(1, 1), (3000, 10), (10, 3000), (90, 60)])
def test_any_shape_of_picture(picture, tmp_path, size):
    write_plots([prediction(picture(tmp_path / "a.png", size=size))], tmp_path / "out")
    with Image.open(tmp_path / "out/pictures/0001_a.png") as image:
        assert image.width == 720
        assert image.height <= 900 + 190


@pytest.mark.filterwarnings("error")
def test_awkward_names_do_not_break_the_drawing(picture, tmp_path):
    for name in ("$x_{2$ 50%.png", "猫の写真 🐈.png", "a" * 120 + ".png", "-- .png"):
        write_plots([prediction(picture(tmp_path / "in" / name))], tmp_path / "out")
    assert "pictures/0001_picture.png" not in names(tmp_path / "out")
    assert "pictures/0001_--.png" in names(tmp_path / "out")


def test_label_space_of_ones_own(picture, tmp_path):
    row = prediction(picture(tmp_path / "a.jpg"), label="meh", polarity="neutral", scores={"meh": 0.7, "wow": 0.3})
    write_plots([replace(row, label_space="my-own")], tmp_path / "out")
    assert has_colour(tmp_path / "out/labels.png", "#8A8F98")


def test_a_file_in_the_place_of_the_folder(picture, tmp_path):
    place = tmp_path / "out"
    place.write_text("mine")
    with pytest.raises(ConfigError, match="is a file; plots need a folder"):
        write_plots([prediction(picture(tmp_path / "a.jpg"))], place)
    assert place.read_text() == "mine"


def test_a_place_that_cannot_be_written(picture, tmp_path):
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "pictures").write_text("mine")
    with pytest.raises(DataError, match="cannot be written"):
        write_plots([prediction(picture(tmp_path / "a.jpg"))], tmp_path / "out")
    assert names(tmp_path / "out") == {"pictures"}


def test_drawing_twice_gives_the_same(picture, tmp_path):
    rows = [prediction(picture(tmp_path / f"{i}.jpg", i), i) for i in range(5)]
    for name in ("one", "two"):
        write_plots(rows, tmp_path / name, limit=1)
    for name in names(tmp_path / "one"):
        assert (tmp_path / "one" / name).read_bytes() == (tmp_path / "two" / name).read_bytes()


def test_spread_out_makes_room_and_keeps_lone_points(rng):
    crowd = rng.normal(scale=0.02, size=(20, 2))
    points = np.concatenate([crowd, [[0.9, 0.9]]])
    places = spread_out(points, 0.12)
    apart = np.abs(places[:, None] - places[None]).max(axis=2) + np.eye(21)
    assert apart.min() > 0.09
    assert places[-1] == pytest.approx(points[-1], abs=0.01)
    assert np.abs(places).max() <= 1
