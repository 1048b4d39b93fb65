"""Random changes to a training video: one draw for all of its frames, and some for its sound.

Legend: K frames, H, W height and width, S side of the square, C = 3 channels, T samples; G segments, F audio frames, M
coefficients.
"""

import math
from dataclasses import dataclass
from typing import Literal, get_args

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image
from torch import Tensor
from torch.nn.functional import interpolate

from emolens.data.loaders.crops import random_crop
from emolens.errors import ConfigError
from emolens.names import did_you_mean
from emolens.people.crop import Region

CROPS = Literal["area", "places"]
PLACES = ((0.5, 0.5), (0, 0), (0, 1), (1, 0), (1, 1))  # of a square, as shares of what is left beside it: down, across
LUMA = (0.299, 0.587, 0.114)  # ITU-R BT.601, as Pillow and torchvision turn colour into grey


@dataclass(frozen=True)
class VideoAugment:
    """What is done to a training video.

    The defaults are ours, and mild: framing, light, colour and loudness vary between recordings without a change of
    what they show. :meth:`released` is that of AV-CANet's release (github.com/XuecWu/eMotions), which leaves the sound
    as it is.
    """

    crop: CROPS = "area"
    """What of each picture is taken: a part of random area, place and shape (ours), or the largest square at its centre
    or one of its four corners (as released)."""
    scale: tuple[float, float] = (0.5, 1.0)
    """Least and greatest share of the picture's area in a crop by area."""
    reading: float = 8 / 7
    """Frames are read with a shorter side of this times the network's (112 -> 128), so that crops keep their detail."""
    flip: float = 0.5
    """Probability that the video is mirrored."""
    brightness: float = 0.2
    """All colours are multiplied by 1 +- this."""
    contrast: float = 0.2
    """The distance from the video's mean grey is multiplied by 1 +- this."""
    saturation: float = 0.2
    """The distance of each pixel from its grey is multiplied by 1 +- this."""
    one_change: float = 0.0
    """Probability that one of three changes, all as likely, is made: mirror, rotation, darkening; 0.3 as released."""
    rotation: float = 20.0
    """That rotation is about the centre by up to +- this many degrees; what comes in from outside is black."""
    darkest: float = 0.5
    """That darkening multiplies all colours by this or more, up to 1."""
    gain_db: float = 6.0
    """Loudness changes by up to +- this."""
    noise: float = 0.5
    """Probability of white noise over the sound,"""
    noise_db: tuple[float, float] = (15.0, 40.0)
    """the sound being louder than it by this range of decibels."""
    shift_s: float = 0.5
    """The sound is rolled round by up to +- this many seconds."""
    frame_mask: int = 0
    """SpecAugment (arXiv 1904.08779): up to this many audio frames of each segment are replaced by the mean."""
    band_mask: int = 0
    """Likewise, of coefficients, the same in all segments."""

    def __post_init__(self) -> None:
        for name in ("flip", "noise", "brightness", "contrast", "saturation", "one_change", "darkest"):
            if not 0 <= getattr(self, name) <= 1:
                raise ConfigError(f"{name} {getattr(self, name)}: must be 0 to 1")
        if self.crop not in get_args(CROPS):
            raise ConfigError(f'crop "{self.crop}": {did_you_mean(self.crop, get_args(CROPS))}')
        if not 0 < self.scale[0] <= self.scale[1] <= 1:
            raise ConfigError(f"scale {self.scale}: must be 0 < least <= greatest <= 1")
        if self.reading < 1:
            raise ConfigError(f"reading {self.reading}: must be at least 1")
        if not 0 <= self.rotation <= 180:
            raise ConfigError(f"rotation {self.rotation}: must be 0 to 180 degrees")
        for name in ("gain_db", "shift_s", "frame_mask", "band_mask"):
            if getattr(self, name) < 0:
                raise ConfigError(f"{name} {getattr(self, name)}: must not be negative")
        if self.noise_db[0] > self.noise_db[1]:
            raise ConfigError(f"noise_db {self.noise_db}: must be from less to more")

    @staticmethod
    def released() -> "VideoAugment":
        """That of AV-CANet's release: a square at one of five places, then with probability 0.3 one change."""
        return VideoAugment(
            crop="places", reading=1, flip=0, brightness=0, contrast=0, saturation=0, one_change=0.3,
            gain_db=0, noise=0, shift_s=0,
        )  # fmt: skip

    def reading_side(self, side: int) -> int:
        """The shorter side of the frames to read for a network of this side."""
        return math.ceil(side * self.reading)

    def pictures(self, image_KHWC: NDArray[np.uint8], side: int, rng: np.random.Generator) -> NDArray[np.uint8]:
        """One random crop, scaled to the square (bilinear, antialiased), mirrored or not, relit, and ``one_change``.

        Returns:
            uint8, shape (K, S, S, 3).
        """
        strengths = (self.brightness, self.contrast, self.saturation)
        brightness, contrast, saturation = (1 + strength * rng.uniform(-1, 1) for strength in strengths)
        height, width = image_KHWC.shape[1:3]
        region = random_crop(height, width, self.scale, rng) if self.crop == "area" else _square(height, width, rng)
        left, top, right, bottom = (round(edge) for edge in region)
        crop_KCHW = torch.from_numpy(image_KHWC[:, top:bottom, left:right]).permute(0, 3, 1, 2)
        crop_KCSS = interpolate(crop_KCHW, (side, side), mode="bilinear", antialias=True)
        if rng.random() < self.flip:
            crop_KCSS = crop_KCSS.flip(3)
        changed_KSSC = crop_KCSS.permute(0, 2, 3, 1).numpy()
        if any(strengths):
            changed_KSSC = _relit(changed_KSSC, brightness, contrast, saturation)
        return self._one_change(changed_KSSC, rng) if self.one_change else changed_KSSC

    def _one_change(self, image_KSSC: NDArray[np.uint8], rng: np.random.Generator) -> NDArray[np.uint8]:
        """Mirrored, rotated or darkened, all frames alike; or as it is."""
        wanted, which = rng.random() < self.one_change, int(rng.integers(3))
        angle, factor = rng.uniform(-self.rotation, self.rotation), rng.uniform(self.darkest, 1)
        if not wanted:
            return image_KSSC
        if which == 0:
            return image_KSSC[:, :, ::-1]
        if which == 1:
            turned = [Image.fromarray(image_SSC).rotate(angle, Image.Resampling.BILINEAR) for image_SSC in image_KSSC]
            return np.stack([np.asarray(image) for image in turned])
        return (image_KSSC * np.float32(factor)).astype(np.uint8)  # cut off, not rounded, as Pillow does

    def sound(self, wave_T: NDArray[np.float32], rate: int, rng: np.random.Generator) -> NDArray[np.float32]:
        """Another loudness, perhaps noise, another beginning; float32 in [-1, 1], of the same length."""
        furthest = min(round(self.shift_s * rate), len(wave_T) - 1)
        changed_T = np.roll(wave_T, int(rng.integers(-furthest, furthest + 1)))
        changed_T *= np.float32(10 ** (rng.uniform(-self.gain_db, self.gain_db) / 20))
        noisy, noise_db = rng.random() < self.noise, rng.uniform(*self.noise_db)
        if noisy:
            level = math.sqrt(float(np.mean(np.square(changed_T)))) * 10 ** (-noise_db / 20)
            changed_T += np.float32(level) * rng.standard_normal(len(changed_T), dtype=np.float32)
        return np.clip(changed_T, -1.0, 1.0, out=changed_T)

    def feature(self, audio_GFM: Tensor, rng: np.random.Generator) -> Tensor:
        """Masks over the MFCC or the spectrogram; the same tensor where there are none."""
        if not (self.frame_mask or self.band_mask):
            return audio_GFM
        masked_GFM, mean = audio_GFM.clone(), audio_GFM.mean((0, 1))
        segments, frames, bands = audio_GFM.shape
        for segment in range(segments):
            begin, stop = _stretch(frames, self.frame_mask, rng)
            masked_GFM[segment, begin:stop] = mean
        begin, stop = _stretch(bands, self.band_mask, rng)
        masked_GFM[:, :, begin:stop] = mean[begin:stop]
        return masked_GFM


