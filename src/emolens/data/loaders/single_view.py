"""One view of each picture, for fine-tuning and its validation.

Legend: B rows of a batch, S side of the input.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from emolens.data.loaders.augment import erasing_seed, rand_augment, random_erasing
from emolens.data.loaders.crops import least_side, normalise, random_crop, resized
from emolens.data.loaders.pictures import Picture, Pictures
from emolens.data.loaders.seeded import SeededDataset
from emolens.data.manifest import Manifest
from emolens.errors import DataError
from emolens.models.preprocess import Preprocess
from emolens.people.crop import Region, cut, person_crop


@dataclass(frozen=True)
class Augment:
    """What is done to a training picture; the published fine-tuning of UniEmoX, which is that of MAE."""

    scale: tuple[float, float] = (0.08, 1.0)
    """Least and greatest share of the picture's area in a random crop."""
    policy: str | None = "rand-m9-mstd0.5-mmax9-inc1"
    """RandAugment in timm's words: magnitude 9 +- 0.5, the harder variants; None for none. The published policy lacks
    mmax9, without which the noise now and then reaches 10: there timm posterizes to 0 bits, which Pillow refuses."""
    erasing: float = 0.25
    """Probability of random erasing."""
    flip: float = 0.5
    """Probability of mirroring."""


class SingleViewDataset(SeededDataset):
    """``dataset[rows]`` gives a batch:

        image: (B, 3, S, S) uint8; after ``finish`` float32, normalised as ``preprocess`` says, and perhaps erased.
        erase: (B,) int64, in training with erasing, see :func:`emolens.data.loaders.augment.erasing_seed`.
        row: (B,) int64, the rows that were read. The task has their labels and targets.

    Args:
        manifest: pictures, from files or shards.
        preprocess: of the run. Validation pictures are decoded and made by it, exactly as in prediction; training
            pictures share its side S, mean and std.
        seed: of the augmentation.
        train: True takes a random crop and augments, and replaces a picture that cannot be read by the next row. False
            is for validation; a picture that cannot be read is then an error.
        view: ``scene`` is the whole picture; ``person`` the most confident person with context, for benchmarks with a
            row for each person (EMOTIC, HECO).
        augment: of the training pictures.

    Raises:
        DataError: if the box column is needed and missing, a box is outside its picture, or a row is not a picture.
    """

    def __init__(
        self,
        manifest: Manifest,
        preprocess: Preprocess,
        seed: int = 0,
        train: bool = True,
        *,
        view: Literal["scene", "person"] = "scene",
        augment: Augment = Augment(),
    ) -> None:
        super().__init__(seed)
        if view == "person" and "boxes" not in manifest.frame.columns:
            raise DataError(
                'no column "boxes", which the person view is cut by; add it with `emolens data people M.parquet '
                '--out M2.parquet`, or use view "scene"'
            )
        self.preprocess, self.train, self.view, self.augment = preprocess, train, view, augment
        self._pictures = Pictures(manifest)

    def __len__(self) -> int:
        return len(self._pictures)

    def __getitem__(self, rows: Sequence[int]) -> dict[str, Tensor]:
        return self._augmented(rows) if self.train else self._evaluated(rows)

    def expect(self, rows: Sequence[int]) -> None:
        self._pictures.expect(rows)

    def finish(self, batch: Mapping[str, Tensor]) -> dict[str, Tensor]:
        made = dict(batch)
        made["image"] = normalise(batch["image"], self.preprocess.mean, self.preprocess.std)
        if (seed_B := made.pop("erase", None)) is not None:
            random_erasing(made["image"], seed_B.tolist())
        return made

    def _augmented(self, rows: Sequence[int]) -> dict[str, Tensor]:
        side, augment, mean = self.preprocess.crop[0], self.augment, self.preprocess.mean
        image_BSSC = np.empty((len(rows), side, side, 3), dtype=np.uint8)
        rngs = [self.rng(row) for row in rows]
        # A person may fill a small part of the picture: that is read whole.
        pictures = self._pictures.read_or_next(rows, least_side(side, augment.scale) if self.view == "scene" else None)
        for b, (picture, rng) in enumerate(zip(pictures, rngs, strict=True)):
            height, width = picture.image_HWC.shape[:2]
            part = self._part(picture)
            left, top, h, w = part[0], part[1], round(part[3] - part[1]) or 1, round(part[2] - part[0]) or 1
            inner = random_crop(h, w, augment.scale, rng)
            window = (
                left + inner[0], top + inner[1], min(width, left + inner[2]), min(height, top + inner[3])
            )  # fmt: skip
            image_BSSC[b] = resized(picture.image_HWC, window, side, flip=bool(rng.random() < augment.flip))
            if augment.policy is not None:
                image_BSSC[b] = rand_augment(image_BSSC[b], augment.policy, rng, mean)
        batch = _batch(image_BSSC, pictures)
        if augment.erasing > 0:
            batch["erase"] = torch.tensor([erasing_seed(augment.erasing, rng) for rng in rngs])
        return batch

    def _evaluated(self, rows: Sequence[int]) -> dict[str, Tensor]:
        pictures = self._pictures.read(rows, self.preprocess.min_side if self.view == "scene" else None)
        images = [self.preprocess.pixels(cut(picture.image_HWC, self._part(picture))) for picture in pictures]
        return _batch(np.stack(images), pictures)

    def _part(self, picture: Picture) -> Region:
        """What of the picture is looked at: all of it, or the person."""
        height, width = picture.image_HWC.shape[:2]
        whole: Region = (0.0, 0.0, float(width), float(height))
        return person_crop(picture.box_K4, picture.score_K, whole).region if self.view == "person" else whole


def _batch(image_BSSC: NDArray[np.uint8], pictures: Sequence[Picture]) -> dict[str, Tensor]:
    image_BCSS = torch.from_numpy(image_BSSC).permute(0, 3, 1, 2).contiguous()
    return {"image": image_BCSS, "row": torch.tensor([picture.row for picture in pictures])}
