"""The one table that everything in the project reads and writes: a row a sample.

Legend: N rows.
"""

from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from emolens.data.ids import ids_sha256
from emolens.data.manifest_io import read_table, write_table
from emolens.data.validate import TARGETS, validate_table
from emolens.errors import DataError
from emolens.taxonomy import LabelSpace, get_label_space


@dataclass(frozen=True)
class Manifest:
    """Samples and what is known of them.

    Columns of ``frame`` (only the first three must be there; a missing value is NaN or None):
        id: unique name of the sample.
        path: of its file, relative to ``root``, or absolute.
        media: ``image``, ``video`` or ``audio``.
        split: usually ``train``, ``val``, ``test``.
        label, label_space: one label, and the name of the space it is from.
        labels: several labels, a list of str.
        distribution: the share of votes of each label, a list of floats in the order of the space, summing to 1.
        valence, arousal, dominance: float, on the scale stated in ``metadata["scales"]``.
        group: what must not straddle splits: theme, actor, source video.
        boxes: persons, a list of [left, top, right, bottom] in pixels of the upright picture.
        text, domain, platform, source, licence: str.
    Further columns are kept as they are.

    ``metadata``: ``dataset``, ``version``, ``citation``, ``licence``; ``scales`` {target: [low, high]};
    ``splits`` {name: {"n": int, "sha256": hex}}: the frozen splits; ``missing`` {target: n}: how many values of a
    target are known to be missing (any other NaN is an error); ``label_spaces`` {name: ``LabelSpace.as_dict()``}:
    spaces that the data set brings along; ``protocol``: how the splits were made (see
    :func:`~emolens.data.protocol_use.protocol_of`).
    ``root``: the folder to which ``path`` is relative.

    Examples:
        >>> data = Manifest.read("data.parquet")
        >>> len(data), len(data.select("train")), data.space().name
        (24, 12, 'mikels8')
    """

    frame: pd.DataFrame
    metadata: dict[str, Any] = field(default_factory=dict)
    root: Path = Path()

    @staticmethod
    def read(path: str | Path) -> "Manifest":
        """Open a ``.parquet`` or ``.csv`` manifest and validate it.

        Raises:
            DataError: if it is missing, unreadable or invalid (see :meth:`validate`); the message starts with the path.
        """
        manifest = Manifest(*read_table(Path(path)))
        manifest.validate(str(path))
        return manifest

    def write(self, path: str | Path) -> None:
        """Validate, then write ``.parquet``, or ``.csv`` with its metadata beside it in ``PATH.json``; atomic.

        Raises:
            DataError: if it is invalid, or the place cannot be written; what was there before is untouched.
        """
        self.validate(str(path))
        write_table(Path(path), self.frame, self.metadata, self.root)

    def validate(self, name: str = "manifest") -> None:
        """Check every promise of the format; ``name`` opens the message.

        Raises:
            DataError: if a promise is broken: the first one, with row, id and what to do.
        """
        validate_table(self.frame, self.metadata, self.space_named, name)

    def __len__(self) -> int:
        return len(self.frame)

    def has(self, name: str) -> bool:
        """Whether there is such a column with at least one value in it."""
        return name in self.frame.columns and bool(self.frame[name].notna().any())

    def select(self, split: str | None) -> "Manifest":
        """The rows of one split; all of them for None.

        Raises:
            DataError: if that split has no rows.
        """
        if split is None:
            return self
        names = self.split_names()
        if split not in names:
            have = f"it has {', '.join(names)}" if names else "it has no splits; make them with `emolens data split`"
            raise DataError(f'no rows in split "{split}": {have}')
        rows = self.frame[self.frame["split"] == split].reset_index(drop=True)
        frozen = {name: stated for name, stated in self.metadata.get("splits", {}).items() if name == split}
        return replace(self, frame=rows, metadata={**self.metadata, "splits": frozen})

    def split_names(self) -> list[str]:
        """The splits that have rows, sorted."""
        if "split" not in self.frame.columns:
            return []
        return sorted(str(name) for name in self.frame["split"].dropna().unique())

    def freeze_splits(self) -> "Manifest":
        """State the size and the SHA-256 of the id list of each split, so that any later change is found.

        A protocol of which no split is left is no longer stated.
        """
        splits = {}
        for name in self.split_names():
            ids = self.frame.loc[self.frame["split"] == name, "id"]
            splits[name] = {"n": len(ids), "sha256": ids_sha256(ids)}
        metadata = {**self.metadata, "splits": splits}
        of_protocol = metadata.get("protocol", {}).get("splits", {})
        if not any(splits.get(name) == stated for name, stated in of_protocol.items()):
            metadata.pop("protocol", None)
        return replace(self, metadata=metadata)

    def paths(self) -> list[Path]:
        """Absolute path of the file of each row."""
        root = self.root.absolute()
        return [root / path for path in self.frame["path"]]

    def space(self) -> LabelSpace | None:
        """The label space of all rows that have one, or None.

        Raises:
            DataError: if rows are from several spaces.
            ConfigError: if the space is unknown.
        """
        if "label_space" not in self.frame.columns:
            return None
        names = sorted(self.frame["label_space"].dropna().unique())
        if len(names) > 1:
            raise DataError(f"rows are from several label spaces ({', '.join(names)}); keep those of one")
        return self.space_named(names[0]) if names else None

    def space_named(self, name: str) -> LabelSpace:
        """The label space of that name: one that this manifest brings along, or a built-in one.

        Raises:
            ConfigError: if the space is unknown.
        """
        own = self.metadata.get("label_spaces", {})
        return LabelSpace.from_dict(own[name]) if name in own else get_label_space(name)

    def label_index(self) -> NDArray[np.int64]:
        """Index of the label in :meth:`space`, int64, shape (N,); -1 where there is no label."""
        space = self.space()
        if space is None or "label" not in self.frame.columns:
            return np.full(len(self), -1, dtype=np.int64)
        codes, labels = pd.factorize(self.frame["label"])
        index = np.array([space.index(str(label)) for label in labels] + [-1], dtype=np.int64)
        return index[codes]  # a missing label has code -1, the last entry

    def label_matrix(self) -> NDArray[np.bool_]:
        """Which labels of :meth:`space` the column ``labels`` names, bool, shape (N, C); all False where it has none.

        C is 0 where the manifest has no label space.
        """
        space = self.space()
        applies_NC = np.zeros((len(self), 0 if space is None else len(space)), dtype=bool)
        if space is None or "labels" not in self.frame.columns:
            return applies_NC
        for row, labels in enumerate(self.frame["labels"]):
            if not isinstance(labels, str) and np.iterable(labels):  # else missing
                applies_NC[row, [space.index(str(label)) for label in labels]] = True
        return applies_NC

    def target(self, name: str) -> NDArray[np.float64]:
        """``valence``, ``arousal`` or ``dominance``, float64, shape (N,), in [-1, 1]; NaN where missing.

        The ends of the stated scale become -1 and 1, its middle 0.

        Raises:
            DataError: if there is no such column, or no scale is stated for it.
        """
        if name not in TARGETS or name not in self.frame.columns:
            have = ", ".join(target for target in TARGETS if target in self.frame.columns) or "none"
            raise DataError(f'no target "{name}" in this manifest; it has: {have}')
        if name not in self.metadata.get("scales", {}):
            raise DataError(f'no scale is stated for "{name}": metadata["scales"]["{name}"] = [low, high]')
        low, high = self.metadata["scales"][name]
        value_N = self.frame[name].to_numpy(dtype=np.float64, na_value=np.nan)
        scaled: NDArray[np.float64] = (value_N - low) * (2.0 / (high - low)) - 1.0
        return scaled
