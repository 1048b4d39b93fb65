"""Whom a model of pictures is asked about: the scene, the persons, or both."""

import json
import os
import shutil
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
import torch
from PIL import Image

from emolens import load
from emolens.data.loaders.single_view import SingleViewDataset
from emolens.data.manifest import Manifest
from emolens.data.persons import add_persons
from emolens.errors import ConfigError, WeightsError
from emolens.inference.batch import predict
from emolens.inference.persons import SCENE, choose_persons
from emolens.inference.prediction import Prediction, by_person, inputs_of_rows
from emolens.inference.results import by_input
from emolens.media.image import read_image
from emolens.people.boxes import PersonBoxes
from emolens.people.cache import FLOOR, BoxCache
from emolens.people.crop import person_part
from emolens.people.finder import PersonFinder
from emolens.taxonomy import get_label_space

SPACE = get_label_space("mikels8")
LEFT, RIGHT, DIM = ((4.0, 8.0, 24.0, 40.0), 0.9), ((36.0, 4.0, 60.0, 44.0), 0.6), ((26.0, 30.0, 34.0, 46.0), 0.1)
BOXES = [(8.0, 16.0, 48.0, 80.0), (72.0, 8.0, 120.0, 88.0)]  # the same in pictures of 128 x 96


@pytest.fixture(autouse=True)
def own_cache(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "user"))


@pytest.fixture(scope="module")
def model(tiny_clip):
    return load(f"zeroshot:{tiny_clip}", "mikels8", device="cpu", precision="fp32")


@pytest.fixture
def photos(tmp_path, picture):
    return [picture(tmp_path / "in" / f"{k}.png", k, size=(128, 96)) for k in range(5)]


@pytest.fixture
def finder(yolox, photos, tmp_path):
    """Finds two persons in every picture, and nobody in the third."""
    found = PersonFinder(yolox(LEFT, RIGHT, DIM), cache=tmp_path / "boxes")
    nobody = PersonBoxes(np.zeros((0, 4), np.float32), np.zeros(0, np.float32))
    with BoxCache(tmp_path / "boxes", found.detector.fingerprint) as known:
        from emolens.media.content import read_content

        known.add(read_content(photos[2])[1], 96, 128, nobody)
    return found


def told(rows):
    return [(row.source[-5:-4], row.person, row.status) for row in rows]


def assert_equal(rows, others):
    """But for the last digits, which depend on what shares a batch."""
    for row, other in zip(rows, others, strict=True):
        assert list(row.scores.values()) == pytest.approx(list(other.scores.values()), abs=1e-6)
        assert (row.valence, row.arousal) == pytest.approx((other.valence, other.arousal), abs=1e-6)
        numbers = {"score": None, "scores": None, "valence": None, "arousal": None}
        assert replace(row, **numbers) == replace(other, **numbers)


def test_the_scene_and_behind_it_its_persons(model, photos, finder):
    rows = model.predict(photos[:4], who="both", people=finder)
    assert told(rows) == [
        ("0", None, "ok"), ("0", 1, "ok"), ("0", 2, "ok"), ("1", None, "ok"), ("1", 1, "ok"), ("1", 2, "ok"),
        ("2", None, "ok"), ("3", None, "ok"), ("3", 1, "ok"), ("3", 2, "ok"),
    ]  # fmt: skip
    assert [rows[k].box for k in (1, 2)] == BOXES
    assert [rows[k].box_score for k in (1, 2)] == [0.9, 0.6]
    assert (rows[0].box, rows[0].box_score) == (None, None)
    assert rows.input_N.tolist() == [0, 0, 0, 1, 1, 1, 2, 3, 3, 3]
    assert [len(part) for group in by_input(rows) for part in by_person(group)] == [1] * 10


