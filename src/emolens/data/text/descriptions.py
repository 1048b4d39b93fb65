"""A text description of each picture, from what is known of it.

UniEmoX (arXiv 2409.18877, section 3) pairs each picture with a sentence for each EmoSet attribute, in the order scene,
objects, brightness, colourfulness, facial expression, action, then the emotion. The wording is ours, and is data:
``languages/*.toml``.
"""

from collections.abc import Iterable, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from emolens.compute import loader_threads
from emolens.data.manifest import Manifest
from emolens.data.text.language import MEASURED, Language
from emolens.data.text.tone import MIN_SIDE, brightness, colorfulness
from emolens.errors import DataError
from emolens.media.image import read_image
from emolens.prefetch import prefetch, reason
from emolens.progress import progress

MAX_OBJECTS = 6  # more would push the emotion, which comes last, beyond the tokens that a text encoder reads
CLIP_TOKENS = 77  # of every CLIP text encoder, with the two that open and close a text


@dataclass(frozen=True)
class DescriptionResult:
    """A manifest with its column ``text``.

    Attributes:
        measured: pictures whose brightness or colourfulness was computed.
        errors: row -> message, for pictures that could not be read; these sentences are left out.
        missing: rows of which nothing at all is known, and which have no text.
    """

    manifest: Manifest
    measured: int
    errors: dict[int, str]
    missing: int


def describe(attributes: Mapping[str, Any], language: Language) -> str:
    """The description of one picture; "" where nothing is known.

    Args:
        attributes: ``scene``, ``object`` (one or several), ``brightness`` and ``colorfulness`` (0 to 1),
            ``facial_expression``, ``human_action``, ``emotion`` (one or several); those that are absent, None, NaN or
            empty are left out.
    """
    sentences = []
    for name in language.order:
        values = [value for value in _several(attributes.get(name)) if _known(value)][:MAX_OBJECTS]
        if values:
            words = list(dict.fromkeys(language.word(name, value) for value in values))
            sentences.append(language.sentences[name].replace("{value}", language.listed(words)))
    return " ".join(sentences)


def _several(value: Any) -> list[Any]:
    return list(value) if isinstance(value, list | tuple | np.ndarray) else [value]


def _known(value: Any) -> bool:
    return value is not None and value is not pd.NA and value == value and str(value).strip() != ""


def describe_manifest(manifest: Manifest, language: Language) -> DescriptionResult:
    """Write ``text`` for each row, from the columns of the EmoSet importer and the label (or labels).

    Brightness and colourfulness are computed from the picture where the table lacks them.

    Raises:
        DataError: if an annotated brightness or colourfulness is not a number from 0 to 1.
    """
    frame = manifest.frame
    columns = {name: list(frame[name]) for name in language.order if name in frame.columns}
    columns["emotion"] = _emotions(frame)
    for name in MEASURED:
        values = columns.setdefault(name, [None] * len(frame))
        columns[name] = [_number(value, name, frame["id"].iloc[row]) for row, value in enumerate(values)]
    asked = [name for name in MEASURED if name in language.order]
    todo = [
        row
        for row, media in enumerate(frame["media"])
        if media == "image" and any(columns[name][row] is None for name in asked)
    ]
    errors: dict[int, str] = {}
    paths = manifest.paths()
    sources, threads = [paths[row] for row in todo], loader_threads(None)
    with (
        closing(prefetch(_tone, sources, threads, ahead=threads)) as items,
        progress("brightness and colour", len(todo)) as advance,
    ):
        for row, item in zip(todo, items, strict=True):
            if item.result is None:
                errors[row] = reason(paths[row], item.error)
            for name, value in (item.result or {}).items():
                columns[name][row] = value if columns[name][row] is None else columns[name][row]
            advance()
    texts = [
        describe({name: values[row] for name, values in columns.items()}, language) or None for row in range(len(frame))
    ]
    described = replace(manifest, frame=frame.assign(text=pd.Series(texts, dtype=object, index=frame.index)))
    return DescriptionResult(described, len(todo) - len(errors), errors, texts.count(None))


def _emotions(frame: pd.DataFrame) -> list[Any]:
    nothing: list[Any] = [None] * len(frame)
    one = list(frame["label"]) if "label" in frame.columns else nothing
    multi_label = list(frame["labels"]) if "labels" in frame.columns else nothing
    return [label if _known(label) else labels for label, labels in zip(one, multi_label, strict=True)]


def _number(value: Any, name: str, row_id: str) -> float | None:
    if not _known(value):
        return None
    try:
        number = float(value)
    except (TypeError, ValueError):
        number = float("nan")
    if not 0 <= number <= 1:
        raise DataError(f'row "{row_id}": {name} {value!r} is not a number from 0 to 1; correct it, or leave it empty')
    return number


def _tone(path: Path) -> dict[str, float]:
    image_HWC = read_image(path, MIN_SIDE)
    return {"brightness": brightness(image_HWC), "colorfulness": colorfulness(image_HWC)}


def overlong(texts: Iterable[str]) -> list[int]:
    """Places of the texts that CLIP truncates, since they have more than its 77 tokens."""
    return [place for place, text in enumerate(texts) if len(text) > CLIP_TOKENS - 2 and _tokens(text) > CLIP_TOKENS]


def overlong_notice(texts: Sequence[str]) -> str | None:
    """One line for people about :func:`overlong` texts, or None where there are none."""
    places = overlong(texts)
    if not places:
        return None
    first = texts[places[0]]
    return (
        f"{len(places):,} of {len(texts):,} texts have more than the {CLIP_TOKENS} tokens that CLIP reads; "
        f'only their beginning counts (the first: "{first[:60]}...")'
    )


def few_texts_notice(texts: Sequence[str], batch: int) -> str | None:
    """One line for people about texts too few for a loss that compares those of a batch, or None.

    With K different texts in a batch, each row of similarities has at most K dimensions, whatever the picture shows.

    Args:
        texts: of all rows.
        batch: rows whose texts are compared.
    """
    different, compared = len(set(texts)), min(batch, len(texts))
    if 2 * different >= compared:
        return None
    return (
        f"only {different:,} different texts in {len(texts):,} rows, where a batch compares {compared:,}: the "
        "contrastive loss learns little from them. Say more of each picture (emolens data describe), or switch that "
        "loss off: --contrastive 0"
    )


def _tokens(text: str) -> int:
    return len(_tokenizer().encode(text)) + 2


@cache
def _tokenizer() -> Any:
    from open_clip.tokenizer import SimpleTokenizer  # takes a second with torch behind it; short texts need it not

    return SimpleTokenizer()
