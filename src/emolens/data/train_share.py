"""A part of the training rows: how much a model learns from few labels.

Legend: N rows of a split, U units (groups, or single rows), S strata.
"""

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from emolens.data.manifest import Manifest
from emolens.data.split import seeded_order, strata_of, units
from emolens.errors import ConfigError, DataError

MOST_TOO_MANY = 1.5  # beyond so many times the share, the name of the share would mislead


def take_train_share(manifest: Manifest, share: float, seed: int = 0) -> Manifest:
    """Leave a share of the training and validation rows; every other split stays whole.

    All shares of one seed are the beginning of one order, so the 1% is in the 10%. The order brings the labels (deciles
    of a value, where there are none) in proportion, whole groups at a time, and at least one row of each label first.
    The validation rows shrink by the same share, since they are labels too, but never below one of each label.

    Args:
        manifest: with the split ``train``; not changed.
        share: in (0, 1]; 1 leaves everything.
        seed: of the order; the same seed gives the same rows, whatever the order of the rows.

    Returns:
        The manifest with fewer rows, its splits frozen; ``metadata["train_share"]`` says share and seed. With groups,
        the number of rows is as near to the share as whole groups allow.

    Raises:
        ConfigError: the share is not in (0, 1].
        DataError: whole groups with a row of each label are more than 1.5 times the share of ``train``.
    """
    if not 0 < share <= 1:
        raise ConfigError(f"train share {share:g}: must be above 0 and at most 1")
    if share == 1:
        return manifest
    frame = manifest.frame
    kept_N = np.ones(len(frame), dtype=bool)
    for split in ("train", "val"):
        rows = np.flatnonzero(frame["split"] == split)
        if not len(rows):
            continue
        part = replace(manifest, frame=frame.iloc[rows].reset_index(drop=True))
        kept_N[rows] = _first(part, share, seed, split)
    metadata = {**manifest.metadata, "train_share": {"share": share, "seed": seed}}
    return replace(manifest, frame=frame[kept_N].reset_index(drop=True), metadata=metadata).freeze_splits()


def _first(part: Manifest, share: float, seed: int, split: str) -> NDArray[np.bool_]:
    """Which rows of one split stay, bool, shape (N,)."""
    stratum_N, (unit_N, count) = strata_of(part, None), units(part.frame)
    size_U = np.bincount(unit_N, minlength=count)
    order_U = _order(stratum_N, unit_N, size_U, seed)
    needed = 0
    if part.has("label"):
        order_U, needed = _labels_first(order_U, stratum_N, unit_N)
    reached_U = np.cumsum(size_U[order_U])
    wanted = share * len(unit_N)
    taken = max(1 + int(np.argmin(np.abs(reached_U - wanted))), needed)
    if split == "train" and reached_U[taken - 1] > MOST_TOO_MANY * wanted:
        least = np.ceil(1000 * reached_U[taken - 1] / len(unit_N)) / 1000
        raise DataError(
            f'{share:.3g} of the {len(unit_N)} rows of split "{split}" are too few for whole groups with a row of each '
            f"label; take a share of at least {least:g}"
        )
    return np.isin(unit_N, order_U[:taken])


def _order(
    stratum_N: NDArray[np.int64], unit_N: NDArray[np.int64], size_U: NDArray[np.int64], seed: int
) -> NDArray[np.int64]:
    """The units, shuffled, so that the beginning of any length has the strata in proportion.

    A unit of several strata counts to the most frequent one. Each stratum is laid out from 0 to 1 by its rows, and all
    strata are walked through at one pace.
    """
    count_US = np.zeros((len(size_U), stratum_N.max() + 1), dtype=np.int64)
    np.add.at(count_US, (unit_N, stratum_N), 1)
    stratum_U = count_US.argmax(axis=1)
    shuffled_U = np.argsort(seeded_order(len(size_U), seed))
    place_U = np.empty(len(size_U))
    for stratum in np.unique(stratum_U):
        mine = shuffled_U[stratum_U[shuffled_U] == stratum]
        place_U[mine] = (np.cumsum(size_U[mine]) - size_U[mine] / 2) / size_U[mine].sum()
    return shuffled_U[np.argsort(place_U[shuffled_U], kind="stable")]


def _labels_first(
    order_U: NDArray[np.int64], stratum_N: NDArray[np.int64], unit_N: NDArray[np.int64]
) -> tuple[NDArray[np.int64], int]:
    """The order with the first units that bring a new label moved to its front, and how many these are."""
    rank_U = np.empty(len(order_U), dtype=np.int64)
    rank_U[order_U] = np.arange(len(order_U))
    front = np.zeros(len(order_U), dtype=bool)
    for stratum in np.unique(stratum_N[stratum_N > 0]):  # stratum 0: rows without a label
        ranks = rank_U[unit_N[stratum_N == stratum]]
        if not front[ranks].any():
            front[ranks.min()] = True
    return np.concatenate([order_U[front], order_U[~front]]), int(front.sum())