def test_persons_alone_and_the_scene_where_nobody_is_found(model, photos, finder):
    rows = model.predict(photos[:4], who="persons", people=finder)
    assert told(rows) == [
        ("0", 1, "ok"), ("0", 2, "ok"), ("1", 1, "ok"), ("1", 2, "ok"), ("2", None, "no_person"),
        ("3", 1, "ok"), ("3", 2, "ok"),
    ]  # fmt: skip
    assert rows[4].error == f"{photos[2]}: nobody was found; this answer is of the scene"
    assert rows[4].answered
    assert_equal([replace(rows[4], status="ok", error=None)], model.predict(photos[2:3]))
    both = model.predict(photos[:4], who="both", people=finder)
    assert_equal(rows[[0, 1, 5]], both[[1, 2, 8]])  # a person is the same whoever else is asked about


def test_the_scene_is_the_same_with_persons_and_without(model, photos, finder):
    both = model.predict(photos, who="both", people=finder)
    assert_equal([row for row in both if row.person is None], model.predict(photos, who="scene"))


@pytest.mark.parametrize("batch_size", [1, 3, 32])
def test_a_person_is_what_the_model_says_of_the_crop(model, photos, finder, tmp_path, batch_size):
    rows = model.predict(photos[:2], batch_size, who="both", people=finder)
    crops = []
    for row in rows:
        if row.box is not None:
            crops.append(tmp_path / f"crop{len(crops)}.png")
            Image.fromarray(person_part(read_image(row.source), row.box, "")).save(crops[-1])
    expected = model.predict(crops)
    persons = rows[np.flatnonzero(rows.person_N)]
    assert np.ptp(expected.score_NC(SPACE), axis=0).max() > 1e-3, "persons must differ for this test to mean anything"
    np.testing.assert_allclose(persons.score_NC(SPACE), expected.score_NC(SPACE), atol=1e-6)
    np.testing.assert_allclose(persons.values("valence"), expected.values("valence"), atol=1e-6)


def test_the_pixels_are_those_of_training(vit_run, photos, finder):
    """What a run was trained and validated on is what it is asked about, to the bit."""
    folder, _ = vit_run()
    model = load(f"run:{folder}", device="cpu", precision="fp32")
    frame = pd.DataFrame({"id": ["a", "b"], "path": [p.name for p in photos[:2]], "media": "image"})
    manifest, _ = add_persons(Manifest(frame, {}, photos[0].parent), finder)
    data = SingleViewDataset(manifest, model.config.preprocess, train=False, view="person")
    seen = []
    encode = model.backbone.encode_image

    def spy(image_BCHW):
        seen.append(image_BCHW.clone())
        return encode(image_BCHW)

    model.backbone.encode_image = spy
    rows = model.predict(photos[:2], who="persons", people=finder)
    shown_BCHW = torch.cat(seen)[[place for place, row in enumerate(rows) if row.person == 1]]
    assert torch.equal(shown_BCHW, data.finish(data[[0, 1]])["image"])


def test_copies_and_duplicates_have_the_same_rows(model, photos, finder, tmp_path):
    copy = shutil.copy(photos[0], tmp_path / "copy.png")
    rows = model.predict([photos[0], photos[1], photos[0], copy], who="both", people=finder)
    parts = by_input(rows)
    assert [len(part) for part in parts] == [3, 3, 3, 3]
    assert parts[0] == parts[2]
    assert [replace(row, source=str(photos[0])) for row in parts[3]] == parts[0]


def test_the_cache_of_embeddings_changes_nothing(tiny_clip, photos, finder, tmp_path):
    plain, cached = (
        load(f"zeroshot:{tiny_clip}", "mikels8", device="cpu", precision="fp32", cache=cache)
        for cache in (None, tmp_path / "embeddings")
    )
    expected = plain.predict(photos, who="both", people=finder)
    for _ in range(2):
        assert cached.predict(photos, who="both", people=finder) == expected


def test_another_threshold_asks_about_others(model, photos, finder):
    for threshold, persons in ((FLOOR, 3), (0.3, 2), (0.7, 1), (0.95, 0)):
        rows = model.predict(photos[:1], who="both", people=PersonFinder(finder.spec, threshold))
        assert len(rows) == 1 + persons


