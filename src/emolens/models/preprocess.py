"""From a decoded picture to the input of a backbone, exactly as its weights were trained.

Legend: H, W height and width of the picture, C = 3 channels, h, w those of the model's input.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Literal

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image
from torch import Tensor

from emolens.errors import ConfigError
from emolens.plain import from_plain, to_plain

FILTERS = {
    "nearest": Image.Resampling.NEAREST,
    "bilinear": Image.Resampling.BILINEAR,
    "bicubic": Image.Resampling.BICUBIC,
    "lanczos": Image.Resampling.LANCZOS,
    "box": Image.Resampling.BOX,
    "hamming": Image.Resampling.HAMMING,
}

Triple = tuple[float, float, float]

# A strip of 1 x 10,000 pixels that is scaled to cover 224 x 224 has 500 million pixels, of which the crop keeps
# 50,000. Nothing beyond this ratio of sides can reach the crop or the filter around it, so it is cut off first.
MAX_ASPECT = 32


@dataclass(frozen=True)
class Preprocess:
    """Resize, crop at the centre, scale to [0, 1], normalise.

    Bit for bit what torchvision, open_clip and timm do to a PIL image at inference (tested against all three), for
    ratios of sides up to 32. Validation in training uses it too. Pillow resizes, always with antialiasing; resizing
    tensors without it gives other numbers.

    Attributes:
        resize: (h, w) that the picture is scaled to: "shortest" covers it, keeping the aspect ratio; "longest" fits
            into it; "squash" takes it as it is.
        crop: (h, w) that is cut out at the centre; what is missing is filled.
        mode: "shortest", "longest" or "squash".
        interpolation: a key of ``FILTERS``.
        mean, std: per channel, of values in [0, 1].
        fill: RGB, 0 to 255, of the borders that "longest" leaves.
    """

    resize: tuple[int, int]
    crop: tuple[int, int]
    mode: Literal["shortest", "longest", "squash"]
    interpolation: str
    mean: Triple
    std: Triple
    fill: tuple[int, int, int] = (0, 0, 0)

    def __post_init__(self) -> None:
        if self.mode not in ("shortest", "longest", "squash"):
            raise ConfigError(f'preprocessing: mode "{self.mode}" is not shortest, longest or squash')
        if self.interpolation not in FILTERS:
            raise ConfigError(f'preprocessing: interpolation "{self.interpolation}" is not one of {", ".join(FILTERS)}')
        if min(self.resize + self.crop) < 1 or min(self.std) <= 0:
            raise ConfigError(f"preprocessing: sizes and std must be positive, not {self.to_dict()}")

    @property
    def min_side(self) -> int:
        """Pixels that the shorter side of a picture should keep when it is decoded at a smaller scale."""
        return max(self.resize)

    def seen_region(self, height: int, width: int) -> tuple[float, float, float, float]:
        """The part of a picture that the model sees.

        Args:
            height, width: of the picture in pixels, each at least 1.

        Returns:
            left, top, right, bottom in pixels of the picture. "longest", and a crop larger than the scaled picture,
            fill borders: the region then reaches beyond the picture, to negative numbers or above its width or height.
        """
        inner_h, inner_w = height, width
        if self.mode == "shortest":
            inner_h, inner_w = _without_ends_size(height, width)
        h, w = self._scaled_size(inner_h, inner_w)
        top, left = (_corner(side, crop) for side, crop in zip((h, w), self.crop, strict=True))
        per_y, per_x = inner_h / h, inner_w / w
        y, x = (height - inner_h) // 2, (width - inner_w) // 2
        return (
            x + left * per_x, y + top * per_y, x + (left + self.crop[1]) * per_x, y + (top + self.crop[0]) * per_y
        )  # fmt: skip

    def __call__(self, image_HWC: NDArray[np.uint8]) -> Tensor:
        """One sample.

        Args:
            image_HWC: uint8 RGB, shape (H, W, 3).

        Returns:
            float32, shape (3, h, w), normalised.
        """
        table_CV = _table(self.mean, self.std)
        pixel_HWC = self.pixels(image_HWC)
        # A table of the 256 possible values is exact and, unlike torch arithmetic, starts no threads of its own
        # inside the threads that load pictures.
        input_CHW = np.empty((3, *self.crop), dtype=np.float32)
        for c in range(3):
            np.take(table_CV[c], pixel_HWC[:, :, c], out=input_CHW[c], mode="clip")
        return torch.from_numpy(input_CHW)

    def pixels(self, image_HWC: NDArray[np.uint8]) -> NDArray[np.uint8]:
        """One sample, before it is scaled to [0, 1] and normalised: uint8 RGB, shape (h, w, 3), read-only."""
        picture = Image.fromarray(image_HWC if self.mode != "shortest" else _without_ends(image_HWC))
        size = self._scaled_size(picture.height, picture.width)
        if size != (picture.height, picture.width):
            picture = picture.resize((size[1], size[0]), FILTERS[self.interpolation])
        return np.asarray(self._centre(picture))

    def _scaled_size(self, height: int, width: int) -> tuple[int, int]:
        h, w = self.resize
        if self.mode == "squash":
            return h, w
        if self.mode == "shortest" and h == w:
            # torchvision's Resize(int): the short side exactly, the long one rounded down
            return (h, int(h * width / height)) if height <= width else (int(w * height / width), w)
        ratios = height / h, width / w
        ratio = max(ratios) if self.mode == "longest" else min(ratios)
        return max(1, round(height / ratio)), max(1, round(width / ratio))

    def _centre(self, picture: Image.Image) -> Image.Image:
        h, w = self.crop
        if picture.size == (w, h):
            return picture
        if picture.width < w or picture.height < h:
            larger = Image.new("RGB", (max(w, picture.width), max(h, picture.height)), self.fill)
            larger.paste(picture, ((larger.width - picture.width) // 2, (larger.height - picture.height) // 2))
            picture = larger
        top, left = round((picture.height - h) / 2), round((picture.width - w) / 2)
        return picture.crop((left, top, left + w, top + h))

    def to_dict(self) -> dict[str, Any]:
        """As JSON holds it; it travels with the weights."""
        values: dict[str, Any] = to_plain(self)
        return values

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> "Preprocess":
        """The reverse of :meth:`to_dict`.

        Raises:
            ConfigError: if a field is missing, unknown or not valid.
        """
        return from_plain(cls, values, "preprocessing")


def _corner(side: int, crop: int) -> int:
    """Where the crop begins along one side of the scaled picture; below 0 where borders are filled."""
    return round((side - crop) / 2) if side >= crop else -((crop - side) // 2)


def _without_ends_size(height: int, width: int) -> tuple[int, int]:
    return min(height, MAX_ASPECT * width), min(width, MAX_ASPECT * height)


def _without_ends(image_HWC: NDArray[np.uint8]) -> NDArray[np.uint8]:
    height, width = image_HWC.shape[:2]
    h, w = _without_ends_size(height, width)
    top, left = (height - h) // 2, (width - w) // 2
    return image_HWC[top : top + h, left : left + w]


@lru_cache(maxsize=8)
def _table(mean: Triple, std: Triple) -> NDArray[np.float32]:
    """(3, 256): the normalised value of each byte, by the float32 operations of ToTensor and Normalize, in order."""
    value_V = torch.arange(256, dtype=torch.uint8).to(torch.float32).div(255)
    mean_C1, std_C1 = torch.tensor(mean).view(3, 1), torch.tensor(std).view(3, 1)
    table: NDArray[np.float32] = value_V.expand(3, 256).sub(mean_C1).div(std_C1).numpy()
    return table
