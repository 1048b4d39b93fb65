"""The words of a description in one language, from a TOML file."""

import string
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from importlib.resources import files
from typing import Any

from emolens.errors import ConfigError, DataError
from emolens.files import read_text
from emolens.names import did_you_mean

ATTRIBUTES = ("scene", "object", "brightness", "colorfulness", "facial_expression", "human_action", "emotion")
MEASURED = ("brightness", "colorfulness")  # numbers from 0 to 1, said in words

Levels = tuple[tuple[float, str], ...]


@dataclass(frozen=True)
class Language:
    """How each attribute is said.

    Attributes:
        name: of the language, in that language.
        order: of the sentences; some of ``ATTRIBUTES``.
        sentences: attribute -> sentence with {value}.
        levels: brightness and colorfulness -> (upper end, words), ascending, the last one 1.
        words: attribute -> value -> word, for those that differ.
        between, last: what stands between the parts of a list, and before its last one.
    """

    name: str
    order: tuple[str, ...]
    sentences: Mapping[str, str]
    levels: Mapping[str, Levels]
    words: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    between: str = ", "
    last: str = ", "

    def word(self, attribute: str, value: Any) -> str:
        """One value in words."""
        if attribute in self.levels:
            return next(
                (word for end, word in self.levels[attribute] if float(value) <= end), self.levels[attribute][-1][1]
            )
        plain = str(value).strip().replace("_", " ")
        return self.words.get(attribute, {}).get(plain.lower(), plain.lower())

    def listed(self, words: list[str]) -> str:
        """Several words as one part of a sentence."""
        return words[0] if len(words) == 1 else self.between.join(words[:-1]) + self.last + words[-1]


def list_languages() -> list[str]:
    """Codes of the languages that come along."""
    folder = files("emolens.data.text") / "languages"
    return sorted(entry.name.removesuffix(".toml") for entry in folder.iterdir() if entry.name.endswith(".toml"))


def load_language(name: str) -> Language:
    """A language by its code (``en``), or by the path of its TOML file.

    Raises:
        ConfigError: if there is no such language, or its file is not TOML, lacks a part, or a sentence lacks {value}.
    """
    if name.endswith(".toml"):
        try:
            text = read_text(name)
        except DataError as error:
            raise ConfigError(str(error)) from error
    elif name in list_languages():
        text = (files("emolens.data.text") / "languages" / f"{name}.toml").read_text(encoding="utf-8")
    else:
        raise ConfigError(f'unknown language "{name}"; {did_you_mean(name, list_languages())}, or give a .toml file')
    try:
        return _parse(tomllib.loads(text))
    except (tomllib.TOMLDecodeError, KeyError, TypeError, ValueError) as error:
        what = f"no {error}" if isinstance(error, KeyError) else str(error)
        raise ConfigError(f"language {name}: {what}; write it like languages/en.toml of emolens.data") from error


def _parse(facts: dict[str, Any]) -> Language:
    order, sentences, levels = tuple(facts["order"]), facts["sentences"], facts["levels"]
    for attribute in order:
        if attribute not in ATTRIBUTES:
            raise ValueError(f'unknown attribute "{attribute}" in order; {did_you_mean(attribute, ATTRIBUTES)}')
        fields = [part[1] for part in string.Formatter().parse(sentences[attribute]) if part[1] is not None]
        if fields != ["value"]:
            raise ValueError(f'the sentence for "{attribute}" must have {{value}} once, and no other braces')
    for attribute in MEASURED:
        ends = [float(end) for end, _ in levels[attribute]]
        if ends != sorted(ends) or ends[-1] != 1:
            raise ValueError(f"the levels of {attribute} must rise and end at 1")
    return Language(
        name=str(facts["name"]),
        order=order,
        sentences=dict(sentences),
        levels={name: tuple((float(end), str(word)) for end, word in levels[name]) for name in MEASURED},
        words={
            name: {str(k).lower(): str(v) for k, v in words.items()} for name, words in facts.get("words", {}).items()
        },
        between=str(facts.get("list", {}).get("between", ", ")),
        last=str(facts.get("list", {}).get("last", ", ")),
    )
