"""What a fine-tuned ViT is to answer, as one table of numbers.

Legend: N rows, C labels, R continuous targets, O = C + R outputs.
"""

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from emolens.data.manifest import Manifest
from emolens.data.validate import TARGETS
from emolens.errors import ConfigError, DataError
from emolens.taxonomy import LabelSpace


@dataclass(frozen=True)
class Outputs:
    """The outputs of a head, labels first.

    Attributes:
        space: of the labels; None for regression alone.
        multi_label: a row may have several labels (the manifest's column ``labels``, as in EMOTIC).
        targets: of ``valence``, ``arousal``, ``dominance``.
    """

    space: LabelSpace | None
    multi_label: bool
    targets: tuple[str, ...]

    @property
    def labels(self) -> int:
        return len(self.space) if self.space is not None else 0

    @property
    def size(self) -> int:
        return self.labels + len(self.targets)

    @classmethod
    def of(cls, manifest: Manifest, want: str, name: str) -> "Outputs":
        """What the manifest has of what is wanted.

        Args:
            manifest: with ``label`` or ``labels``, and continuous targets.
            want: "all", "label" or "valence_arousal" (dominance too, where there is one).
            name: of the manifest, for messages.

        Raises:
            ConfigError: it has none of it.
        """
        multi_label = manifest.has("labels")
        labelled = want in ("all", "label") and (multi_label or manifest.has("label"))
        targets = tuple(t for t in TARGETS if manifest.has(t)) if want in ("all", "valence_arousal") else ()
        space = manifest.space() if labelled else None
        if space is None and not targets:
            raise ConfigError(
                f"{name}: has nothing for targets {want}; it needs labels with a space, or a target column"
            )
        return cls(space, multi_label and space is not None, targets)

    def table(self, part: Manifest) -> Tensor:
        """Targets of each row, float32 (N, O), NaN where not known: one-hot or several 1, then values in [-1, 1].

        Raises:
            DataError: no row has any.
        """
        target_NO = np.full((len(part), self.size), np.nan, dtype=np.float32)
        if self.space is not None and self.multi_label:
            for row, labels in enumerate(part.frame["labels"]):
                if labels is not None and np.ndim(labels) == 1:
                    target_NO[row, : self.labels] = 0
                    target_NO[row, [self.space.index(str(label)) for label in labels]] = 1
        elif self.space is not None:
            label_N = part.label_index()
            known_N = label_N >= 0
            target_NO[known_N, : self.labels] = np.eye(self.labels, dtype=np.float32)[label_N[known_N]]
        for column, name in enumerate(self.targets, start=self.labels):
            target_NO[:, column] = part.target(name)
        if not np.isfinite(target_NO).any():
            raise DataError(f"none of {len(part)} rows has a label or target")
        return torch.from_numpy(target_NO)
