"""The label spaces that come with emolens say what the papers and DESIGN say."""

import tomllib
from importlib.resources import files
from pathlib import Path

import pytest

from emolens.errors import ConfigError, DataError
from emolens.taxonomy import LabelSpace, get_label_space, list_label_spaces, load_label_space
from emolens.taxonomy.lexicon import POLARITIES, label_key, lexicon

EXPECTED = {
    "polarity2": "negative positive",
    "polarity3": "negative neutral positive",
    "mikels8": "amusement awe contentment excitement anger disgust fear sadness",
    "ekman6": "anger disgust fear joy sadness surprise",
    "ekman7": "anger disgust fear joy neutral sadness surprise",
    "parrott6": "anger fear joy love sadness surprise",
    "parrott25": "affection cheerfulness confusion contentment disappointment disgust enthrallment envy "
    "exasperation gratitude horror irritability lust neglect nervousness optimism pride rage relief sadness "
    "shame suffering surprise sympathy zest",
    "heco8": "surprise excitement happiness peace disgust anger fear sadness",
    "emotions6": "excitation fear neutral relaxation sadness tension",
    "plutchik8": "anger anticipation disgust fear joy sadness surprise trust",
    "emotic26": "affection anger annoyance anticipation aversion confidence disapproval disconnection "
    "disquietment doubt/confusion embarrassment engagement esteem excitement fatigue fear happiness pain peace "
    "pleasure sadness sensitivity suffering surprise sympathy yearning",
    "javanese6": "neutral sad happy surprise fear anger",
    "crema6": "anger disgust fear happy neutral sad",
}


def test_the_list_is_the_contract() -> None:
    assert list_label_spaces() == sorted(EXPECTED)


@pytest.mark.parametrize(("name", "labels"), EXPECTED.items())
def test_labels_and_their_order(name: str, labels: str) -> None:
    space = get_label_space(name)
    assert space.labels == tuple(labels.split())
    assert space.name == name
    assert space.citation
    assert space.title


@pytest.mark.parametrize("name", EXPECTED)
def test_every_label_has_a_point_with_a_source(name: str) -> None:
    space = get_label_space(name)
    assert all(-1 <= value <= 1 for point in space.valence_arousal for value in point)
    assert all(
        source.startswith(("Russell & Mehrabian 1977: ", "Russell 1980, figure 4: ", "set here", "the origin"))
        for source in space.valence_arousal_source
    )


@pytest.mark.parametrize("name", EXPECTED)
def test_parents_are_labels_of_the_parent_and_keep_polarity(name: str) -> None:
    space = get_label_space(name)
    if space.parent is None:
        assert set(space.parents) == {None}
        return
    parent = get_label_space(space.parent)
    for label, polarity, up in zip(space.labels, space.polarity, space.parents, strict=True):
        if up is not None:
            assert up in parent.labels, label
            assert parent.polarity[parent.index(up)] == polarity, label


def test_confusion_and_gratitude_have_no_parent() -> None:
    space = get_label_space("parrott25")
    without = [label for label, up in zip(space.labels, space.parents, strict=True) if up is None]
    assert without == ["confusion", "gratitude"]


def test_one_word_has_one_polarity_but_where_a_space_decides() -> None:
    exceptions = set()
    for name in EXPECTED:
        folder = files("emolens.taxonomy") / "spaces"
        for entry in tomllib.loads((folder / f"{name}.toml").read_text())["labels"]:
            word = lexicon()[label_key(entry.get("word", entry["name"]))]
            if word.polarity != entry["polarity"]:
                exceptions.add((name, entry["name"]))
    assert exceptions == {("parrott25", "sympathy")}  # a kind of sadness in Parrott's tree


def test_no_two_words_of_the_lexicon_share_a_form() -> None:
    table = tomllib.loads((files("emolens.taxonomy") / "lexicon.toml").read_text())["words"]
    spellings = [label_key(s) for name, entry in table.items() for s in (name, *entry["forms"])]
    assert len(spellings) == len(set(spellings))
    assert {entry["polarity"] for entry in table.values()} == set(POLARITIES)


def test_pleasant_words_are_positive() -> None:
    for word in lexicon().values():
        if word.polarity == "positive":
            assert word.valence_arousal[0] > 0, word.name
        if word.polarity == "negative":
            assert word.valence_arousal[0] < 0, word.name


def test_a_space_passes_through_and_names_forgive_case() -> None:
    mine = LabelSpace.of("mine", ["a"])
    assert get_label_space(mine) is mine
    assert get_label_space("Mikels8 ") is get_label_space("mikels8")


def test_unknown_space_names_the_nearest() -> None:
    with pytest.raises(ConfigError, match=r'unknown label space "mikel8"; did you mean "mikels8"'):
        get_label_space("mikel8")


def test_load_from_a_file(tmp_path: Path) -> None:
    path = tmp_path / "two.toml"
    path.write_text('labels = [{ name = "joy" }, { name = "dread", polarity = "negative" }]\n')
    space = load_label_space(path)
    assert space.name == "two"
    assert space.labels == ("joy", "dread")
    assert space.polarity == ("positive", "negative")


@pytest.mark.parametrize(
    ("text", "message"),
    [("labels = [", "is not TOML"), ("labels = []", "has no labels"), ("label = []", "unknown field")],
)
def test_a_bad_file_is_named(tmp_path: Path, text: str, message: str) -> None:
    path = tmp_path / "bad.toml"
    path.write_text(text)
    with pytest.raises(DataError, match=rf"bad\.toml: .*{message}"):
        load_label_space(path)


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"none\.toml: cannot be read"):
        load_label_space(tmp_path / "none.toml")
