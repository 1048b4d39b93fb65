"""From the labels of one space to those of another.

Legend: S source labels, T target labels, D = 2 (valence, arousal).

Two ways, tried in this order by ``how="auto"``:

exact
    The same labels in another order or among more of them (other spellings count); any space to its
    polarity; any space along its chain of parents. Labels without a counterpart (neutral on the way to
    polarity2, labels without a parent) are left out and the rest is renormalised.
valence_arousal
    A fixed table: a label that the target has goes to itself, every other one to the nearest valence-arousal
    point among the target's labels of its own polarity, or among all of them where the target has none of
    that polarity. Polarity comes first because excitement lies nearer to surprise than to joy, and must not
    become neutral.
"""

from collections.abc import Mapping
from functools import cache
from typing import overload

import numpy as np
import numpy.typing as npt

from emolens.errors import ConfigError, DataError
from emolens.names import did_you_mean
from emolens.taxonomy.label_space import LabelSpace
from emolens.taxonomy.lexicon import POLARITIES
from emolens.taxonomy.registry import get_label_space
from emolens.taxonomy.valence_arousal import label_points

Floats = npt.NDArray[np.float64]
WAYS = ("auto", "exact", "valence_arousal")


def mapping_kind(source: str | LabelSpace, target: str | LabelSpace) -> str:
    """How scores get from ``source`` to ``target``: "native" (the same labels), "exact" or "valence_arousal".

    Raises:
        ConfigError: if a space is unknown.
    """
    source, target = get_label_space(source), get_label_space(target)
    if source.labels == target.labels:
        return "native"
    return "valence_arousal" if _exact_table(source, target) is None else "exact"


def mapping_table(source: str | LabelSpace, target: str | LabelSpace, how: str = "auto") -> Floats:
    """Where each source label goes.

    Args:
        source, target: label spaces or their names.
        how: "exact", "valence_arousal" or "auto" (exact where there is such a table).

    Returns:
        (S, T), float64: a row holds one 1, or only zeros where the label has no counterpart and is left out.

    Raises:
        ConfigError: if ``how`` or a space is unknown, there is no exact table, or a label has no valence-arousal point.
    """
    source, target = get_label_space(source), get_label_space(target)
    if how not in WAYS:
        raise ConfigError(f'unknown mapping "{how}"; {did_you_mean(how, WAYS)}')
    if how != "valence_arousal":
        table = _exact_table(source, target)
        if table is not None:
            return table.copy()
        if how == "exact":
            raise ConfigError(
                f"there is no exact table from {source.name} to {target.name}; "
                'use a model that reads text, or how="valence_arousal"'
            )
    return _nearest_table(source, target)


@overload
def map_scores(
    scores: Mapping[str, float], source: str | LabelSpace, target: str | LabelSpace, how: str = "auto"
) -> dict[str, float]: ...
@overload
def map_scores(
    scores: npt.ArrayLike, source: str | LabelSpace, target: str | LabelSpace, how: str = "auto"
) -> Floats: ...
def map_scores(
    scores: Mapping[str, float] | npt.ArrayLike,
    source: str | LabelSpace,
    target: str | LabelSpace,
    how: str = "auto",
) -> dict[str, float] | Floats:
    """Probabilities over the labels of ``source`` as probabilities over those of ``target``.

    Args:
        scores: label -> probability (labels that are not named have 0), or an array (..., S), all at least 0.
        source, target: label spaces or their names.
        how: as in :func:`mapping_table`.

    Returns:
        The same kind over the target's labels, float64, rows summing to 1. A row whose whole mass is left out
        becomes uniform: it says nothing of the target's labels. A row with NaN (no prediction) stays NaN.

    Raises:
        ConfigError: as :func:`mapping_table`.
        DataError: if a label is not in ``source``, the last axis is not S long, or scores are negative or infinite.

    Examples:
        >>> map_scores({"joy": 0.75, "fear": 0.25}, "ekman6", "polarity2")
        {'negative': 0.25, 'positive': 0.75}
    """
    source, target = get_label_space(source), get_label_space(target)
    table = mapping_table(source, target, how)
    if isinstance(scores, Mapping):
        row = np.zeros(len(source))
        for label, value in scores.items():
            row[source.index(label)] += value
        return dict(zip(target.labels, map_scores(row, source, target, how).tolist(), strict=True))
    given = np.asarray(scores, dtype=np.float64)
    if given.ndim == 0 or given.shape[-1] != len(source):
        raise DataError(f"scores of shape {given.shape} do not fit {source.name}, which has {len(source)} labels")
    if np.any(given < 0) or np.any(np.isinf(given)):
        raise DataError(f"scores over {source.name} must be probabilities: finite and at least 0")
    mapped = given @ table
    mass = mapped.sum(axis=-1, keepdims=True)
    uniform = np.full_like(mapped, 1 / len(target))
    result: Floats = np.where(mass == 0, uniform, mapped / np.where(mass == 0, 1, mass))
    return result


@cache
def _exact_table(source: LabelSpace, target: LabelSpace) -> Floats | None:
    """By name, else by polarity, else along the parents; None where none of them leads there."""
    places = [target.find(label) for label in source.labels]
    if None not in places:
        return _table(places, len(target))
    if set(target.labels) <= set(POLARITIES):
        return _table([target.find(polarity) for polarity in source.polarity], len(target))
    if source.parent is None:
        return None
    parent = get_label_space(source.parent)
    onward = _exact_table(parent, target)
    if onward is None:
        return None
    return _table([None if up is None else parent.index(up) for up in source.parents], len(parent)) @ onward


def _nearest_table(source: LabelSpace, target: LabelSpace) -> Floats:
    point_SD, point_TD = label_points(source), label_points(target)
    distance_ST = np.linalg.norm(point_SD[:, None] - point_TD[None], axis=2)
    same_ST = np.array(source.polarity)[:, None] == np.array(target.polarity)[None]
    distance_ST[~same_ST & same_ST.any(axis=1, keepdims=True)] = np.inf
    places: list[int | None] = []
    for number, label in enumerate(source.labels):
        named = target.find(label)
        places.append(int(distance_ST[number].argmin()) if named is None else named)
    return _table(places, len(target))


def _table(places: list[int | None], width: int) -> Floats:
    table = np.zeros((len(places), width))
    for row, place in enumerate(places):
        if place is not None:
            table[row, place] = 1
    return table
