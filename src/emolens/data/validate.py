"""What a manifest promises, checked on every reading and writing.

Everything is done on whole columns: a million rows take about a second.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import pandas as pd

from emolens.data.ids import ids_sha256
from emolens.errors import ConfigError, DataError
from emolens.names import did_you_mean
from emolens.taxonomy import LabelSpace

REQUIRED = ("id", "path", "media")
TEXTS = (
    *("id", "path", "media", "split", "label", "label_space", "group"),
    *("text", "domain", "platform", "source", "licence"),
)
TARGETS = ("valence", "arousal", "dominance")
LISTS = ("labels", "distribution", "boxes", "box_scores")
PROTOCOL_WORDS = ("name", "title", "source", "sha256")
MEDIA = ("image", "video", "audio")

# Published tables round their means, and their shares of votes, so that these do not sum to 1 exactly.
SCALE_SLACK = 1e-6
SHARE_SLACK = 1e-3


Metadata = Mapping[str, Any]
SpaceOf = Callable[[str], LabelSpace]


def validate_table(frame: pd.DataFrame, metadata: Metadata, space_of: SpaceOf, name: str) -> None:
    """Check everything that :class:`~emolens.data.manifest.Manifest` promises of its rows and metadata.

    Args:
        frame: the rows; not changed.
        metadata: of the manifest.
        space_of: the label space of a name, or ConfigError.
        name: of the manifest, for messages; usually its path.

    Raises:
        DataError: if a promise is broken: the first one, with the row (counted from 0), its id, and what to do.
    """
    for check in CHECKS.values():
        check(frame, metadata, space_of, name)


def _row(frame: pd.DataFrame, name: str, row: int) -> str:
    return f'{name} row {row} (id "{frame["id"].iloc[row]}")'


def _first(mask: Any) -> int | None:
    """Position of the first True, or None."""
    flags = np.asarray(mask, dtype=bool)
    return int(flags.argmax()) if flags.any() else None


def _columns(frame: pd.DataFrame, _metadata: Metadata, _space_of: SpaceOf, name: str) -> None:
    repeated = frame.columns[frame.columns.duplicated()].tolist()
    if repeated:
        raise DataError(f'{name}: column "{repeated[0]}" appears twice')
    for column in REQUIRED:
        if column not in frame.columns:
            raise DataError(f'{name}: no column "{column}"; a manifest needs {", ".join(REQUIRED)}')
    for column in TEXTS:
        if column in frame.columns and not _is_text(frame[column]):
            raise DataError(f'{name}: column "{column}" holds {frame[column].dtype} values; it must hold text')
    for column in TARGETS:
        if column in frame.columns and not _is_number(frame[column]):
            row = _first(pd.to_numeric(frame[column], errors="coerce").isna() & frame[column].notna())
            what = f'"{frame[column].iloc[row]}" in row {row}' if row is not None else str(frame[column].dtype)
            raise DataError(f'{name}: column "{column}" must hold numbers, not {what}')
    for column in LISTS:
        if column in frame.columns:
            row = _first([not _is_list(value) and value is not None and value == value for value in frame[column]])
            if row is not None:
                raise DataError(
                    f'{_row(frame, name, row)}: "{column}" must hold lists, not {frame[column].iloc[row]!r}'
                )


def _is_text(column: pd.Series[Any]) -> bool:
    if isinstance(column.dtype, pd.StringDtype):
        return True
    values = column.dropna()
    return values.empty or pd.api.types.infer_dtype(values) == "string"


def _is_number(column: pd.Series[Any]) -> bool:
    return pd.api.types.is_numeric_dtype(column.dtype) and not pd.api.types.is_bool_dtype(column.dtype)


def _is_list(value: object) -> bool:
    return isinstance(value, list | tuple | np.ndarray)


def _ids(frame: pd.DataFrame, _metadata: Metadata, _space_of: SpaceOf, name: str) -> None:
    for column in ("id", "path"):
        row = _first(frame[column].isna() | (frame[column] == ""))
        if row is not None:
            raise DataError(f'{name} row {row}: "{column}" is empty')
    row = _first(frame["id"].duplicated())
    if row is not None:
        twin = _first(frame["id"] == frame["id"].iloc[row])
        raise DataError(f"{_row(frame, name, row)}: the id is used already in row {twin}; ids must be unique")


def _media(frame: pd.DataFrame, _metadata: Metadata, _space_of: SpaceOf, name: str) -> None:
    row = _first(~frame["media"].isin(MEDIA))
    if row is not None:
        raise DataError(f'{_row(frame, name, row)}: media "{frame["media"].iloc[row]}" is none of {", ".join(MEDIA)}')


def _labels(frame: pd.DataFrame, _metadata: Metadata, space_of: SpaceOf, name: str) -> None:
    candidates = ("label", "labels", "distribution")
    columns = [column for column in candidates if column in frame.columns and frame[column].notna().any()]
    if not columns and "label_space" not in frame.columns:
        return
    if "label_space" not in frame.columns:
        raise DataError(f'{name}: has "{columns[0]}" but no column "label_space" to say which labels these are')
    code_N, names = pd.factorize(frame["label_space"])
    for column in columns:
        row = _first(frame[column].notna().to_numpy() & (code_N < 0))
        if row is not None:
            raise DataError(f'{_row(frame, name, row)}: has "{column}" but no "label_space"')
    for code, space_name in enumerate(names):
        try:
            space = space_of(str(space_name))
        except ConfigError as error:
            row = _first(code_N == code)
            assert row is not None
            raise DataError(f"{_row(frame, name, row)}: {error}") from error
        here_N = code_N == code
        if "label" in columns:
            _label(frame, here_N, space, name)
        if "labels" in columns:
            _label_lists(frame, here_N, space, name)
        if "distribution" in columns:
            _distributions(frame, here_N, space, name)


def _unknown(label: str, space: LabelSpace) -> str | None:
    if space.find(label) is not None:
        return None
    return f'label "{label}" is not in {space.name}; {did_you_mean(label, space.labels)}'


def _label(frame: pd.DataFrame, here_N: np.ndarray[Any, Any], space: LabelSpace, name: str) -> None:
    code_N, labels = pd.factorize(frame["label"].where(here_N))
    for code, label in enumerate(labels):
        complaint = _unknown(str(label), space)
        if complaint:
            row = _first(code_N == code)
            assert row is not None
            raise DataError(f"{_row(frame, name, row)}: {complaint}")


def _label_lists(frame: pd.DataFrame, here_N: np.ndarray[Any, Any], space: LabelSpace, name: str) -> None:
    known: dict[str, str | None] = {}
    for row in np.flatnonzero(here_N & frame["labels"].notna().to_numpy()):
        for label in frame["labels"].iloc[row]:
            if label not in known:
                known[label] = _unknown(str(label), space)
            if known[label]:
                raise DataError(f"{_row(frame, name, int(row))}: {known[label]}")


def _distributions(frame: pd.DataFrame, here_N: np.ndarray[Any, Any], space: LabelSpace, name: str) -> None:
    for row in np.flatnonzero(here_N & frame["distribution"].notna().to_numpy()):
        shares = np.asarray(frame["distribution"].iloc[row], dtype=np.float64)
        if shares.shape != (len(space),):
            wanted = f"{len(space)} shares, one for each label of {space.name}"
            raise DataError(f"{_row(frame, name, int(row))}: distribution has {shares.size} values, not {wanted}")
        if not (np.all(shares >= 0) and abs(shares.sum() - 1) <= SHARE_SLACK):
            raise DataError(
                f"{_row(frame, name, int(row))}: distribution must be shares >= 0 that sum to 1, not {shares.sum():g}"
            )


def _targets(frame: pd.DataFrame, metadata: Metadata, _space_of: SpaceOf, name: str) -> None:
    scales, known_missing = metadata.get("scales", {}), metadata.get("missing", {})
    for column in TARGETS:
        if column not in frame.columns:
            continue
        if column not in scales:
            raise DataError(
                f'{name}: no scale is stated for "{column}": metadata "scales" needs "{column}": [low, high]'
            )
        low, high = (float(end) for end in scales[column])
        if not (math.isfinite(low) and math.isfinite(high) and low < high):
            raise DataError(
                f'{name}: the scale of "{column}" is [{low:g}, {high:g}]; it must be [low, high], low < high'
            )
        value_N = frame[column].to_numpy(dtype=np.float64, na_value=np.nan)
        missing_N = np.isnan(value_N)
        row = _first(missing_N)
        if row is not None and missing_N.sum() > int(known_missing.get(column, 0)):
            raise DataError(
                f"{_row(frame, name, row)}: {column} is NaN ({missing_N.sum()} such rows); drop these rows, or state "
                f'that they are missing on purpose: metadata "missing": {{"{column}": {missing_N.sum()}}}'
            )
        outside_N = ~missing_N & ~((value_N >= low - SCALE_SLACK) & (value_N <= high + SCALE_SLACK))
        row = _first(outside_N)
        if row is not None:
            raise DataError(
                f"{_row(frame, name, row)}: {column} {value_N[row]:g} is outside its scale [{low:g}, {high:g}]"
            )


def _boxes(frame: pd.DataFrame, _metadata: Metadata, _space_of: SpaceOf, name: str) -> None:
    if "boxes" not in frame.columns:
        return
    for row in np.flatnonzero(frame["boxes"].notna().to_numpy()):
        for box in frame["boxes"].iloc[row]:
            corners = np.asarray(box, dtype=np.float64)
            if corners.shape != (4,) or not (corners[0] < corners[2] and corners[1] < corners[3]):
                shown = np.array2string(corners, separator=", ")
                raise DataError(
                    f"{_row(frame, name, int(row))}: box {shown} is not [left, top, right, bottom] with "
                    f"left < right and top < bottom"
                )


def _groups(frame: pd.DataFrame, _metadata: Metadata, _space_of: SpaceOf, name: str) -> None:
    if "group" not in frame.columns or "split" not in frame.columns:
        return
    group_N, groups = pd.factorize(frame["group"])
    split_N, names = pd.factorize(frame["split"])
    # One split of each group is written down; a row that is in another one gives the group away.
    split_of = np.full(len(groups) + 1, -1)
    both_N = (group_N >= 0) & (split_N >= 0)
    split_of[group_N[both_N]] = split_N[both_N]
    straddling = np.unique(group_N[both_N & (split_of[group_N] != split_N)])
    if straddling.size == 0:
        return
    splits = sorted(names[code] for code in np.unique(split_N[both_N & (group_N == straddling[0])]))
    more = f" ({straddling.size} such groups)" if straddling.size > 1 else ""
    raise DataError(
        f'{name}: group "{groups[straddling[0]]}" straddles the splits {", ".join(splits)}{more}: training would see '
        "what the test asks; split again with `emolens data split`, or correct the column"
    )


def _frozen_splits(frame: pd.DataFrame, metadata: Metadata, _space_of: SpaceOf, name: str) -> None:
    for split, stated in metadata.get("splits", {}).items():
        ids = frame.loc[frame["split"] == split, "id"] if "split" in frame.columns else frame["id"].iloc[:0]
        if len(ids) == stated["n"] and ids_sha256(ids) == stated["sha256"]:
            continue
        what = f"{len(ids)} rows, not {stated['n']}" if len(ids) != stated["n"] else "other ids"
        raise DataError(
            f'{name}: the frozen split "{split}" was changed: it has {what}; go back to the original, or split anew '
            "into a new file with `emolens data split`"
        )


def _protocol(_frame: pd.DataFrame, metadata: Metadata, _space_of: SpaceOf, name: str) -> None:
    stated = metadata.get("protocol", {"splits": {}, **dict.fromkeys(PROTOCOL_WORDS, "")})
    texts = isinstance(stated, dict) and all(isinstance(stated.get(word), str) for word in PROTOCOL_WORDS)
    if not texts or not isinstance(stated.get("splits"), dict):
        raise DataError(f'{name}: metadata "protocol" is damaged; import the data set again with --protocol')


CHECKS: Mapping[str, Callable[[pd.DataFrame, Metadata, SpaceOf, str], None]] = {
    "columns": _columns,
    "ids": _ids,
    "media": _media,
    "labels": _labels,
    "targets": _targets,
    "boxes": _boxes,
    "groups": _groups,
    "frozen splits": _frozen_splits,
    "protocol": _protocol,
}
"""In this order: the later ones rely on the first."""