def test_bad_files_are_rows(model, photos, finder, tmp_path):
    text = tmp_path / "text.jpg"
    text.write_text("no picture")
    (tmp_path / "empty.png").write_bytes(b"")
    given = [tmp_path / "gone.jpg", photos[0], text, tmp_path / "empty.png"]
    for who, persons in (("both", 3), ("persons", 2)):
        rows = model.predict(given, who=who, people=finder)
        assert [row.status for row in rows] == ["error", *["ok"] * persons, "error", "error"]
        for row in rows:
            assert row.answered or (row.error.startswith(row.source) and row.person is None and row.label is None)
        assert "no such file" in rows[0].error


def test_a_file_that_vanishes_is_an_error_for_each_person(model, photos, finder):
    class Vanishing(PersonFinder):
        def in_files(self, paths, batch_size=8):
            found = super().in_files(paths, batch_size)
            os.unlink(photos[0])
            return found

    rows = model.predict(photos[:2], who="persons", people=Vanishing(finder.spec))
    assert [(row.person, row.status) for row in rows] == [(1, "error"), (2, "error"), (1, "ok"), (2, "ok")]
    assert "no such file" in rows[0].error
    assert rows[0].box == BOXES[0]


def test_a_file_that_appears_only_after_the_look_for_persons_is_partial(model, photos, finder, tmp_path):
    late = tmp_path / "late.png"

    class Early(PersonFinder):
        def in_files(self, paths, batch_size=8):
            found = super().in_files(paths, batch_size)
            shutil.copy(photos[0], late)
            return found

    for who in ("both", "persons"):
        late.unlink(missing_ok=True)
        (row,) = model.predict([late], who=who, people=Early(finder.spec))
        assert (row.status, row.person) == ("partial", None)
        assert row.error == f"{late}: no such file; nobody could be looked for"
        assert row.label is not None


def test_a_sound_file_is_refused_as_ever(model, video, finder, tmp_path):
    sound = video(tmp_path / "sound.wav", 1, pictures=False, sound_codec="pcm_s16le")
    for who in ("both", "persons"):
        (row,) = model.predict([sound], who=who, people=finder)
        assert row.status == "error"
        assert "is a sound file" in row.error


def test_whom_a_model_is_asked_about_by_default(vit_run, photos, finder):
    folder, _ = vit_run()
    assert len(load(f"run:{folder}", device="cpu").predict(photos[:1], people=finder)) == 1
    facts = json.loads((folder / "config.json").read_text())
    (folder / "config.json").write_text(json.dumps({**facts, "view": "person"}))
    of_persons = load(f"run:{folder}", device="cpu")
    assert [row.person for row in of_persons.predict(photos[:1], people=finder)] == [None, 1, 2]
    assert [row.person for row in of_persons.predict(photos[:1], people="none")] == [None]
    assert [row.person for row in of_persons.predict(photos[:1], who="scene")] == [None]


def test_choices_that_cannot_be(model, photos, tmp_path):
    with pytest.raises(ConfigError, match='who "all": must be scene, persons or both'):
        model.predict(photos[:1], who="all")
    with pytest.raises(ConfigError, match="who persons with people none: nobody finds them; name a detector"):
        model.predict(photos[:1], who="persons", people="none")
    with pytest.raises(ConfigError, match='unknown detector "yolo9:x"'):
        model.predict(photos[:1], who="both", people="yolo9:x")
    gone = f"yolox:{tmp_path / 'gone.onnx'}"
    with pytest.raises(WeightsError, match=r"gone\.onnx: no such weights file.*; or judge whole pictures: who scene"):
        model.predict(photos[:1], who="both", people=gone)
    assert choose_persons("scene", None, gone) is SCENE, "the detector of nobody is not looked for"


def test_a_model_of_whole_videos_says_that_it_sees_no_persons(av_run, video, finder, tmp_path):
    model = load(f"run:{av_run()}", device="cpu")
    film = video(tmp_path / "film.mp4", 1)
    with pytest.raises(ConfigError, match="takes whole videos with their sound, and no persons in them; ask it"):
        model.predict([film], who="both", people=finder)
    assert len(model.predict([film], who="scene")) == 1


