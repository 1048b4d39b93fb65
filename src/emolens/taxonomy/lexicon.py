"""Emotion words and where they lie in valence and arousal: one source of points for every label space."""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

POLARITIES = ("positive", "neutral", "negative")
"""The order behind every polarity index: 0 positive, 1 neutral, 2 negative."""


@dataclass(frozen=True)
class Word:
    """One emotion word.

    Attributes:
        name: the noun, as a label is usually written.
        valence_arousal: its point, each in [-1, 1]; 0 is neither pleasant nor unpleasant, neither calm nor
            excited.
        polarity: "positive", "neutral" or "negative".
        source: where the point is from: a paper and its term, or "set here".
        forms: other forms of the word ("happy" for "happiness").
    """

    name: str
    valence_arousal: tuple[float, float]
    polarity: str
    source: str
    forms: tuple[str, ...]


def label_key(text: str) -> str:
    """What two spellings of one label have in common: no case, no underscores or hyphens, single blanks.

    >>> label_key("Doubt / Confusion") == label_key("doubt/confusion")
    True
    """
    words = text.casefold().replace("_", " ").replace("-", " ").replace("/", " / ").split()
    return " ".join(words).replace(" / ", "/")


@cache
def lexicon() -> Mapping[str, Word]:
    """Every word of ``lexicon.toml`` by its key and by the keys of its forms."""
    table = tomllib.loads((files("emolens.taxonomy") / "lexicon.toml").read_text(encoding="utf-8"))
    found: dict[str, Word] = {}
    for name, entry in table["words"].items():
        valence, arousal = entry["valence_arousal"]
        word = Word(name, (valence, arousal), entry["polarity"], entry["source"], tuple(entry["forms"]))
        for spelling in (name, *word.forms):
            found[label_key(spelling)] = word
    return found
