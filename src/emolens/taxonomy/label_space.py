"""A label space: the ordered emotions a data set or model speaks of, and what is known of each.

The spaces that come with emolens are TOML files in ``taxonomy/spaces``; where a label lies in valence and
arousal comes from ``lexicon.toml``.
"""

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any

from emolens.errors import DataError
from emolens.names import did_you_mean
from emolens.taxonomy.lexicon import POLARITIES, Word, label_key, lexicon

Point = tuple[float, float]
NOWHERE: Point = (math.nan, math.nan)
PROMPTS = ("a photo that evokes {label}",)
"""The published template (CLIP-E, arXiv 2310.12062)."""


@dataclass(frozen=True)
class LabelSpace:
    """Ordered labels with polarity, other spellings, parents, valence-arousal points and prompts.

    Attributes:
        name: short name, as on the command line.
        labels: the labels in the order of a model's outputs, C of them, all different.
        polarity: "positive", "neutral" or "negative" for each label.
        aliases: other spelling -> label. Treat it as read-only.
        parent: name of the coarser space, or None.
        parents: for each label, its label in the parent space, or None where the sources settle none.
        valence_arousal: for each label (valence, arousal) in [-1, 1]; (NaN, NaN) where no word is known.
        valence_arousal_source: for each label, where its point is from.
        prompts: templates with ``{label}``.
        spelling: label -> how prompts write it, where that is another way: weights that were trained on prompts with
            misspellings are asked with them. Treat it as read-only.
        title: what a table heading says.
        citation: where the labels are from.

    Raises:
        DataError: if labels repeat, lists differ in length, or a polarity, alias or point is not valid.

    Examples:
        >>> from emolens.taxonomy import get_label_space
        >>> space = get_label_space("polarity2")
        >>> space.labels, space.index("negative")
        (('negative', 'positive'), 0)
    """

    name: str
    labels: tuple[str, ...]
    polarity: tuple[str, ...]
    aliases: Mapping[str, str] = field(default_factory=dict, hash=False)
    parent: str | None = None
    parents: tuple[str | None, ...] = ()
    valence_arousal: tuple[Point, ...] = ()
    valence_arousal_source: tuple[str, ...] = ()
    prompts: tuple[str, ...] = PROMPTS
    spelling: Mapping[str, str] = field(default_factory=dict, hash=False)
    title: str = ""
    citation: str = ""

    def __post_init__(self) -> None:
        count = len(self.labels)
        for attribute, missing in (
            ("parents", None),
            ("valence_arousal", NOWHERE),
            ("valence_arousal_source", "unknown"),
        ):
            if not getattr(self, attribute):
                object.__setattr__(self, attribute, (missing,) * count)
        self._check()

    def _check(self) -> None:
        where = f'label space "{self.name}"'
        if not self.labels:
            raise DataError(f"{where} has no labels; list at least one")
        for attribute in ("polarity", "parents", "valence_arousal", "valence_arousal_source"):
            if len(getattr(self, attribute)) != len(self.labels):
                given = len(getattr(self, attribute))
                raise DataError(f"{where}: {given} entries of {attribute} for {len(self.labels)} labels")
        seen: dict[str, str] = {}
        for label in self.labels:
            if not label_key(label):
                raise DataError(f"{where} has an empty label")
            if label_key(label) in seen:
                raise DataError(f'{where} has the label "{label}" twice (also as "{seen[label_key(label)]}")')
            seen[label_key(label)] = label
        for alias, label in self.aliases.items():
            if label not in self.labels:
                raise DataError(f'{where}: alias "{alias}" stands for "{label}", which is no label of it')
            if seen.setdefault(label_key(alias), label) != label:
                raise DataError(f'{where}: "{alias}" would stand for both "{seen[label_key(alias)]}" and "{label}"')
        for label, polarity, point in zip(self.labels, self.polarity, self.valence_arousal, strict=True):
            if polarity not in POLARITIES:
                raise DataError(f'{where}: label "{label}" has polarity "{polarity}"; use one of {POLARITIES}')
            if any(abs(value) > 1 for value in point):
                raise DataError(f'{where}: label "{label}" lies at {point}, outside [-1, 1]')
        for label in self.spelling:
            if label not in self.labels:
                raise DataError(f'{where}: a spelling is given for "{label}", which is no label of it')
        for template in self.prompts:
            if "{label}" not in template:
                raise DataError(f'{where}: the prompt "{template}" has no {{label}} in it')

    def __len__(self) -> int:
        return len(self.labels)

    @cached_property
    def _index_of_key(self) -> dict[str, int]:
        found = {label_key(alias): self.labels.index(label) for alias, label in self.aliases.items()}
        return found | {label_key(label): number for number, label in enumerate(self.labels)}

    def find(self, label: str) -> int | None:
        """Place of ``label`` or of what it is another spelling of; None where it is neither."""
        return self._index_of_key.get(label_key(label))

    def index(self, label: str) -> int:
        """Place of ``label`` in [0, C); other spellings and cases count.

        Raises:
            DataError: if there is no such label; the message names the nearest ones.
        """
        place = self.find(label)
        if place is None:
            hint = did_you_mean(label_key(label), self.labels)
            raise DataError(f'label "{label}" is not in {self.name}; {hint}')
        return place

    def canonical(self, label: str) -> str:
        """The label as this space writes it.

        Raises:
            DataError: if there is no such label.
        """
        return self.labels[self.index(label)]

    @property
    def polarity_index(self) -> tuple[int, ...]:
        """For each label 0 positive, 1 neutral, 2 negative."""
        return tuple(POLARITIES.index(polarity) for polarity in self.polarity)

    def prompts_for(self, label: str) -> list[str]:
        """The templates of this space with ``label`` put in, for a text encoder."""
        text = self.canonical(label)
        return [template.replace("{label}", self.spelling.get(text, text)) for template in self.prompts]

    def spelled_like(self, other: "LabelSpace") -> "LabelSpace":
        """The same space, whose prompts write the labels that both have as those of ``other`` do."""
        places = {label: other.find(label) for label in self.labels}
        known = {label: other.labels[place] for label, place in places.items() if place is not None}
        spelling = {label: other.spelling[theirs] for label, theirs in known.items() if theirs in other.spelling}
        return replace(self, spelling={**self.spelling, **spelling})

    @classmethod
    def of(
        cls,
        name: str,
        labels: Iterable[str],
        *,
        polarity: Sequence[str] | None = None,
        prompts: Sequence[str] = PROMPTS,
        title: str = "",
        citation: str = "",
    ) -> "LabelSpace":
        """A label space for labels that a data set brings along.

        Args:
            name: its name.
            labels: the labels in order.
            polarity: of each label; without it, the polarity of the words that emolens knows, and "neutral"
                for the others.
            prompts: templates with ``{label}``.
            title, citation: for tables and reports.

        Words that emolens knows bring their valence-arousal point and their other forms along; other labels
        have neither, and cannot be mapped through valence and arousal.
        """
        entries: list[dict[str, Any]] = [{"name": label} for label in labels]
        if polarity is not None:
            if len(polarity) != len(entries):
                raise DataError(f'label space "{name}": {len(polarity)} polarities for {len(entries)} labels')
            entries = [entry | {"polarity": sign} for entry, sign in zip(entries, polarity, strict=True)]
        table = {
            "name": name,
            "labels": entries,
            "prompts": list(prompts),
            "title": title,
            "citation": citation,
        }
        return cls.from_dict(table)

    @classmethod
    def from_dict(cls, table: Mapping[str, Any]) -> "LabelSpace":
        """The label space that :meth:`as_dict` or a TOML file describes.

        Args:
            table: ``name``, ``labels`` (each with ``name`` and, as far as known, ``polarity``, ``parent``, ``aliases``,
                ``spelling`` in prompts, ``word`` of the lexicon, ``valence_arousal``, ``valence_arousal_source``), and
                ``parent``, ``prompts``, ``title``, ``citation``.

        Raises:
            DataError: if a field is missing, unknown or not valid.
        """
        name = table.get("name")
        if not isinstance(name, str):
            raise DataError("a label space needs a name")
        _refuse_unknown(table, {"name", "labels", "parent", "prompts", "title", "citation"}, name)
        entries = table.get("labels")
        if not isinstance(entries, list) or not all(
            isinstance(e, Mapping) and isinstance(e.get("name"), str) for e in entries
        ):
            raise DataError(f'label space "{name}": labels must be a list of tables, each with a name')
        fields = {
            "name",
            "polarity",
            "parent",
            "aliases",
            "spelling",
            "word",
            "valence_arousal",
            "valence_arousal_source",
        }
        for entry in entries:
            _refuse_unknown(entry, fields, f"{name}: {entry['name']}")
        words = [lexicon().get(label_key(entry.get("word", entry["name"]))) for entry in entries]
        return cls(
            name=name,
            labels=tuple(entry["name"] for entry in entries),
            polarity=tuple(_polarity(entry, word) for entry, word in zip(entries, words, strict=True)),
            aliases=_aliases(entries, words),
            parent=table.get("parent"),
            parents=tuple(entry.get("parent") for entry in entries),
            valence_arousal=tuple(_point(entry, word) for entry, word in zip(entries, words, strict=True)),
            valence_arousal_source=tuple(
                entry.get("valence_arousal_source", word.source if word else "unknown")
                for entry, word in zip(entries, words, strict=True)
            ),
            prompts=tuple(table.get("prompts", PROMPTS)),
            spelling={entry["name"]: entry["spelling"] for entry in entries if "spelling" in entry},
            title=table.get("title", ""),
            citation=table.get("citation", ""),
        )

    def as_dict(self) -> dict[str, Any]:
        """Plain lists, dicts, strings and numbers, fit for JSON; :meth:`from_dict` reads it back."""
        entries: list[dict[str, Any]] = []
        for number, label in enumerate(self.labels):
            entry: dict[str, Any] = {"name": label, "polarity": self.polarity[number]}
            if self.parents[number] is not None:
                entry["parent"] = self.parents[number]
            aliases = [alias for alias, meant in self.aliases.items() if meant == label]
            if aliases:
                entry["aliases"] = aliases
            if label in self.spelling:
                entry["spelling"] = self.spelling[label]
            if not math.isnan(self.valence_arousal[number][0]):
                entry["valence_arousal"] = list(self.valence_arousal[number])
                entry["valence_arousal_source"] = self.valence_arousal_source[number]
            entries.append(entry)
        table: dict[str, Any] = {"name": self.name, "labels": entries, "prompts": list(self.prompts)}
        optional = {"parent": self.parent, "title": self.title, "citation": self.citation}
        return table | {key: value for key, value in optional.items() if value}