class Stopping(PersonFinder):
    """A Ctrl-C when the second part of the files is looked through."""

    calls = 0

    def in_files(self, paths, batch_size=8):
        self.calls += 1
        if self.calls == 2:
            raise KeyboardInterrupt
        return super().in_files(paths, batch_size)


def test_interrupted_and_continued_is_as_if_never_interrupted(model, photos, finder, tmp_path):
    given = [*photos, tmp_path / "gone.png"]
    whole = predict(given, model, out=tmp_path / "whole.jsonl", who="both", people=finder, batch_size=1)
    stopping = Stopping(finder.spec, cache=finder.folder)
    with pytest.raises(KeyboardInterrupt):
        predict(given, model, out=tmp_path / "t.jsonl", who="both", people=stopping, batch_size=1)
    lines = (tmp_path / ".t.jsonl.partial.jsonl").read_text().splitlines()
    assert [len(json.loads(line)) for line in lines[1:]] == [3, 3, 1, 3], "the rows of one picture in one line"
    with pytest.raises(ConfigError, match=r"was of who both, people .* this one is of who scene, people none"):
        predict(given, model, out=tmp_path / "t.jsonl", who="scene", resume=True)
    rows = predict(given, model, out=tmp_path / "t.jsonl", who="both", people=finder, batch_size=1, resume=True)
    assert rows == whole
    assert rows.input_N.tolist() == whole.input_N.tolist() == [0, 0, 0, 1, 1, 1, 2, 3, 3, 3, 4, 4, 4, 5]
    assert (tmp_path / "t.jsonl").read_bytes() == (tmp_path / "whole.jsonl").read_bytes()


def read_back(path):
    if path.suffix == ".jsonl":
        return [Prediction(**json.loads(line)) for line in path.read_text().splitlines()]
    frame = pd.read_csv(path) if path.suffix == ".csv" else pd.read_parquet(path)
    rows = []
    for values in frame.to_dict("records"):
        known = {name: None if not isinstance(v, list) and pd.isna(v) else v for name, v in values.items()}
        scores = known["scores"]
        known["scores"] = json.loads(scores) if isinstance(scores, str) else None if scores is None else dict(scores)
        known["person"] = None if known["person"] is None else int(known["person"])
        rows.append(Prediction(**known))
    return rows


@pytest.mark.parametrize("suffix", ["jsonl", "csv", "parquet"])
@pytest.mark.parametrize("who", ["persons", "both"])
def test_a_table_of_persons_comes_back(model, photos, finder, tmp_path, suffix, who):
    given = [photos[0], photos[0], photos[2], tmp_path / "gone.png", photos[1]]
    rows = predict(given, model, out=tmp_path / f"t.{suffix}", who=who, people=finder)
    back = read_back(tmp_path / f"t.{suffix}")
    if suffix == "csv":  # its numbers are text
        for one, other in zip(back, rows, strict=True):
            assert (one.source, one.person, one.box, one.status) == (
                other.source,
                other.person,
                other.box,
                other.status,
            )
            assert one.scores == other.scores
    else:
        assert back == list(rows)
    assert inputs_of_rows(back) == rows.input_N.tolist()
    assert [part[0].person for group in by_input(back) for part in by_person(group)] == [row.person for row in rows]


@pytest.mark.shared
def test_photographs_of_oasis(model, shared):
    images = shared / "data/oasis/images"
    names = ["Parade 1.jpg", "Sad face 1.jpg", "Galaxy 1.jpg"]
    people = f"yolox:{shared / 'models/yolox_nano.onnx'}"
    rows = model.predict([images / name for name in names], who="persons", people=people)
    parade, face, galaxy = by_input(rows)
    assert len(parade) > 3
    assert [row.person for row in parade] == list(range(1, len(parade) + 1))
    assert (np.diff([row.box_score for row in parade]) <= 0).all()
    assert [row.person for row in face] == [1]
    assert [(row.person, row.status) for row in galaxy] == [(None, "no_person")]
    for row in (*parade, *face):
        with Image.open(row.source) as photo:
            assert 0 <= row.x0 < row.x1 <= photo.width
            assert 0 <= row.y0 < row.y1 <= photo.height
