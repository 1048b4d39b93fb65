"""The labels of a manifest in another label space, with what that loses.

Legend: N rows, S labels before, T labels after.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from emolens.data.importers.spaces import own_spaces, resolve_space
from emolens.data.manifest import Manifest
from emolens.errors import ConfigError, DataError
from emolens.names import did_you_mean
from emolens.taxonomy import LabelSpace, mapping_kind, mapping_table

if TYPE_CHECKING:
    from emolens.models.backbones.base import Backbone

Floats = NDArray[np.float64]
HOWS = ("exact", "valence_arousal", "text")
COLUMNS = ("label", "labels", "distribution")
KEY = "relabelled"  # in the metadata: every relabelling that a manifest has been through, the oldest first


@dataclass(frozen=True)
class Relabelling:
    """What one relabelling did: the record in ``metadata["relabelled"]``.

    Attributes:
        source, target: names of the label spaces before and after.
        how: "exact", "valence_arousal" or "text".
        backbone: spec of the CLIP that compared the words; None for the other ways.
        table: label before -> label after, None where it has no counterpart; in the order of the source space.
        counts: label before -> how often it was given: rows, of lists the times it is named, of distributions the sum
            of its shares.
        labels: the labels after, in the order of the target space.
        unlabelled: column -> rows that had a value in it and have none any more; they stay in the manifest.
        thinned: column -> rows that lost some of their labels, or a share of their votes, but not all.
    """

    source: str
    target: str
    how: str
    backbone: str | None
    table: Mapping[str, str | None]
    counts: Mapping[str, float]
    labels: tuple[str, ...]
    unlabelled: Mapping[str, int]
    thinned: Mapping[str, int]

    @staticmethod
    def of(manifest: Manifest) -> "list[Relabelling]":
        """Every relabelling of a manifest, the oldest first."""
        found = manifest.metadata.get(KEY, [])
        return [Relabelling(**{**facts, "labels": tuple(facts["labels"])}) for facts in found]

    @property
    def counts_after(self) -> dict[str, float]:
        """Label after -> how often it is given, in the order of the target space."""
        return {
            label: sum(self.counts[old] for old, new in self.table.items() if new == label) for label in self.labels
        }

    @property
    def dropped(self) -> dict[str, float]:
        """Labels without a counterpart -> how often they were given."""
        return {old: self.counts[old] for old, new in self.table.items() if new is None}

    @property
    def empty(self) -> tuple[str, ...]:
        """Labels after that nothing has."""
        return tuple(label for label, count in self.counts_after.items() if not count)

    @property
    def bits(self) -> tuple[float, float]:
        """Entropy of the labels before and after, in bits a label, of those that are left."""
        return _entropy(self.counts.values()), _entropy(self.counts_after.values())

    def __str__(self) -> str:
        """The loss in one line."""
        used = [label for label, count in self.counts.items() if count]
        kept = len(self.labels) - len(self.empty)
        before, after = self.bits
        said = [f"{len(used)} labels of {self.source} become {kept} of {self.target} ({self.how})"]
        said.append(f"{before:.2f} bits a label become {after:.2f}")
        if any(self.unlabelled.values()):
            rows = max(self.unlabelled.values())
            which = ", ".join(old for old, count in self.dropped.items() if count)
            said.append(f"rows left without a label: {rows:,} ({which})")
        return "; ".join(said)


def relabel(
    manifest: Manifest, space: str | LabelSpace, how: str = "exact", backbone: "Backbone | None" = None
) -> Manifest:
    """The same rows with their labels in another label space.

    ``label``, ``labels`` (what falls together is named once) and ``distribution`` (shares are summed, and what has no
    counterpart is left out of them) are taken over; a row whose label has no counterpart stays, without one. Ids,
    splits and all other columns are untouched. ``metadata["relabelled"]`` records it (:class:`Relabelling`).

    Args:
        manifest: its rows may be of several label spaces; each is mapped by its own table.
        space: the label space to go to, its name, or the path of its ``.toml`` file.
        how: "exact" (parents, polarity, other spellings), "valence_arousal" (the nearest point of the same polarity) or
            "text" (the nearest words); see :func:`emolens.taxonomy.mapping_table`.
        backbone: a CLIP that reads the words, for "text".

    Raises:
        ConfigError: an unknown space or way, no exact table (the message says what the other ways would lose), or
            "text" without a backbone that reads.
        DataError: the manifest has no labels.

    Examples:
        >>> coarse = relabel(Manifest.read("data.parquet"), "polarity2")
        >>> print(Relabelling.of(coarse)[0])
        8 labels of mikels8 become 2 of polarity2 (exact); 3.00 bits a label become 1.00
    """
    target = space if isinstance(space, LabelSpace) else resolve_space(space)
    if how not in HOWS:
        raise ConfigError(f'unknown way "{how}" to relabel; {did_you_mean(how, HOWS)}')
    columns = [name for name in COLUMNS if manifest.has(name)]
    if not columns:
        raise DataError("the manifest has no labels: none of the columns " + ", ".join(COLUMNS))
    frame, steps = manifest.frame.copy(), []
    for name in sorted(manifest.frame["label_space"].dropna().unique()):
        source = manifest.space_named(str(name))
        if source == target:
            continue
        table_ST = _table(source, target, how, backbone)
        here_N = (manifest.frame["label_space"] == name).to_numpy()
        steps.append(_relabel_rows(frame, here_N, source, target, table_ST, columns, how, backbone))
    metadata = {**manifest.metadata, **_with_own(manifest, target)}
    if steps:
        metadata[KEY] = [*manifest.metadata.get(KEY, []), *(asdict(step) for step in steps)]
    return replace(manifest, frame=frame, metadata=metadata)


def _table(source: LabelSpace, target: LabelSpace, how: str, backbone: "Backbone | None") -> Floats:
    if how == "text":
        if backbone is None:
            raise ConfigError("relabelling by text needs a CLIP that reads the words, for instance ViT-B-32/openai")
        from emolens.models.text_mapping import text_mapping_table

        return text_mapping_table(backbone, source, target)
    if how == "exact" and mapping_kind(source, target) == "valence_arousal":
        raise ConfigError(
            f"there is no exact table from {source.name} to {target.name}, whose labels are no groups of those. "
            f"{_other_ways(source, target)}"
        )
    return mapping_table(source, target, how)


def _other_ways(source: LabelSpace, target: LabelSpace) -> str:
    """What there is besides an exact table, and what each would lose."""
    text = "text (--how text --backbone ViT-B-32/openai: each label to the nearest words)"
    try:
        table_ST = mapping_table(source, target, "valence_arousal")
    except ConfigError as error:
        return f"What is left is {text}; by valence and arousal there is none: {error}"
    reached = int(table_ST.any(axis=0).sum())
    return (
        f"Other ways guess: --how valence_arousal (each label to the nearest point of its polarity; {len(source)} "
        f"labels become {reached}, {len(target) - reached} of {target.name} stay empty), or {text}"
    )


def _relabel_rows(
    frame: pd.DataFrame,
    here_N: NDArray[np.bool_],
    source: LabelSpace,
    target: LabelSpace,
    table_ST: Floats,
    columns: Sequence[str],
    how: str,
    backbone: "Backbone | None",
) -> Relabelling:
    """Change the rows of one space in place."""
    place_S = [int(row_T.argmax()) if row_T.any() else None for row_T in table_ST]
    after_S = [None if place is None else target.labels[place] for place in place_S]
    counts: Floats | None = None
    unlabelled, thinned = {}, {}
    for column in columns:
        old = frame.loc[here_N, column]
        new, count_S, thin = CHANGES[column](old, source, target, table_ST)
        unlabelled[column] = int((old.notna() & new.isna()).sum())
        thinned[column] = thin
        counts = count_S if counts is None else counts
        frame[column] = _with_rows(frame[column], here_N, new)
    frame["label_space"] = frame["label_space"].mask(here_N, target.name)
    assert counts is not None
    return Relabelling(
        source=source.name,
        target=target.name,
        how=how if mapping_kind(source, target) != "native" else "native",
        backbone=backbone.spec if how == "text" and backbone is not None else None,
        table=dict(zip(source.labels, after_S, strict=True)),
        counts={label: round(float(n), 6) for label, n in zip(source.labels, counts, strict=True)},
        labels=target.labels,
        unlabelled=unlabelled,
        thinned=thinned,
    )


Changed = tuple["pd.Series[Any]", Floats, int]


def _change_label(old: "pd.Series[Any]", source: LabelSpace, target: LabelSpace, table_ST: Floats) -> Changed:
    codes, labels = pd.factorize(old)
    before = np.array([source.index(str(label)) for label in labels] + [-1])[codes]
    count_S = np.bincount(before[before >= 0], minlength=len(source)).astype(np.float64)
    names = np.array([*_names(target, table_ST), None], dtype=object)
    return pd.Series(names[before], index=old.index, dtype="str"), count_S, 0


def _change_labels(old: "pd.Series[Any]", source: LabelSpace, target: LabelSpace, table_ST: Floats) -> Changed:
    names, count_S, thin = _names(target, table_ST), np.zeros(len(source)), 0
    changed: list[list[str] | None] = []
    for labels in old:
        if isinstance(labels, str) or not np.iterable(labels):  # missing
            changed.append(None)
            continue
        before = [source.index(str(label)) for label in labels]
        count_S[before] += 1
        after = {names[place] for place in before if names[place] is not None}
        thin += bool(after) and any(names[place] is None for place in before)
        changed.append([label for label in target.labels if label in after] if after or not before else None)
    return pd.Series(changed, index=old.index, dtype=object), count_S, thin


def _change_distribution(old: "pd.Series[Any]", source: LabelSpace, target: LabelSpace, table_ST: Floats) -> Changed:
    count_S, thin = np.zeros(len(source)), 0
    changed: list[list[float] | None] = []
    for shares in old:
        if not np.iterable(shares):
            changed.append(None)
            continue
        share_S = np.asarray(shares, dtype=np.float64)
        count_S += share_S
        share_T = share_S @ table_ST
        mass = float(share_T.sum())
        thin += 0 < mass < share_S.sum() - 1e-9
        changed.append((share_T / mass).tolist() if mass > 0 else None)
    return pd.Series(changed, index=old.index, dtype=object), count_S, thin


CHANGES: Mapping[str, Callable[["pd.Series[Any]", LabelSpace, LabelSpace, Floats], Changed]] = {
    "label": _change_label,
    "labels": _change_labels,
    "distribution": _change_distribution,
}


def _names(target: LabelSpace, table_ST: Floats) -> list[str | None]:
    return [target.labels[int(row_T.argmax())] if row_T.any() else None for row_T in table_ST]


def _with_rows(column: "pd.Series[Any]", here_N: NDArray[np.bool_], rows: "pd.Series[Any]") -> "pd.Series[Any]":
    """A column with some of its rows changed; lists stay lists."""
    if here_N.all():
        return rows
    values = column.astype(object).to_numpy(copy=True)
    values[here_N] = np.fromiter(rows.astype(object), dtype=object, count=len(rows))
    return pd.Series(values, index=column.index, dtype=column.dtype)


def _with_own(manifest: Manifest, target: LabelSpace) -> dict[str, Any]:
    """The metadata that a space of one's own needs, beside those that are there."""
    own = own_spaces(target)
    return {"label_spaces": {**manifest.metadata.get("label_spaces", {}), **own["label_spaces"]}} if own else {}


def _entropy(counts: Any) -> float:
    share = np.array([count for count in counts if count > 0], dtype=np.float64)
    share /= share.sum() if share.size else 1
    return float(-(share * np.log2(share)).sum()) + 0.0
