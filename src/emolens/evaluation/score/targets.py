"""What a model is measured against: one split of a manifest, as arrays.

Legend: N rows, C classes.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from emolens.data.adapter import get_adapter, list_adapters
from emolens.data.ids import ids_sha256
from emolens.data.manifest import Manifest
from emolens.errors import DataError
from emolens.evaluation.score.columns import column_values
from emolens.inference.inputs import Input, media_of
from emolens.people.boxes import Box
from emolens.people.crop import View
from emolens.taxonomy import LabelSpace

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]


@dataclass(frozen=True)
class Targets:
    """The ground truth of one split, row by row.

    Attributes:
        data: name of the data set, for tables.
        dataset: its name as the manifest has it, the same for all its versions; "" if it states none.
        split: name of the split, or "all".
        id_N, path_N: the rows, in the manifest's order.
        space: label space of ``label_N`` and ``label_NC``; None where the manifest has no labels.
        label_N: class index, int64, -1 where a row has none; None where the manifest has no ``label``.
        label_NC: which labels apply, bool; None where the manifest has no ``labels``. A row without any is unlabelled.
        valence_N, arousal_N: in [-1, 1], 0 = neutral, NaN where missing; None where the manifest lacks the column.
        group_N: what the bootstrap resamples together, as integers; None where the manifest has no ``group``.
        columns: column -> value of each row, of the columns to break down by
            (:func:`~emolens.evaluation.score.columns.column_values`).
        ids_sha256: of the split's id list, as the manifest froze it.
        centric: "scene" or "person", what the ratings are of; None where nothing says so.
        view: what of each row is shown to a model, see :func:`emolens.evaluation.score.view.viewed`.
        box_N: of each row's person, None where nobody is; None where whole pictures are shown.
        coarsened_from: name of the data's own label space, where the labels were taken to the coarser ones of a model.
    """

    data: str
    dataset: str
    split: str
    id_N: tuple[str, ...]
    path_N: tuple[Path, ...]
    space: LabelSpace | None
    label_N: Ints | None
    label_NC: Bools | None
    valence_N: Floats | None
    arousal_N: Floats | None
    group_N: Ints | None
    columns: Mapping[str, tuple[str, ...]]
    ids_sha256: str
    centric: str | None = None
    view: View = "scene"
    box_N: tuple[Box | None, ...] | None = None
    coarsened_from: str | None = None

    def __len__(self) -> int:
        return len(self.id_N)

    def affect(self, name: str) -> Floats | None:
        """``valence_N`` or ``arousal_N`` by its name."""
        return {"valence": self.valence_N, "arousal": self.arousal_N}[name]

    def groups(self, row_M: Ints) -> Ints | None:
        """The groups of some rows; None where every row stands for itself."""
        return None if self.group_N is None else self.group_N[row_M]

    @property
    def inputs(self) -> list[Input]:
        """The rows as a model is asked about them."""
        if self.box_N is None:
            return [Input.of(path) for path in self.path_N]  # a file name with [ or * is no pattern here
        return [
            Input(path, media_of(path), box, None if box is None else 1)
            for path, box in zip(self.path_N, self.box_N, strict=True)
        ]

    @property
    def has_videos(self) -> bool:
        """Whether some of the rows are videos or sounds."""
        return any(media_of(path) != "image" for path in self.path_N)

    @property
    def has_labels(self) -> bool:
        """Whether the data set has a label, or a list of labels, for some row."""
        return self.label_N is not None or self.label_NC is not None

    @property
    def has_affect(self) -> bool:
        """Whether the data set has valence or arousal."""
        return self.valence_N is not None or self.arousal_N is not None

    @property
    def has_target_N(self) -> Bools:
        """Rows with at least one target, bool (N,)."""
        found_N = np.zeros(len(self), dtype=bool)
        if self.label_N is not None:
            found_N |= self.label_N >= 0
        if self.label_NC is not None:
            found_N |= self.label_NC.any(axis=1)
        for value_N in (self.valence_N, self.arousal_N):
            if value_N is not None:
                found_N |= np.isfinite(value_N)
        return found_N


def read_targets(
    manifest: Manifest, split: str | None, name: str | None = None, by: Sequence[str] | None = None
) -> Targets:
    """The targets of one split.

    Args:
        manifest: the whole manifest.
        split: which split; None for every row.
        name: what to call the data set; None for the manifest's own name.
        by: columns to break down by; None for domain and platform, where there are such.

    Raises:
        ConfigError: a column of ``by`` is unknown, holds lists, or has too many values.
        DataError: the split is empty or there is nothing in it to compare predictions with.
    """
    part = manifest.select(split)
    frame = part.frame
    space = part.space()
    targets = Targets(
        data=name or str(manifest.metadata.get("dataset") or manifest.root.name or "data"),
        dataset=str(manifest.metadata.get("dataset") or ""),
        split=split or "all",
        id_N=tuple(map(str, frame["id"])),
        path_N=tuple(part.paths()),
        space=space,
        label_N=part.label_index() if space is not None and part.has("label") else None,
        label_NC=part.label_matrix() if space is not None and part.has("labels") else None,
        valence_N=part.target("valence") if part.has("valence") else None,
        arousal_N=part.target("arousal") if part.has("arousal") else None,
        group_N=_group_index(part) if part.has("group") else None,
        columns=column_values(part, by),
        ids_sha256=_ids_sha256(manifest, part, split),
        centric=_centric(manifest),
    )
    if not targets.has_target_N.any():
        raise DataError(
            f'{targets.data}, split "{targets.split}": no row has a label, valence or arousal, so there is nothing to '
            "compare predictions with; import the data set with its labels"
        )
    return targets


def _centric(manifest: Manifest) -> str | None:
    """As the manifest states it; for one imported before such facts were kept, as is known of its data set."""
    stated = manifest.metadata.get("centric")
    dataset = str(manifest.metadata.get("dataset") or "")
    if stated is None and dataset in list_adapters():
        stated = get_adapter(dataset).centric
    return None if stated is None else str(stated)


def _group_index(part: Manifest) -> Ints:
    """Groups as integers; a row without one is a group of its own."""
    codes_N, found = part.frame["group"].factorize()
    index_N = np.asarray(codes_N, dtype=np.int64)
    missing_N = index_N < 0
    index_N[missing_N] = len(found) + np.arange(missing_N.sum())
    return index_N


def _ids_sha256(manifest: Manifest, part: Manifest, split: str | None) -> str:
    frozen = manifest.metadata.get("splits", {}).get(split, {}).get("sha256")
    return str(frozen or ids_sha256(part.frame["id"]))
