"""Seeded, stratified, group-disjoint splits, of all rows or within one split, frozen as id lists.

Legend: N rows, U units (groups, or single rows), S strata, K splits.
"""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from emolens.data.manifest import Manifest
from emolens.data.validate import TARGETS
from emolens.errors import ConfigError, DataError
from emolens.names import did_you_mean

QUANTILES = 10  # deciles keep the shape of a target in each split, and hold rows enough even in small data sets


def split_manifest(manifest: Manifest, ratios: Mapping[str, float], seed: int, by: str | None = None) -> Manifest:
    """Assign every row to a split, whatever its split was before.

    Rows of one ``group`` stay together. Within that, every stratum is divided by the ratios: a label each, or a decile
    of a numeric column. The result depends on the ids, groups, strata, ratios and the seed, not on the order of rows.

    Args:
        manifest: to be split; not changed.
        ratios: split -> share, summing to 1. A split with share 0 gets nothing.
        seed: of the shuffle.
        by: the column that makes the strata; by default ``label``, or else the first of valence, arousal, dominance.

    Returns:
        The manifest with its new ``split`` column, and ``metadata["splits"]`` by which a later change is found.
        Without groups every split is within one row of its share; with groups as near as they allow.

    Raises:
        ConfigError: if ratios are negative or do not sum to 1, or the column is unknown.
        DataError: if there are too few groups to give every split one.

    Examples:
        >>> data = split_manifest(Manifest.read("data.parquet"), {"train": 0.5, "test": 0.5}, seed=0)
        >>> data.metadata["splits"]["test"]["n"]
        12
    """
    shares = {name: float(share) for name, share in ratios.items()}
    if any(share < 0 for share in shares.values()) or abs(sum(shares.values()) - 1) > 1e-6:
        shown = " + ".join(f"{name} {share:g}" for name, share in shares.items())
        raise ConfigError(
            f"the shares of the splits must be 0 or more and sum to 1, not {shown} = {sum(shares.values()):g}"
        )
    names = [name for name, share in shares.items() if share > 0]
    ratio_K = np.array([shares[name] for name in names])

    _, count = units(manifest.frame)
    if count < len(names):
        raise DataError(f"{count} groups cannot fill {len(names)} splits; groups must not straddle splits")
    chosen_N = assign(manifest, ratio_K, seed, by)
    empty = [name for index, name in enumerate(names) if not (chosen_N == index).any()]
    if empty:
        raise DataError(f'split "{empty[0]}" got no rows: {count} groups are too few, or its share is too small')
    return with_splits(manifest, np.array(names, dtype=object)[chosen_N], {"ratios": shares, "seed": seed, "by": by})


def split_within(
    manifest: Manifest, within: str, ratios: Mapping[str, float], seed: int, by: str | None = None
) -> Manifest:
    """Carve new splits out of one split alone; every row outside it stays where it is.

    So a published test list stays a test list: validation is carved out of ``train``, or out of a test list that its
    readers cut in two (CAER-S in UniEmoX: ``within="test", ratios={"val": 0.34}``).

    Args:
        manifest: has rows in ``within``; not changed.
        within: the split to divide.
        ratios: new split -> its share of the rows of ``within``; the rest stays in ``within``, whose own share may be
            given too. Groups and strata as in :func:`split_manifest`.
        seed: of the shuffle.
        by: the column that makes the strata, as in :func:`split_manifest`.

    Returns:
        The manifest with its new splits, frozen; ids and SHA-256 of the splits other than these are as before.

    Raises:
        ConfigError: if no share is given, or the shares are negative, leave ``within`` nothing, or, with its own, do
            not sum to 1.
        DataError: if ``within`` has no rows, a new split has some already, or there are too few groups.

    Examples:
        >>> data = split_within(Manifest.read("data.parquet"), "train", {"val_2": 0.25}, seed=0)
        >>> {name: split["n"] for name, split in data.metadata["splits"].items()}
        {'test': 6, 'train': 9, 'val': 6, 'val_2': 3}
    """
    new = {name: float(share) for name, share in ratios.items() if name != within and share != 0}
    if not new:
        raise ConfigError(f'within "{within}": say which share of it becomes another split, for instance val 0.1')
    if sum(new.values()) >= 1:
        raise ConfigError(f'the shares carved out of "{within}" sum to {sum(new.values()):g}; leave it some rows')
    part = manifest.select(within)
    counts = manifest.frame["split"].value_counts()
    taken = next((name for name in new if name in counts.index), None)
    if taken is not None:
        raise DataError(
            f'split "{taken}" has {counts[taken]} rows already, and rows outside of "{within}" stay where they are; '
            "carve another split, or divide all rows anew (without --within)"
        )
    shares = {within: float(ratios.get(within, 1 - sum(new.values()))), **new}
    divided = split_manifest(part, shares, seed, by).frame["split"]
    split_N = manifest.frame["split"].to_numpy(dtype=object).copy()
    split_N[split_N == within] = divided.to_numpy(dtype=object)
    return with_splits(manifest, split_N, {"within": within, "ratios": shares, "seed": seed, "by": by})


