from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from emolens.drawing.boxes import places_of_tags
from emolens.drawing.plane import MOST_DOTS, MOST_THUMBNAILS, spread_out
from emolens.drawing.plots import write_plots
from emolens.drawing.style import counted
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


def person(source, number, box, label="fear", **fields) -> Prediction:
    polarity = SPACE.polarity[SPACE.index(label)]
    corners = dict(zip(("x0", "y0", "x1", "y1"), box, strict=True))
    return prediction(source, number, person=number, label=label, polarity=polarity, box_score=0.5, **corners, **fields)


def test_persons_are_drawn_on_the_picture_of_their_scene(tmp_path):
    source = tmp_path / "grey.png"
    Image.new("RGB", (720, 480), (128, 128, 128)).save(source)
    scene = prediction(source, label="awe", polarity="positive")
    boxes = [(60.0, 90.0, 260.0, 400.0), (400.0, 90.0, 640.0, 400.0)]
    rows = [scene, person(source, 1, boxes[0], "fear"), person(source, 2, boxes[1], "awe")]
    write_plots(rows, tmp_path / "both")
    write_plots(rows[1:], tmp_path / "persons")
    write_plots(rows[:1], tmp_path / "scene")
    pixels = {}
    for name in ("both", "persons", "scene"):
        assert names(tmp_path / name) == {"pictures/0001_grey.png", "valence_arousal.png", "labels.png"}
        pixels[name] = np.asarray(Image.open(tmp_path / name / "pictures/0001_grey.png").convert("RGB")).astype(int)
    for (left, top, right, bottom), colour in zip(boxes, ("#0072B2", "#D55E00"), strict=True):
        wanted = np.array([int(colour[i : i + 2], 16) for i in (1, 3, 5)])
        for name in ("both", "persons"):
            for x, y in ((left, 300), (right, 300), ((left + right) / 2, bottom), ((left + right) / 2, top)):
                around = pixels[name][int(y) - 5 : int(y) + 6, int(x) - 5 : int(x) + 6].reshape(-1, 3)
                assert (np.abs(around - wanted).max(axis=1) <= 2).any()
    np.testing.assert_array_equal(pixels["both"][:480], pixels["persons"][:480])
    assert (pixels["scene"][:480] == 128).all()
    heights = [len(pixels[name]) for name in ("persons", "scene", "both")]
    assert heights == sorted(heights)


def test_labels_and_plane_count_scenes_and_persons(picture, tmp_path):
    source = picture(tmp_path / "a.png", size=(300, 200))
    rows = [prediction(source), *(person(source, k, (10.0 * k, 20.0, 10.0 * k + 50, 120.0)) for k in (1, 2))]
    assert counted(rows) == "n = 3: 1 scenes, 2 persons"
    assert counted(rows[:1]) == "n = 1"
    write_plots(rows, tmp_path / "both")
    write_plots(rows[:1], tmp_path / "scene")
    for name in ("labels.png", "valence_arousal.png"):
        assert (tmp_path / "both" / name).read_bytes() != (tmp_path / "scene" / name).read_bytes()


def test_a_crowd_is_named_up_to_a_dozen(picture, tmp_path):
    source = picture(tmp_path / "crowd.png", size=(800, 600))
    crowd = [person(source, k + 1, (40.0 * k, 100.0, 40.0 * k + 60, 300.0 + k)) for k in range(18)]
    write_plots([prediction(source), *crowd], tmp_path / "all")
    write_plots([prediction(source), *crowd[:12]], tmp_path / "dozen")
    sizes = [Image.open(tmp_path / name / "pictures/0001_crowd.png").height for name in ("dozen", "all")]
    assert sizes[0] < sizes[1] < sizes[0] + 60, "a line says how many more there are"


@pytest.mark.parametrize("size", [(2, 2), (40, 3000), (3000, 40), (90, 60)])
def test_persons_in_any_shape_of_picture(picture, tmp_path, size):
    source = picture(tmp_path / "a.png", size=size)
    rows = [
        prediction(source),
        person(source, 1, (0.0, 0.0, *map(float, size))),
        person(source, 2, (0.5, 0.5, 1.0, 1.0)),
    ]
    write_plots(rows, tmp_path / "out")
    with Image.open(tmp_path / "out/pictures/0001_a.png") as image:
        assert image.width == 720


def test_a_picture_that_is_another_one_by_now_is_still_drawn(picture, tmp_path):
    source = picture(tmp_path / "a.png", size=(300, 200))
    rows = [prediction(source), person(source, 1, (100.0, 100.0, 280.0, 190.0))]
    picture(source, 1, size=(90, 60))
    assert len(write_plots(rows, tmp_path / "out")) == 3


def test_bad_persons_do_not_stop_the_drawing(picture, tmp_path):
    source = picture(tmp_path / "a.png", size=(300, 200))
    lost = Prediction(str(source), person=2, x0=1.0, y0=1.0, x1=9.0, y1=9.0, status="error", error="gone")
    write_plots([prediction(source), person(source, 1, (10.0, 10.0, 90.0, 90.0)), lost], tmp_path / "out")
    assert names(tmp_path / "out") == {"pictures/0001_a.png", "valence_arousal.png", "labels.png"}


def test_nobody_found_says_so(picture, tmp_path):
    source = picture(tmp_path / "a.png", size=(300, 200))
    write_plots([prediction(source, status="no_person", error="nobody")], tmp_path / "nobody")
    write_plots([prediction(source)], tmp_path / "scene")
    one, other = ((tmp_path / name / "pictures/0001_a.png").read_bytes() for name in ("nobody", "scene"))
    assert one != other


def test_a_short_video_shows_its_persons(video, tmp_path):
    source = video(tmp_path / "a.mp4", 2, size=(320, 240))
    scene = prediction(source, media="video", start_s=0.0, end_s=2.0)
    rows = [scene, person(source, 1, (40.0, 60.0, 160.0, 200.0), media="video", start_s=0.0, end_s=2.0)]
    write_plots(rows, tmp_path / "out")
    assert has_colour(tmp_path / "out/pictures/0001_a.png", "#0072B2")


def test_tags_keep_apart_and_inside():
    boxes = [
        (10.0, 40.0, 100.0, 200.0),
        (30.0, 45.0, 120.0, 190.0),
        (0.0, 0.0, 60.0, 100.0),
        (250.0, 150.0, 299.0, 199.0),
    ]
    places = places_of_tags(boxes, [(60.0, 14.0)] * 4, (300, 200))
    for k, (left, top, right, bottom) in enumerate(places):
        assert 0 <= left < right <= 300
        assert 0 <= top < bottom <= 200
        for other in places[:k]:
            assert left >= other[2] or other[0] >= right or top >= other[3] or other[1] >= bottom
    assert places_of_tags([(10.0, 0.0, 90.0, 199.0)], [(60.0, 14.0)], (300, 150))[0][3] <= 150, (
        "above the strip of a video"
    )
    assert places_of_tags([(100.0, 100.0, 200.0, 180.0)], [(60.0, 14.0)], (300, 200)) == [(100.0, 86.0, 160.0, 100.0)]