def _square(height: int, width: int, rng: np.random.Generator) -> Region:
    """The largest square, at the centre or in a corner, all five as likely."""
    side = min(height, width)
    down, across = PLACES[int(rng.integers(len(PLACES)))]
    top, left = int((height - side) * down), int((width - side) * across)
    return float(left), float(top), float(left + side), float(top + side)


def _relit(image_KSSC: NDArray[np.uint8], brightness: float, contrast: float, saturation: float) -> NDArray[np.uint8]:
    """Brightness, contrast about the mean grey of all frames, then saturation: one 3 x 3 matrix and an offset."""
    changed_KSSC = np.empty(image_KSSC.shape, dtype=np.uint8)
    luma_C = np.array(LUMA, dtype=np.float32)
    mean_grey = brightness * float(image_KSSC[:, ::4, ::4].mean((0, 1, 2)) @ luma_C)  # one pixel of 16 is enough
    matrix_CC = brightness * contrast * (saturation * np.eye(3) + (1 - saturation) * luma_C[:, None])
    offset = np.float32(mean_grey * (1 - contrast) + 0.5)
    for image_SSC, changed_SSC in zip(image_KSSC, changed_KSSC, strict=True):  # one frame fits in the CPU's cache
        pixel_PC = image_SSC.reshape(-1, 3).astype(np.float32) @ matrix_CC.astype(np.float32)
        pixel_PC += offset
        changed_SSC[:] = np.clip(pixel_PC, 0, 255.5, out=pixel_PC).reshape(image_SSC.shape)
    return changed_KSSC


def _stretch(length: int, widest: int, rng: np.random.Generator) -> tuple[int, int]:
    width = int(rng.integers(min(widest, length) + 1))
    begin = int(rng.integers(length - width + 1))
    return begin, begin + width
