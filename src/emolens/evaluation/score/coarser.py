"""A model of coarser labels than those of the data: the data's are coarsened, and not the model's guessed finer.

Legend: N rows, S labels of the data, T of the model.
"""

from dataclasses import replace

import numpy as np

from emolens.evaluation.score.targets import Targets
from emolens.inference.predictor import Predictor
from emolens.progress import notice
from emolens.taxonomy import mapping_kind, mapping_table


def coarsened(predictor: Predictor, targets: Targets) -> Targets:
    """The targets in the model's own label space if their labels are exact parts of its, or else as they are.

    A model that was trained on polarity2 cannot tell rage from envy, but whether it is right about polarity can be
    measured exactly. Models that answer these labels in another way (by words, by their own point of valence and
    arousal) are left to it. Rows whose label has no counterpart have none any more; it is said how many.
    """
    own, space = predictor.own_label_space, targets.space
    if own is None or space is None or not targets.has_labels or predictor.gives_point:
        return targets
    if mapping_kind(space, own) != "exact" or predictor.retarget(space).mapping != "valence_arousal":
        return targets
    table_ST = mapping_table(space, own, "exact")
    place_S = np.where(table_ST.any(axis=1), table_ST.argmax(axis=1), -1)
    label_N = None if targets.label_N is None else np.append(place_S, -1)[targets.label_N]  # -1 is the last
    label_NC = None if targets.label_NC is None else targets.label_NC.astype(np.float64) @ table_ST > 0
    after = replace(targets, space=own, label_N=label_N, label_NC=label_NC, coarsened_from=space.name)
    lost = _labelled(targets) - _labelled(after)
    none = [label for label, place in zip(space.labels, place_S, strict=True) if place < 0]
    rows = f"; {lost:,} of {len(targets):,} rows have none there ({', '.join(none)})" if lost else ""
    notice(f"{targets.data}: labels of {space.name} were taken to {own.name}, which {predictor.name} knows{rows}")
    return after


def _labelled(targets: Targets) -> int:
    """Rows with a label, or several."""
    found_N = np.zeros(len(targets), dtype=bool)
    if targets.label_N is not None:
        found_N |= targets.label_N >= 0
    if targets.label_NC is not None:
        found_N |= targets.label_NC.any(axis=1)
    return int(found_N.sum())
