"""One view of each picture with its labels and targets, for fine-tuning and evaluation.

Legend: B rows of a batch, S side of the input, L labels of the space.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.utils.data import Dataset

from emolens.data.loaders.augment import rand_augment, random_erasing
from emolens.data.loaders.crops import centre_window, least_side, random_window, resized, sample_rng
from emolens.data.loaders.pictures import Pictures
from emolens.data.loaders.two_view import normalise
from emolens.data.manifest import Manifest
from emolens.data.validate import TARGETS
from emolens.errors import DataError
from emolens.models.imagenet import IMAGENET_MEAN
from emolens.people.crop import Region, person_crop


@dataclass(frozen=True)
class Augment:
    """What is done to a training picture; the published fine-tuning of UniEmoX, which is that of MAE."""

    scale: tuple[float, float] = (0.08, 1.0)
    """Least and greatest share of the picture's area in a window."""
    policy: str | None = "rand-m9-mstd0.5-mmax9-inc1"
    """RandAugment in timm's words: magnitude 9 +- 0.5, the harder variants; None for none. The published policy lacks
    mmax9, without which the noise now and then reaches 10: there timm posterizes to 0 bits, which Pillow refuses."""
    erasing: float = 0.25
    """Probability of random erasing."""
    flip: float = 0.5


class SingleViewDataset(Dataset[dict[str, Tensor]]):
    """``dataset[rows]`` gives a batch:

        image: (B, 3, S, S) float32, normalised with ImageNet's mean and deviation.
        label: (B,) int64, index in the manifest's label space; -1 where there is none.
        labels: (B, L) float32 of 0 and 1, if the manifest has several labels a row.
        distribution: (B, L) float32 shares, if the manifest has them.
        valence, arousal, dominance: (B,) float32 in [-1, 1], NaN where missing, those that the manifest has.
        row: (B,) int64.

    What a row looks like is decided by (seed, epoch, row) alone.

    Args:
        manifest: pictures, from files or shards.
        image_size: S.
        seed: of the augmentation.
        train: False resizes and crops at the centre; a picture that cannot be read is then an error, while in training
            the next row is taken, and said once.
        view: ``scene`` is the whole picture; ``person`` the most confident person with context, for benchmarks with a
            row for each person (EMOTIC, HECO).
        augment: of the training pictures.

    Raises:
        DataError: a box column is needed and missing, a box is outside its picture, or a row is not a picture.
    """

    def __init__(
        self,
        manifest: Manifest,
        image_size: int = 224,
        seed: int = 0,
        train: bool = True,
        *,
        view: Literal["scene", "person"] = "scene",
        augment: Augment = Augment(),
    ) -> None:
        if view == "person" and "boxes" not in manifest.frame.columns:
            raise DataError(
                'no column "boxes", which the person view is cut by; add it with `emolens data people M.parquet '
                '--out M2.parquet`, or use view "scene"'
            )
        self.image_size, self.seed, self.train, self.view, self.augment = image_size, seed, train, view, augment
        self._known = _known(manifest)
        self._pictures = Pictures(manifest)
        self._epoch = torch.zeros((), dtype=torch.int64).share_memory_()  # type: ignore[no-untyped-call]  # seen by workers that live on

    def __len__(self) -> int:
        return len(self._pictures)

    def set_epoch(self, epoch: int) -> None:
        """Choose the epoch whose pictures are drawn next; workers that are alive hear of it too."""
        self._epoch.fill_(epoch)

    def __getitem__(self, rows: Sequence[int]) -> dict[str, Tensor]:
        side, epoch, augment = self.image_size, int(self._epoch), self.augment
        image_BSSC = np.empty((len(rows), side, side, 3), dtype=np.uint8)
        taken_B = np.empty(len(rows), dtype=np.int64)
        rngs = [sample_rng(self.seed, epoch, int(row)) for row in rows]
        read = self._pictures.read_or_next if self.train else self._pictures.read
        # A person may fill a small part of the picture: that is read whole.
        pictures = read(rows, least_side(side, augment.scale) if self.view == "scene" else None)
        for b, (picture, rng) in enumerate(zip(pictures, rngs, strict=True)):
            taken_B[b] = picture.row
            height, width = picture.image_HWC.shape[:2]
            whole: Region = (0.0, 0.0, float(width), float(height))
            part = person_crop(picture.box_K4, picture.score_K, whole).region if self.view == "person" else whole
            left, top, h, w = part[0], part[1], round(part[3] - part[1]) or 1, round(part[2] - part[0]) or 1
            inner = random_window(h, w, augment.scale, rng) if self.train else centre_window(h, w, side)
            window = (
                left + inner[0], top + inner[1], min(width, left + inner[2]), min(height, top + inner[3])
            )  # fmt: skip
            flip = self.train and bool(rng.random() < augment.flip)
            image_BSSC[b] = resized(picture.image_HWC, window, side, flip, beyond=not self.train)
            if self.train and augment.policy is not None:
                image_BSSC[b] = rand_augment(image_BSSC[b], augment.policy, rng, IMAGENET_MEAN)
        image_BCSS = normalise(torch.from_numpy(image_BSSC).permute(0, 3, 1, 2).contiguous())
        if self.train and augment.erasing > 0:
            for image_CSS, rng in zip(image_BCSS, rngs, strict=True):
                random_erasing(image_CSS, augment.erasing, rng)
        known = {name: torch.from_numpy(values[taken_B]) for name, values in self._known.items()}
        return {"image": image_BCSS, **known, "row": torch.from_numpy(taken_B)}


def _known(manifest: Manifest) -> dict[str, NDArray[np.generic]]:
    """What there is to learn, a row each."""
    known: dict[str, NDArray[np.generic]] = {"label": manifest.label_index()}
    frame, space = manifest.frame, manifest.space()
    if space is not None and manifest.has("labels"):
        label_NL = np.zeros((len(frame), len(space)), dtype=np.float32)
        for row, labels in enumerate(frame["labels"]):
            if isinstance(labels, list | tuple | np.ndarray):
                label_NL[row, [space.index(str(label)) for label in labels]] = 1
        known["labels"] = label_NL
    if space is not None and manifest.has("distribution"):
        share_NL = np.full((len(frame), len(space)), np.nan, dtype=np.float32)
        for row, shares in enumerate(frame["distribution"]):
            if isinstance(shares, list | tuple | np.ndarray):
                share_NL[row] = np.asarray(shares, dtype=np.float32)
        known["distribution"] = share_NL
    for target in TARGETS:
        if manifest.has(target):
            known[target] = manifest.target(target).astype(np.float32)
    return known