def assign(manifest: Manifest, ratio_K: NDArray[np.float64], seed: int, by: str | None = None) -> NDArray[np.int64]:
    """Part of each row, int64, shape (N,), in [0, K): groups whole, every stratum divided by the ratios.

    Args:
        manifest, seed, by: as :func:`split_manifest`.
        ratio_K: share of each part, summing to 1. As long as there are K units, an equal share leaves no part empty.
    """
    stratum_N = strata_of(manifest, by)
    unit_N, count = units(manifest.frame)
    order_U = seeded_order(count, seed)
    if count < len(unit_N):
        return _assign_units(unit_N, stratum_N, order_U, ratio_K)[unit_N]
    rank_N = np.empty(len(unit_N), dtype=np.int64)
    rank_N[order_U[unit_N]] = np.arange(len(unit_N))  # rank -> row, as every unit is one row
    return _assign_rows(stratum_N[rank_N], ratio_K)[order_U[unit_N]]


def with_splits(manifest: Manifest, split_N: NDArray[np.object_], provenance: dict[str, Any]) -> Manifest:
    """The manifest with this split of each row, frozen; ``provenance`` says how it was made."""
    split = pd.Series(split_N, index=manifest.frame.index, dtype="str")
    metadata = {**manifest.metadata, "split": provenance}
    return replace(manifest, frame=manifest.frame.assign(split=split), metadata=metadata).freeze_splits()


def strata_of(manifest: Manifest, by: str | None) -> NDArray[np.int64]:
    """Stratum of each row, int64, shape (N,), numbered in sorted order; rows without a value are the stratum 0."""
    frame = manifest.frame
    if by is None:
        by = next((name for name in ("label", *TARGETS) if manifest.has(name)), None)
        if by is None:
            return np.zeros(len(frame), dtype=np.int64)
    if by not in frame.columns:
        raise ConfigError(f'no column "{by}" to split by; {did_you_mean(by, map(str, frame.columns))}')
    column = frame[by]
    if pd.api.types.is_numeric_dtype(column.dtype) and column.nunique() > QUANTILES:
        value_N = column.to_numpy(dtype=np.float64, na_value=np.nan)
        edges = np.nanquantile(value_N, np.linspace(0, 1, QUANTILES + 1)[1:-1])
        return np.where(np.isnan(value_N), 0, 1 + np.searchsorted(edges, value_N, side="right"))
    try:
        codes, _ = pd.factorize(column, sort=True)
    except TypeError as error:
        raise ConfigError(f'column "{by}" holds lists; split by a column with one value a row') from error
    return np.asarray(codes + 1, dtype=np.int64)


def units(frame: pd.DataFrame) -> tuple[NDArray[np.int64], int]:
    """What must stay together: unit of each row, int64, shape (N,), in the order of their names, and how many."""
    key = "row " + frame["id"].astype("str")
    if "group" in frame.columns:
        key = ("group " + frame["group"]).fillna(key)
    codes, keys = pd.factorize(key, sort=True)
    return np.asarray(codes, dtype=np.int64), len(keys)


def seeded_order(count: int, seed: int) -> NDArray[np.int64]:
    """Rank of each unit in a shuffle that knows only their sorted names and the seed, int64, shape (U,)."""
    return np.random.default_rng(seed).permutation(count).astype(np.int64)


def _assign_rows(stratum_N: NDArray[np.int64], ratio_K: NDArray[np.float64]) -> NDArray[np.int64]:
    """Split of each row, rows being in shuffled order: the method of the largest remainder, stratum by stratum.

    What rounding takes from a split in one stratum is owed to it in the next, so that the totals are right too.
    """
    chosen_N = np.empty(len(stratum_N), dtype=np.int64)
    owed_K = np.zeros(len(ratio_K))
    order_N = np.argsort(stratum_N, kind="stable")
    for rows in np.split(order_N, np.flatnonzero(np.diff(stratum_N[order_N])) + 1):
        wanted_K = len(rows) * ratio_K + owed_K
        quota_K = np.clip(np.floor(wanted_K), 0, None).astype(np.int64)
        while quota_K.sum() > len(rows):
            quota_K[np.argmax(quota_K - wanted_K)] -= 1
        while quota_K.sum() < len(rows):
            quota_K[np.argmax(wanted_K - quota_K)] += 1
        owed_K = wanted_K - quota_K
        chosen_N[rows] = np.repeat(np.arange(len(ratio_K)), quota_K)
    return chosen_N


def _assign_units(
    unit_N: NDArray[np.int64], stratum_N: NDArray[np.int64], order_U: NDArray[np.int64], ratio_K: NDArray[np.float64]
) -> NDArray[np.int64]:
    """Split of each unit, shape (U,): the largest first, each where it is most owed, in its strata and in all."""
    # The total is one more stratum: a split should be right in sum, not only label by label.
    count_US = np.zeros((len(order_U), stratum_N.max() + 2))
    np.add.at(count_US, (unit_N, stratum_N), 1)
    count_US[:, -1] = count_US[:, :-1].sum(axis=1)
    total_S = np.maximum(count_US.sum(axis=0), 1)
    owed_KS = ratio_K[:, None] * total_S
    chosen_U = np.empty(len(order_U), dtype=np.int64)
    for unit in np.lexsort((order_U, -count_US[:, -1])):
        strata = np.flatnonzero(count_US[unit])
        count = count_US[unit, strata]
        # The step that lowers the sum of squared debts, each relative to its stratum, the most.
        best = int(np.argmax(owed_KS[:, strata] @ (count / total_S[strata])))
        owed_KS[best, strata] -= count
        chosen_U[unit] = best
    return chosen_U
