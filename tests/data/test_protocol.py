from dataclasses import fields
from pathlib import Path

import pytest

from emolens.data.adapter import get_adapter, list_adapters
from emolens.data.protocol import Protocol, get_protocol, list_protocols, register_protocol
from emolens.errors import ConfigError, DataError

OWN = """
name = "own"
datasets = ["oasis"]
title = "halves"
source = "ours"
fractions = { train = 0.5, test = 0.5 }
"""


def all_protocols() -> list[Protocol]:
    return [get_protocol(name, data) for data in list_adapters() for name in list_protocols(data)]


@pytest.mark.parametrize("protocol", all_protocols(), ids=lambda p: f"{p.datasets[0]}-{p.name}")
def test_each_is_of_known_data_sets_and_states_its_source(protocol: Protocol) -> None:
    assert all(get_adapter(data).name == data for data in protocol.datasets)
    assert protocol.title
    assert protocol.source
    whole = sum(protocol.fractions.values())
    assert whole < 1 if protocol.within or protocol.folds else whole == pytest.approx(1) or not protocol.fractions


@pytest.mark.parametrize(
    ("data", "shares"),
    [
        ("emotion6", {"train": 0.7, "val": 0.1, "test": 0.2}),
        ("heco", {"train": 0.7, "val": 0.1, "test": 0.2}),
        ("ube", {"train": 0.7, "val": 0.1, "test": 0.2}),
        ("fi", {"train": 0.8, "val": 0.05, "test": 0.15}),
        ("caer_s", {"val": 0.34}),
    ],
)
def test_the_shares_of_uniemox(data: str, shares: dict[str, float]) -> None:
    protocol = get_protocol("uniemox", data)
    assert protocol.fractions == shares
    assert protocol.within == ("test" if data == "caer_s" else "")


def test_the_validation_list_of_emotions_is_its_test_list() -> None:
    for data in ("emotions", "emotions_balanced", "emotions_test_oriented"):
        assert get_protocol("published", data).lists == {"train": "train", "val": "test"}


def test_a_hash_of_the_rule_and_not_of_the_words() -> None:
    one = Protocol("a", ("x",), "t", "s", fractions={"train": 0.5, "test": 0.5})
    assert one.sha256 == Protocol("b", (), "u", "v", fractions={"test": 0.5, "train": 0.5}, notes="n").sha256
    for changed in (
        Protocol("a", ("x",), "t", "s", fractions={"train": 0.5, "test": 0.5}, seed=1),
        Protocol("a", ("x",), "t", "s", fractions={"train": 0.6, "test": 0.4}),
        Protocol("a", ("x",), "t", "s", fractions={"train": 0.5, "test": 0.5}, by="domain"),
    ):
        assert changed.sha256 != one.sha256
    words = {"name", "datasets", "title", "source", "notes"}
    rule = {"lists", "within", "fractions", "seed", "by", "folds", "fold_column", "fold_values"}
    assert {item.name for item in fields(Protocol)} == words | rule  # a new field of the rule belongs into the hash


def test_one_of_ones_own_by_its_path_or_registered(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("emolens.data.protocol._REGISTERED", {})
    path = tmp_path / "own.toml"
    path.write_text(OWN)
    assert get_protocol(str(path), "oasis").title == "halves"
    with pytest.raises(ConfigError, match="is a protocol of oasis, not of bass"):
        get_protocol(str(path), "bass")
    assert list_protocols("oasis") == []
    assert register_protocol(path) == "own"
    assert register_protocol(path) == "own"  # the same file again, perhaps corrected
    assert list_protocols("oasis") == ["own"]
    assert get_protocol("own", "oasis").title == "halves"
    other = tmp_path / "other.toml"
    other.write_text(OWN)
    with pytest.raises(ConfigError, match="oasis has a protocol own already; give it another name"):
        register_protocol(other)


def test_an_unknown_one_names_those_that_there_are() -> None:
    with pytest.raises(ConfigError, match='caer_s has no protocol "uniemo"; did you mean "uniemox"'):
        get_protocol("uniemo", "caer_s")
    with pytest.raises(ConfigError, match="it has none; give the TOML file of one"):
        get_protocol("uniemox", "oasis")


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (('source = "ours"', ""), "source"),
        (('name = "own"', "name = 3"), "name must be text"),
        (('datasets = ["oasis"]', 'datasets = "oasis"'), "datasets must be a list of texts"),
        (("test = 0.5", 'test = "half"'), "fractions must be a table of split = share"),
        (("fractions =", "folds = -1\nfractions ="), "folds must be a whole number"),
        (("fractions = { train = 0.5, test = 0.5 }", ""), "it divides nothing"),
        (("fractions =", 'within = "train"\nfractions ='), "within needs lists"),
        (("fractions =", 'lists = { train = "train" }\nfractions ='), "would undo the lists"),
        (("fractions =", 'fold_values = [["a"]]\nfractions ='), "fold_values need fold_column"),
        (("fractions =", 'surprise = "x"\nfractions ='), "surprise"),
        (("fractions =", "fractions"), "is not readable TOML"),
    ],
)
def test_a_file_that_holds_none_says_why(tmp_path: Path, change: tuple[str, str], message: str) -> None:
    path = tmp_path / "own.toml"
    path.write_text(OWN.replace(*change))
    with pytest.raises(DataError, match=message) as caught:
        get_protocol(str(path), "oasis")
    assert str(caught.value).startswith(f"{path}: ")
    with pytest.raises(DataError, match="no such file"):
        get_protocol(str(tmp_path / "absent.toml"), "oasis")
