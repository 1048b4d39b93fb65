"""What is said of a picture, in which order, and what is left out."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from emolens.data.manifest import Manifest
from emolens.data.text.descriptions import (
    CLIP_TOKENS,
    describe,
    describe_manifest,
    few_texts_notice,
    overlong,
    overlong_notice,
)
from emolens.data.text.language import load_language
from emolens.data.text.tone import brightness, colorfulness
from emolens.errors import ConfigError, DataError

ENGLISH = load_language("en")
ALL = {
    "emotion": "awe",
    "human_action": "hiking",
    "facial_expression": "happiness",
    "colorfulness": 0.9,
    "brightness": 0.1,
    "object": ["Tree", "Dog", "Mountain"],
    "scene": "snow_field",
}
GERMAN = """
name = "Deutsch"
order = ["brightness", "emotion"]
[sentences]
brightness = "Das Bild ist {value}."
emotion = "Es weckt {value}."
[levels]
brightness = [[0.5, "dunkel"], [1.0, "hell"]]
colorfulness = [[1.0, "bunt"]]
[words.emotion]
joy = "Freude"
fear = "Furcht"
sadness = "Trauer"
"""


def test_a_sentence_each_in_order():
    assert describe(ALL, ENGLISH) == (
        "The place is snow field. It shows tree, dog and mountain. The picture is very dark. "
        "Its colours are extremely vivid. A face looks happy. Someone is hiking. It evokes awe."
    )


def test_what_is_unknown_is_left_out():
    unknown = {"scene": None, "object": [], "brightness": float("nan"), "facial_expression": "", "emotion": "fear"}
    assert describe(unknown, ENGLISH) == "It evokes fear."
    assert describe({}, ENGLISH) == ""
    assert (
        describe({"object": np.array(["Tree"]), "emotion": ["joy", "awe"]}, ENGLISH)
        == "It shows tree. It evokes joy and awe."
    )


def test_no_description_reaches_the_limit_of_clip():
    long = {**ALL, "object": [f"Musical instrument {k}" for k in range(20)], "scene": "natural_history_museum/indoor"}
    text = describe(long, ENGLISH)
    assert text.endswith("It evokes awe.")
    assert overlong([text]) == []


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ((0.0, 0.2), "very dark"),
        ((0.21, 0.4), "dark"),
        ((0.5,), "neither dark nor bright"),
        ((0.81, 1.0), "very bright"),
    ],
)
def test_levels(values, words):
    for value in values:
        assert describe({"brightness": value}, ENGLISH) == f"The picture is {words}."


def test_five_hundred_words_are_truncated_and_said_once():
    texts = ["short", "word " * 500, "word " * (CLIP_TOKENS - 2), "word " * (CLIP_TOKENS - 1)]
    assert overlong(texts) == [1, 3]
    assert overlong_notice(texts) == (
        "2 of 4 texts have more than the 77 tokens that CLIP reads; only their beginning counts "
        f'(the first: "{texts[1][:60]}...")'
    )
    assert overlong_notice(["short"]) is None


def test_texts_too_few_to_compare_are_said():
    sixty = [f"text {i % 24}" for i in range(60)]
    assert few_texts_notice(sixty, 64).startswith("only 24 different texts in 60 rows, where a batch compares 60:")
    assert few_texts_notice(sixty, 48) is None
    assert few_texts_notice([f"text {i}" for i in range(60)], 1024) is None
    assert few_texts_notice(["the same"], 1024) is None


def test_the_count_of_tokens_is_that_of_the_text_encoder():
    import open_clip

    for text in ("ein Bär frißt Honig, 1,000 times; it's " * 3, "!!??" * 30, "word " * 75, "word " * 76):
        tokens = open_clip.tokenize([text], context_length=400)[0]
        assert bool(overlong([text])) == (int((tokens != 0).sum()) > 77), text


def test_measured_where_the_table_does_not_say(small):
    manifest = replace(small, frame=small.frame.assign(brightness=[0.05] * 6 + [None] * 6))
    done = describe_manifest(manifest, ENGLISH)
    texts = done.manifest.frame["text"]
    assert done.measured == 12  # the colours, at least
    assert all(text.startswith("The picture is very dark. Its colours are ") for text in texts[:6])
    assert texts[0].endswith("It evokes joy.")
    assert "brightness" in done.manifest.frame.columns
    done.manifest.validate()
    again = replace(manifest, frame=manifest.frame.assign(brightness=0.5, colorfulness=0.5))
    assert describe_manifest(again, ENGLISH).measured == 0


def test_a_vanished_picture_still_has_its_emotion(small):
    small.paths()[3].unlink()
    done = describe_manifest(small, ENGLISH)
    assert list(done.errors) == [3]
    assert "03.png: no such file" in done.errors[3]
    assert done.manifest.frame["text"][3] == "It evokes sadness."


def test_nothing_known_is_no_text(small):
    manifest = Manifest(small.frame[["id", "path"]].assign(media="video"), {}, small.root)
    done = describe_manifest(manifest, ENGLISH)
    assert done.missing == 12
    assert done.manifest.frame["text"].isna().all()


@pytest.mark.parametrize("value", [1.5, -0.1, "dark"])
def test_a_wrong_annotation_names_its_row(small, value):
    frame = small.frame.assign(brightness=pd.Series([0.5] * 11 + [value], dtype=object))
    with pytest.raises(DataError, match=r'row "p11": brightness .* is not a number from 0 to 1'):
        describe_manifest(replace(small, frame=frame), ENGLISH)


def test_tone_of_known_pictures():
    black, white = np.zeros((8, 8, 3), np.uint8), np.full((8, 8, 3), 255, np.uint8)
    assert brightness(black) == 0
    assert brightness(white) == pytest.approx(1)
    assert colorfulness(black) == colorfulness(white) == 0
    halves = np.zeros((8, 8, 3), np.uint8)
    halves[:4, :, 0], halves[4:, :, 2] = 255, 255
    assert colorfulness(halves) == 1
    # Hasler & Süsstrunk by hand: rg = +50 and -50, yb = 25 and 25
    patch = np.array([[[50, 0, 0], [0, 50, 0]]], np.uint8)
    assert colorfulness(patch) == pytest.approx((50 + 0.3 * 25) / 109)


def test_tone_hardly_depends_on_the_size_it_is_decoded_at(tmp_path, rng):
    from emolens.data.text.tone import MIN_SIDE
    from emolens.media.image import read_image

    coarse = rng.integers(0, 256, (9, 12, 3), dtype=np.uint8)
    Image.fromarray(coarse).resize((1600, 1200), Image.Resampling.BICUBIC).save(tmp_path / "p.jpg")
    whole, shrunk = read_image(tmp_path / "p.jpg"), read_image(tmp_path / "p.jpg", MIN_SIDE)
    assert shrunk.size < whole.size / 10
    assert brightness(shrunk) == pytest.approx(brightness(whole), abs=0.01)
    assert colorfulness(shrunk) == pytest.approx(colorfulness(whole), abs=0.02)


def test_another_language_is_a_file(tmp_path, small):
    (tmp_path / "de.toml").write_text(GERMAN, encoding="utf-8")
    german = load_language(str(tmp_path / "de.toml"))
    assert describe({**ALL, "brightness": 0.7, "emotion": "fear"}, german) == "Das Bild ist hell. Es weckt Furcht."
    assert set(describe_manifest(small, german).manifest.frame["text"].str.split().str[-1]) == {
        "Freude.",
        "Furcht.",
        "Trauer.",
    }


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (('{value}."\nemotion', '{valeu}."\nemotion'), 'the sentence for "brightness" must have {value} once'),
        (
            ('["brightness", "emotion"]', '["brightnes"]'),
            'unknown attribute "brightnes" in order; did you mean "brightness"',
        ),
        (('[1.0, "hell"]', '[0.9, "hell"]'), "the levels of brightness must rise and end at 1"),
        (("[sentences]", "[sentence]"), "no 'sentences'"),
        (('name = "Deutsch"', "name ="), "Invalid value"),
    ],
)
def test_a_wrong_language_file(tmp_path, change, message):
    assert change[0] in GERMAN
    (tmp_path / "xx.toml").write_text(GERMAN.replace(*change), encoding="utf-8")
    with pytest.raises(ConfigError) as caught:
        load_language(str(tmp_path / "xx.toml"))
    assert message in str(caught.value)
    assert "xx.toml" in str(caught.value)


def test_unknown_languages(tmp_path):
    with pytest.raises(ConfigError, match=r'unknown language "eng"; .* or give a \.toml file'):
        load_language("eng")
    with pytest.raises(ConfigError, match="no such file"):
        load_language(str(tmp_path / "absent.toml"))
