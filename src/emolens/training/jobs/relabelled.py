"""Training in another label space than that of the data: the coarser classes of one manifest."""

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from emolens.data.manifest import Manifest
from emolens.data.relabelling import Relabelling, relabel
from emolens.errors import DataError
from emolens.progress import notice
from emolens.training.jobs.plan import is_first_process


def relabelled(manifest: Manifest, space: str, data: str) -> Manifest:
    """The manifest with its labels in ``space``, exactly, and without the rows that lose their label by that.

    Rows that never had a label stay for what else they have. The frozen splits are stated as they were: a run knows by
    them which rows it has seen.

    Args:
        manifest: the data.
        space: name of a label space that those of the data are exact groups of, or the path of its ``.toml`` file.
        data: its path, for messages.

    Raises:
        ConfigError: no exact table leads there; the message says what else there is.
        DataError: the data has no labels, or no row of it has a label there.
    """
    try:
        after = relabel(manifest, space)
    except DataError as error:
        raise DataError(f"{data}: {error}") from error
    lost_N = _has_label(manifest) & ~_has_label(after)
    if lost_N.any() and lost_N.sum() == _has_label(manifest).sum():
        raise DataError(f"{data}: none of its labels has a counterpart in {space}")
    if is_first_process():
        for step in Relabelling.of(after)[len(Relabelling.of(manifest)) :]:
            notice(f"{data}: {step}")
        if lost_N.any():
            notice(f"{data}: {lost_N.sum():,} of {len(manifest):,} rows are left out")
    return replace(after, frame=after.frame[~lost_N].reset_index(drop=True))


def _has_label(manifest: Manifest) -> NDArray[np.bool_]:
    """Rows with one label or several, bool, shape (N,)."""
    found_N = np.zeros(len(manifest), dtype=bool)
    for column in ("label", "labels"):
        if column in manifest.frame.columns:
            found_N |= manifest.frame[column].notna().to_numpy(dtype=bool)
    return found_N
