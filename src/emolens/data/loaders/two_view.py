"""Scene and person of each picture, for pretraining.

Legend: B rows of a batch, C = 3 channels, S side of the input, T unique texts.
"""

import sys
from collections.abc import Sequence

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.utils.data import Dataset

from emolens.data.loaders.crops import centre_window, least_side, random_window, resized, sample_rng
from emolens.data.loaders.pictures import Pictures
from emolens.data.manifest import Manifest
from emolens.data.text.descriptions import overlong_notice
from emolens.errors import DataError
from emolens.models.imagenet import IMAGENET_MEAN, IMAGENET_STD
from emolens.people.crop import person_crop

NO_TEXT = -1


class TwoViewDataset(Dataset[dict[str, Tensor]]):
    """Batches of two views with a common random crop: the person box follows the crop.

    The scene is a random window of the picture, resized and perhaps mirrored. The person view is the most confident
    person that lies in that window, with its context (:func:`emolens.people.crop.person_crop`), mirrored with the
    scene; where nobody is in it, the scene once more. No detector runs here: the boxes are in the table.

    ``dataset[rows]`` gives a batch:
        scene, person: (B, 3, S, S), float32 normalised with ImageNet's mean and deviation, or uint8.
        text: (B,) int64, index into :attr:`texts`; -1 for a row without one, where that is allowed.
        row: (B,) int64. A picture that cannot be read is replaced by the next row in training, and said once.
        has_person: (B,) bool; False where the person view is the scene.

    What a row looks like is decided by (seed, epoch, row) alone: not by workers, processes, or where a run began.

    Args:
        manifest: pictures, from files or shards.
        image_size: S.
        seed: of windows and mirroring.
        train: False takes the centre window, unmirrored.
        scale: least and greatest share of the picture's area in a training window.
        need_boxes, need_texts: whether their absence is an error; without boxes, the person view is the scene.
        normalise: False gives uint8, a quarter of the bytes to move; see :func:`normalise`.

    Attributes:
        texts: the different texts, in order of appearance; encode each once.

    Raises:
        DataError: no column ``boxes`` or ``text`` where one is needed, a row without text, a box outside its picture.
    """

    def __init__(
        self,
        manifest: Manifest,
        image_size: int = 224,
        seed: int = 0,
        train: bool = True,
        *,
        scale: tuple[float, float] = (0.2, 1.0),
        need_boxes: bool = True,
        need_texts: bool = True,
        normalise: bool = True,
    ) -> None:
        if need_boxes and "boxes" not in manifest.frame.columns:
            raise DataError(
                'no column "boxes", which the person view is cut by; add it with `emolens data people M.parquet '
                "--out M2.parquet`, or train on the scene alone (--no-persons; need_boxes=False)"
            )
        self.image_size, self.seed, self.train, self.scale = image_size, seed, train, scale
        self.normalise = normalise
        self.texts, self._text_N = _texts(manifest, need_texts)
        self._pictures = Pictures(manifest)
        self._epoch = torch.zeros((), dtype=torch.int64).share_memory_()  # type: ignore[no-untyped-call]  # seen by workers that live on

    def __len__(self) -> int:
        return len(self._pictures)

    def set_epoch(self, epoch: int) -> None:
        """Choose the epoch whose windows are drawn next; workers that are alive hear of it too."""
        self._epoch.fill_(epoch)

    def __getitem__(self, rows: Sequence[int]) -> dict[str, Tensor]:
        side, epoch = self.image_size, int(self._epoch)
        views_VBSSC = np.empty((2, len(rows), side, side, 3), dtype=np.uint8)
        found_B, taken_B = np.zeros(len(rows), dtype=bool), np.empty(len(rows), dtype=np.int64)
        read = self._pictures.read_or_next if self.train else self._pictures.read
        for b, picture in enumerate(read(rows, least_side(side, self.scale))):
            height, width = picture.image_HWC.shape[:2]
            if self.train:
                rng = sample_rng(self.seed, epoch, int(rows[b]))
                window, flip = random_window(height, width, self.scale, rng), bool(rng.random() < 0.5)
            else:
                window, flip = centre_window(height, width, side), False
            crop = person_crop(picture.box_K4, picture.score_K, window)
            views_VBSSC[0, b] = resized(picture.image_HWC, window, side, flip, beyond=not self.train)
            views_VBSSC[1, b] = resized(picture.image_HWC, crop.region, side, flip) if crop.found else views_VBSSC[0, b]
            found_B[b], taken_B[b] = crop.found, picture.row
        view_VBCSS = torch.from_numpy(views_VBSSC).permute(0, 1, 4, 2, 3).contiguous()
        if self.normalise:
            view_VBCSS = normalise(view_VBCSS)
        return {
            "scene": view_VBCSS[0],
            "person": view_VBCSS[1],
            "text": torch.from_numpy(self._text_N[taken_B]),
            "row": torch.from_numpy(taken_B),
            "has_person": torch.from_numpy(found_B),
        }


def normalise(
    image_BCHW: Tensor, mean: tuple[float, ...] = IMAGENET_MEAN, std: tuple[float, ...] = IMAGENET_STD
) -> Tensor:
    """uint8 (..., 3, H, W) on any device as float32, scaled to [0, 1], minus ``mean``, divided by ``std``."""
    mean_C11 = torch.tensor(mean, device=image_BCHW.device).view(3, 1, 1)
    std_C11 = torch.tensor(std, device=image_BCHW.device).view(3, 1, 1)
    return image_BCHW.to(torch.float32).div_(255).sub_(mean_C11).div_(std_C11)


def _texts(manifest: Manifest, needed: bool) -> tuple[list[str], NDArray[np.int64]]:
    """The different texts, and the index of each row's."""
    place: dict[str, int] = {}
    index_N = np.full(len(manifest), NO_TEXT, dtype=np.int64)
    if "text" not in manifest.frame.columns:
        if needed:
            raise DataError(
                'no column "text", which the contrastive loss is of; add it with `emolens data describe M.parquet '
                "--out M2.parquet`, or switch that loss off (need_texts=False)"
            )
        return [], index_N
    for row, text in enumerate(manifest.frame["text"]):
        if isinstance(text, str) and text.strip():
            index_N[row] = place.setdefault(text, len(place))
        elif needed:
            raise DataError(
                f'row {row} (id "{manifest.frame["id"].iloc[row]}"): has no text; `emolens data describe` again'
            )
    texts = list(place)
    if notice := overlong_notice(texts):
        print(f"emolens: {notice}", file=sys.stderr, flush=True)
    return texts, index_N
