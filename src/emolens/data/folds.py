"""Leave-groups-out folds: every group is tested once, by a model that has not seen it.

Legend: N rows, U units (groups, or single rows without one), K folds.
"""

import numpy as np

from emolens.data.manifest import Manifest
from emolens.data.split import assign, seeded_order, units, with_splits
from emolens.errors import ConfigError, DataError


def group_folds(manifest: Manifest, folds: int, seed: int = 0, val: float = 1) -> list[Manifest]:
    """The manifest K times, each with other groups in its split ``test``; together they test every row once.

    The groups are dealt out so that the test splits are alike in size and in labels. The validation groups of a fold
    are taken from the test groups of the next one, and so on round the ring, so that each group serves about as often;
    the rest is ``train``. No group is in two splits of a fold. The result depends on ids, groups and labels and on the
    seed, not on the order of rows.

    Args:
        manifest: has a ``group`` column; a row without a group stands for itself. Not changed.
        folds: K, 2 to the number of groups; as many as there are groups is leave-one-group-out.
        seed: of the shuffle.
        val: from 1 on a number of groups; below 1 a share of all rows, met with as many whole groups as come nearest
            (at least one); 0 for none. Where it would leave nothing to train on, one group stays in ``train``.

    Returns:
        K manifests with splits train, val, test, frozen; ``metadata["split"]`` says fold, folds, seed and val.

    Raises:
        ConfigError: if there are fewer than two folds, or ``val`` is negative or no whole number of groups.
        DataError: if the rows have no groups, or fewer than folds.
    """
    if folds < 2:
        raise ConfigError(f"{folds} folds: it takes at least 2 to test what was not trained on")
    if val < 0 or (val >= 1 and val != int(val)):
        raise ConfigError(f"val {val:g}: give a share of the rows below 1, or a whole number of groups")
    if not manifest.has("group"):
        raise DataError(
            "no row has a group, so there is nothing to leave out together; import the data set with its groups "
            "(--group, --group-pattern), or use `emolens data split`"
        )
    unit_N, count = units(manifest.frame)
    if count < folds:
        raise DataError(f"{count} groups cannot fill {folds} folds; give at most {count}")
    fold_N = assign(manifest, np.full(folds, 1 / folds), seed)
    fold_U = np.empty(count, dtype=np.int64)
    fold_U[unit_N] = fold_N
    size_U = np.bincount(unit_N, minlength=count)
    shuffled_U = np.argsort(seeded_order(count, seed))
    made = []
    for fold in range(folds):
        # The units after this fold's, round the ring; argsort is stable, so that within a fold the shuffle decides.
        distance = (fold_U[shuffled_U] - fold) % folds
        ring = shuffled_U[np.argsort(distance, kind="stable")][np.count_nonzero(distance == 0) :]
        chosen = ring[: _val_units(val, size_U[ring], len(unit_N))]
        split_N = np.full(len(unit_N), "train", dtype=object)
        split_N[fold_N == fold] = "test"
        split_N[np.isin(unit_N, chosen)] = "val"
        provenance = {"fold": fold + 1, "folds": folds, "seed": seed, "val": val}
        made.append(with_splits(manifest, split_N, provenance))
    return made


def _val_units(val: float, size_U: np.ndarray[tuple[int], np.dtype[np.int64]], rows: int) -> int:
    """How many of the units to validate on, of these sizes in this order; at least one is left to train on."""
    if val == 0:
        return 0
    wanted = int(val)
    if val < 1:
        wanted = 1 + int(np.argmin(np.abs(np.cumsum(size_U) - val * rows)))
    return min(wanted, len(size_U) - 1)
