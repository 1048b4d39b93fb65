"""A label space: lookup, what may be wrong with it, and its way through JSON and TOML."""

import json
import math
import pickle
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from emolens.errors import DataError
from emolens.taxonomy import LabelSpace, get_label_space, list_label_spaces
from emolens.taxonomy.lexicon import label_key


def test_index_takes_cases_blanks_and_other_forms() -> None:
    space = get_label_space("emotic26")
    assert space.index("Doubt / Confusion") == space.index("doubt/confusion") == space.index("confused") == 9
    assert space.canonical("HAPPY") == "happiness"
    assert get_label_space("ekman7").canonical("Happiness") == "joy"


def test_misspellings_of_the_files_are_aliases() -> None:
    space = get_label_space("parrott25")
    assert space.canonical("cheerfullness") == "cheerfulness"
    assert space.canonical("irritabilty") == "irritability"


def test_unknown_label_names_the_nearest() -> None:
    with pytest.raises(DataError, match=r'label "ragee" is not in parrott25; did you mean "rage"\?'):
        get_label_space("parrott25").index("ragee")


def test_find_is_index_without_the_error() -> None:
    space = get_label_space("mikels8")
    assert space.find("awe") == 1
    assert space.find("boredom") is None


def test_prompts_use_the_canonical_label() -> None:
    assert get_label_space("mikels8").prompts_for("sad") == ["a photo that evokes sadness"]
    assert get_label_space("polarity2").prompts_for("positive") == ["a photo that evokes a positive feeling"]


def test_polarity_index() -> None:
    assert get_label_space("mikels8").polarity_index == (0, 0, 0, 0, 2, 2, 2, 2)
    assert get_label_space("polarity3").polarity_index == (2, 1, 0)


@pytest.mark.parametrize("name", list_label_spaces())
def test_through_json_and_pickle_it_stays_equal(name: str) -> None:
    space = get_label_space(name)
    assert LabelSpace.from_dict(json.loads(json.dumps(space.as_dict()))) == space
    again = pickle.loads(pickle.dumps(space))
    assert again == space
    assert hash(again) == hash(space)


def test_of_takes_known_words_from_the_lexicon_and_leaves_others_open() -> None:
    space = LabelSpace.of("mine", ["happy", "surprised", "class_7"])
    assert space.polarity == ("positive", "neutral", "neutral")
    assert space.canonical("happiness") == "happy"
    assert space.valence_arousal[0] == (0.81, 0.51)
    assert all(math.isnan(value) for value in space.valence_arousal[2])
    assert space.valence_arousal_source[2] == "unknown"


def test_of_with_polarity_given() -> None:
    assert LabelSpace.of("mine", ["a", "b"], polarity=["negative", "positive"]).polarity_index == (2, 0)
    with pytest.raises(DataError, match="1 polarities for 2 labels"):
        LabelSpace.of("mine", ["a", "b"], polarity=["negative"])


def test_two_forms_of_one_word_are_two_labels() -> None:
    space = LabelSpace.of("mine", ["happy", "happiness"])
    assert (space.index("happy"), space.index("happiness")) == (0, 1)


@pytest.mark.parametrize(
    ("table", "message"),
    [
        ({"name": "x", "labels": []}, "has no labels"),
        ({"name": "x", "labels": [{"name": "joy"}, {"name": "Joy"}]}, 'the label "Joy" twice'),
        ({"name": "x", "labels": [{"name": " "}]}, "empty label"),
        ({"name": "x", "labels": [{"name": "joy", "polarity": "good"}]}, 'polarity "good"'),
        ({"name": "x", "labels": [{"name": "joy", "valence_arousal": [2, 0]}]}, "outside"),
        ({"name": "x", "labels": [{"name": "joy", "valence_arousal": [1]}]}, "two numbers"),
        ({"name": "x", "labels": [{"name": "joy", "polarty": "positive"}]}, 'did you mean "polarity"'),
        ({"name": "x", "labels": ["joy"]}, "list of tables"),
        ({"labels": [{"name": "joy"}]}, "needs a name"),
        ({"name": "x", "labels": [{"name": "joy"}], "prompts": ["a photo"]}, "no {label}"),
        (
            {"name": "x", "labels": [{"name": "a", "aliases": ["c"]}, {"name": "b", "aliases": ["C"]}]},
            "would stand for both",
        ),
        ({"name": "x", "labels": [{"name": "a"}, {"name": "b", "aliases": ["A"]}]}, "would stand for both"),
    ],
)
def test_what_cannot_be_is_refused(table: dict[str, object], message: str) -> None:
    with pytest.raises(DataError) as caught:
        LabelSpace.from_dict(table)
    assert message in str(caught.value)


def test_lists_of_different_length_are_refused() -> None:
    with pytest.raises(DataError, match="1 entries of polarity for 2 labels"):
        LabelSpace("x", ("a", "b"), ("positive",))


def test_alias_of_no_label_is_refused() -> None:
    with pytest.raises(DataError, match="which is no label of it"):
        LabelSpace("x", ("a",), ("positive",), aliases={"b": "c"})


@given(st.text(alphabet="abA _-/", max_size=12))
def test_label_key_of_a_key_is_the_key(text: str) -> None:
    assert label_key(label_key(text)) == label_key(text)


def test_prompts_may_spell_a_label_in_another_way():
    space = LabelSpace.from_dict({"name": "x", "labels": [{"name": "cheerfulness", "spelling": "cheerfullness"}]})
    assert space.prompts_for("cheerfulness") == ["a photo that evokes cheerfullness"]
    assert LabelSpace.from_dict(space.as_dict()) == space
    own = LabelSpace.of("y", ["cheerful", "rage"])  # another form of the word is the same label
    assert own.spelled_like(space).prompts_for("cheerful") == ["a photo that evokes cheerfullness"]
    assert own.spelled_like(space).prompts_for("rage") == ["a photo that evokes rage"]
    with pytest.raises(DataError, match='a spelling is given for "joy", which is no label of it'):
        replace(space, spelling={"joy": "joi"})
