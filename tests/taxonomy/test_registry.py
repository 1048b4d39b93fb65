"""The label spaces that come with emolens say what the papers and DESIGN say."""

import tomllib
from importlib.resources import files
from pathlib import Path

import pytest

from emolens.data.adapter import import_dataset
from emolens.data.manifest import Manifest
from emolens.errors import ConfigError, DataError
from emolens.taxonomy import LabelSpace, get_label_space, list_label_spaces, load_label_space, registry
from emolens.taxonomy.lexicon import POLARITIES, label_key, lexicon
from emolens.taxonomy.registry import register_label_space

PUBLISHED = {
    "mikels8": "amusement awe contentment excitement anger disgust fear sadness",
    "ekman6": "anger disgust fear joy sadness surprise",
    "parrott6": "anger fear joy love sadness surprise",
    "emotions6": "excitation fear neutral relaxation sadness tension",
}
"""Spaces whose order saved runs and published weights rely on."""


@pytest.mark.parametrize(("name", "labels"), PUBLISHED.items())
def test_labels_and_their_order(name: str, labels: str) -> None:
    assert get_label_space(name).labels == tuple(labels.split())


@pytest.mark.parametrize("name", list_label_spaces())
def test_a_space_is_complete(name: str) -> None:
    space = get_label_space(name)
    assert space.name == name
    assert space.citation
    assert space.title
    assert len(space) >= 2
    assert set(space.polarity) <= set(POLARITIES)
    assert len(set(space.polarity)) >= 2
    for label in space.labels:
        prompts = space.prompts_for(label)
        assert prompts
        assert all(label in prompt for prompt in prompts)
    assert LabelSpace.from_dict(space.as_dict()) == space


@pytest.mark.parametrize("name", list_label_spaces())
def test_every_label_has_a_point_with_a_source(name: str) -> None:
    space = get_label_space(name)
    assert all(-1 <= value <= 1 for point in space.valence_arousal for value in point)
    assert all(
        source.startswith(("Russell & Mehrabian 1977: ", "Russell 1980, figure 4: ", "set here", "the origin"))
        for source in space.valence_arousal_source
    )


@pytest.mark.parametrize("name", list_label_spaces())
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
    for name in list_label_spaces():
        folder = files("emolens.taxonomy") / "spaces"
        for entry in tomllib.loads((folder / f"{name}.toml").read_text())["labels"]:
            word = lexicon().get(label_key(entry.get("word", entry["name"])))
            if word is not None and word.polarity != entry["polarity"]:
                exceptions.add((name, entry["name"]))
    assert ("parrott25", "sympathy") in exceptions  # a kind of sadness in Parrott's tree


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
    [("labels = [", "is not readable TOML"), ("labels = []", "has no labels"), ("label = []", "unknown field")],
)
def test_a_bad_file_is_named(tmp_path: Path, text: str, message: str) -> None:
    path = tmp_path / "bad.toml"
    path.write_text(text)
    with pytest.raises(DataError, match=rf"bad\.toml: .*{message}"):
        load_label_space(path)


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"none\.toml: no such file"):
        load_label_space(tmp_path / "none.toml")


def test_a_label_space_is_one_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, picture) -> None:
    """Registered, it is known by its name wherever a name is taken, and travels with the manifests of its labels."""
    monkeypatch.setattr(registry, "_REGISTERED", {})
    (tmp_path / "weather2.toml").write_text('labels = [{ name = "calm" }, { name = "stormy", polarity = "negative" }]')
    space = register_label_space(tmp_path / "weather2.toml")
    assert get_label_space("weather2") is space
    assert "weather2" in list_label_spaces()
    for label in space.labels:
        picture(tmp_path / "photos" / label / "1.png")
    manifest = import_dataset("imagefolder", tmp_path / "photos")
    assert manifest.frame["label_space"].unique().tolist() == ["weather2"]
    manifest.write(tmp_path / "m.parquet")
    registry._REGISTERED.clear()  # as in another process
    assert Manifest.read(tmp_path / "m.parquet").space() == space


def test_registered_from_a_dict_but_not_over_ours(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(registry, "_REGISTERED", {})
    assert register_label_space({"name": "two", "labels": [{"name": "a"}, {"name": "b"}]}).labels == ("a", "b")
    with pytest.raises(ConfigError, match="emolens comes with a label space Ekman6; give yours another name"):
        register_label_space({"name": "Ekman6", "labels": [{"name": "a"}]})
