"""Scene and person of each picture, for pretraining.

Legend: V = 2 views, B rows of a batch, C = 3 channels, S side of the input.
"""

from collections.abc import Mapping, Sequence

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from emolens.data.loaders.crops import least_side, normalise, random_crop, resized
from emolens.data.loaders.pictures import Pictures
from emolens.data.loaders.seeded import SeededDataset
from emolens.data.manifest import Manifest
from emolens.errors import DataError
from emolens.models.preprocess import Preprocess
from emolens.people.crop import person_crop

VIEWS = ("scene", "person")


class TwoViewDataset(SeededDataset):
    """Batches of two views with a common crop: the person box follows the crop.

    The scene is a crop of the picture: random and perhaps mirrored in training, the one of ``preprocess`` in
    validation. The person view is the most confident person inside that crop, with context
    (:func:`emolens.people.crop.person_crop`), mirrored with the scene; if nobody is in it, the scene once more. No
    detector runs here: the boxes are in the table.

    ``dataset[rows]`` gives a batch:
        scene, person: (B, 3, S, S) uint8; after ``finish`` float32, normalised as ``preprocess`` says.
        row: (B,) int64. A picture that cannot be read is replaced by the next row in training, and reported once.
        has_person: (B,) bool; False if the person view is the scene.

    Args:
        manifest: pictures, from files or shards.
        preprocess: of the run. Validation scenes are decoded and made by it, exactly as in prediction; training
            pictures share its side S, mean and std.
        seed: of crops and mirroring.
        train: False is for validation; a picture that cannot be read is then an error.
        scale: least and greatest share of the picture's area in a training crop.
        need_boxes: whether a missing box column is an error; without boxes, the person view is the scene.

    Raises:
        DataError: if column ``boxes`` is needed and missing, a box is outside its picture, or a row is not a picture.
    """

    def __init__(
        self,
        manifest: Manifest,
        preprocess: Preprocess,
        seed: int = 0,
        train: bool = True,
        *,
        scale: tuple[float, float] = (0.2, 1.0),
        need_boxes: bool = True,
    ) -> None:
        super().__init__(seed)
        if need_boxes and "boxes" not in manifest.frame.columns:
            raise DataError(
                'no column "boxes", which the person view is cut by; add it with `emolens data people M.parquet '
                "--out M2.parquet`, or train on the scene alone (--no-persons; need_boxes=False)"
            )
        self.preprocess, self.train, self.scale = preprocess, train, scale
        self._pictures = Pictures(manifest)

    def __len__(self) -> int:
        return len(self._pictures)

    def __getitem__(self, rows: Sequence[int]) -> dict[str, Tensor]:
        view_VBSSC, found, taken = self._augmented(rows) if self.train else self._evaluated(rows)
        view_VBCSS = torch.from_numpy(view_VBSSC).permute(0, 1, 4, 2, 3).contiguous()
        return {
            "scene": view_VBCSS[0],
            "person": view_VBCSS[1],
            "row": torch.tensor(taken),
            "has_person": torch.tensor(found),
        }

    def expect(self, rows: Sequence[int]) -> None:
        self._pictures.expect(rows)

    def finish(self, batch: Mapping[str, Tensor]) -> dict[str, Tensor]:
        views = {name: normalise(batch[name], self.preprocess.mean, self.preprocess.std) for name in VIEWS}
        return {**batch, **views}

    def _augmented(self, rows: Sequence[int]) -> tuple[NDArray[np.uint8], list[bool], list[int]]:
        side, found, taken = self.preprocess.crop[0], [], []
        view_VBSSC = np.empty((2, len(rows), side, side, 3), dtype=np.uint8)
        for b, picture in enumerate(self._pictures.read_or_next(rows, least_side(side, self.scale))):
            rng = self.rng(rows[b])
            height, width = picture.image_HWC.shape[:2]
            window = random_crop(height, width, self.scale, rng)
            flip = bool(rng.random() < 0.5)
            crop = person_crop(picture.box_K4, picture.score_K, window)
            view_VBSSC[0, b] = resized(picture.image_HWC, window, side, flip)
            view_VBSSC[1, b] = resized(picture.image_HWC, crop.region, side, flip) if crop.found else view_VBSSC[0, b]
            found.append(crop.found)
            taken.append(picture.row)
        return view_VBSSC, found, taken

    def _evaluated(self, rows: Sequence[int]) -> tuple[NDArray[np.uint8], list[bool], list[int]]:
        views, found, taken = [], [], []
        for picture in self._pictures.read(rows, self.preprocess.min_side):
            height, width = picture.image_HWC.shape[:2]
            left, top, right, bottom = self.preprocess.seen_region(height, width)
            window = max(0.0, left), max(0.0, top), min(float(width), right), min(float(height), bottom)
            crop = person_crop(picture.box_K4, picture.score_K, window)
            scene_SSC = self.preprocess.pixels(picture.image_HWC)
            # The region as in training: all of it, since it is cut with its context already.
            side = self.preprocess.crop[0]
            views.append((scene_SSC, resized(picture.image_HWC, crop.region, side) if crop.found else scene_SSC))
            found.append(crop.found)
            taken.append(picture.row)
        return np.stack(views, axis=1), found, taken