def _refuse_unknown(table: Mapping[str, Any], known: set[str], where: str) -> None:
    for key in table:
        if key not in known:
            raise DataError(f'label space "{where}": unknown field "{key}"; {did_you_mean(key, known)}')


def _polarity(entry: Mapping[str, Any], word: Word | None) -> str:
    return str(entry.get("polarity", word.polarity if word else "neutral"))


def _point(entry: Mapping[str, Any], word: Word | None) -> Point:
    if "valence_arousal" not in entry:
        return word.valence_arousal if word else NOWHERE
    try:
        valence, arousal = (float(value) for value in entry["valence_arousal"])
    except (TypeError, ValueError) as error:
        raise DataError(f'label "{entry["name"]}": valence_arousal must be two numbers') from error
    return valence, arousal


def _aliases(entries: Sequence[Mapping[str, Any]], words: Sequence[Word | None]) -> dict[str, str]:
    """Stated aliases, then the forms of each label's word as far as no label or alias uses them already."""
    aliases = {alias: entry["name"] for entry in entries for alias in entry.get("aliases", ())}
    taken = {label_key(entry["name"]) for entry in entries} | {label_key(alias) for alias in aliases}
    for entry, word in zip(entries, words, strict=True):
        for form in (word.name, *word.forms) if word else ():
            if label_key(form) not in taken:
                taken.add(label_key(form))
                aliases[form] = entry["name"]
    return aliases
