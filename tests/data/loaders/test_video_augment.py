"""Augmentation of videos: the same for all frames, by the seed, and what each part promises."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from PIL import Image, ImageEnhance

from emolens.data.loaders.video_augment import VideoAugment
from emolens.errors import ConfigError

STILL = VideoAugment(
    scale=(1, 1), flip=0, brightness=0, contrast=0, saturation=0, gain_db=0, noise=0, shift_s=0, reading=1
)


def still(**changes) -> VideoAugment:
    return replace(STILL, **changes)


def frames(count=5, height=40, width=60) -> np.ndarray:
    """Smooth, so that a crop is recognised after scaling."""
    y, x = np.mgrid[0:height, 0:width]
    image = np.stack([x * 4, y * 6, (x + y) * 2], axis=-1)
    return np.repeat(image.astype(np.uint8)[None], count, axis=0)


def test_all_frames_get_the_same_and_the_seed_decides():
    changed = [VideoAugment().pictures(frames(), 32, np.random.default_rng(seed)) for seed in (0, 0, 1)]
    assert changed[0].shape == (5, 32, 32, 3)
    assert changed[0].dtype == np.uint8
    assert (changed[0] == changed[0][:1]).all()
    assert (changed[0] == changed[1]).all()
    assert (changed[0] != changed[2]).any()


def test_a_flip_mirrors(rng):
    image = frames(height=32, width=32)
    np.testing.assert_array_equal(still(flip=1).pictures(image, 32, rng), image[:, :, ::-1])
    np.testing.assert_array_equal(still().pictures(image, 32, rng), image)


def test_light_equals_the_obvious_version():
    image = np.random.default_rng(3).integers(0, 256, (3, 8, 8, 3), dtype=np.uint8)
    image = np.repeat(np.repeat(image, 4, axis=1), 4, axis=2)
    found = still(brightness=0.3, contrast=0.4, saturation=0.5).pictures(image, 32, np.random.default_rng(7))
    draw = np.random.default_rng(7)
    brightness, contrast, saturation = (1 + strength * draw.uniform(-1, 1) for strength in (0.3, 0.4, 0.5))
    luma = np.array([0.299, 0.587, 0.114])
    lit = image.astype(np.float64) * brightness
    lit = (lit - (lit @ luma).mean()) * contrast + (lit @ luma).mean()
    grey = (lit @ luma)[..., None]
    expected = np.clip((lit - grey) * saturation + grey, 0, 255)
    assert np.abs(found - expected).max() <= 0.51
    assert np.abs(found - image.astype(float)).max() > 5


def test_a_crop_is_a_part_of_the_picture(rng):
    for _ in range(20):
        found = still(scale=(0.3, 0.6)).pictures(frames(1), 24, rng)[0].astype(int)
        across, down = np.diff(found[..., 0], axis=1), np.diff(found[..., 1], axis=0)
        assert (across >= -1).all()  # never mirrored, never wrapped round
        assert (down >= -1).all()
        assert found[..., 0].max() - found[..., 0].min() < 59 * 4


def test_sound_parts():
    wave = np.sin(np.arange(20000) / 10).astype(np.float32) * 0.2
    rng = np.random.default_rng(0)
    np.testing.assert_array_equal(still().sound(wave, 44100, rng), wave)
    gains = [np.abs(still(gain_db=6).sound(wave, 44100, rng)).max() / 0.2 for _ in range(30)]
    assert 0.5 < min(gains) < 0.7
    assert 1.4 < max(gains) <= 2
    shifted = still(shift_s=0.1).sound(wave, 44100, rng)
    assert sorted(shifted.tolist()) == sorted(wave.tolist())
    assert (shifted != wave).any()
    noisy = still(noise=1, noise_db=(20, 20)).sound(wave, 44100, rng)
    ratio_db = 10 * np.log10(np.mean(wave**2) / np.mean((noisy - wave) ** 2))
    assert ratio_db == pytest.approx(20, abs=0.3)
    loud = still(gain_db=6).sound(np.ones(9, np.float32), 44100, np.random.default_rng(2))
    assert np.abs(loud).max() <= 1


@pytest.mark.parametrize("wave", [np.zeros(5000, np.float32), np.full(1, 0.5, np.float32)])
def test_silence_and_one_sample(wave):
    changed = VideoAugment().sound(wave, 44100, np.random.default_rng(0))
    assert changed.shape == wave.shape
    assert np.isfinite(changed).all()
    assert changed.any() == wave.any()


def test_the_source_is_untouched(rng):
    image, wave = frames(), np.full(100, 0.1, np.float32)
    kept_image, kept_wave = image.copy(), wave.copy()
    VideoAugment().pictures(image, 32, rng)
    VideoAugment().sound(wave, 44100, rng)
    np.testing.assert_array_equal(image, kept_image)
    np.testing.assert_array_equal(wave, kept_wave)


def test_masks(rng):
    audio_GFM = torch.randn(4, 50, 20)
    assert still().feature(audio_GFM, rng) is audio_GFM
    masked = still(frame_mask=10, band_mask=5).feature(audio_GFM, rng)
    changed = masked != audio_GFM
    bands = changed.all(dim=(0, 1))
    assert bands.sum() <= 5
    assert (changed[:, :, ~bands].any(2).sum(1) <= 10).all()
    np.testing.assert_allclose(masked[changed], audio_GFM.mean((0, 1)).expand_as(masked)[changed], rtol=1e-6)


def test_reading_side():
    assert VideoAugment().reading_side(112) == 128


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("flip", 2),
        ("scale", (0, 1)),
        ("scale", (0.9, 0.5)),
        ("reading", 0.5),
        ("gain_db", -1),
        ("noise_db", (9, 3)),
        ("crop", "square"),
        ("one_change", 1.1),
        ("darkest", -1),
        ("rotation", 181),
    ],
)
def test_refuses(field, value):
    with pytest.raises(ConfigError, match=field):
        VideoAugment(**{field: value})


RELEASED = VideoAugment.released()
TALL, WIDE = (90, 56), (56, 90)


class Draws:
    """In the place of a generator: the numbers that a test wants."""

    def __init__(self, place=0, change=9.0, which=0, angle=0.0, factor=1.0):
        self.whole, self.share, self.real = iter([place, which]), iter([0.5, change]), iter([0, 0, 0, angle, factor])

    def integers(self, high):
        return next(self.whole)

    def random(self):
        return next(self.share)

    def uniform(self, low, high):
        return next(self.real)


@pytest.mark.parametrize("shape", [TALL, WIDE])
def test_the_released_crop_is_the_largest_square_at_one_of_five_places(shape):
    image = np.random.default_rng(0).integers(0, 256, (2, *shape, 3), dtype=np.uint8)
    rest = max(shape) - min(shape)
    parts = {s: image[:, :, s : s + 56] if shape is WIDE else image[:, s : s + 56] for s in range(rest + 1)}
    found = []
    for place in range(5):
        square = RELEASED.pictures(image, 56, Draws(place))
        found += [start for start, part in parts.items() if (square == part).all()]
    assert sorted(found) == [0, 0, rest // 2, rest, rest]  # each end belongs to two corners


def test_the_released_draws_are_as_likely_as_stated():
    image = np.random.default_rng(0).integers(1, 256, (1, 8, 12, 3), dtype=np.uint8)
    plain = [image[:, :, start : start + 8] for start in (0, 2, 4)]
    found = [RELEASED.pictures(image, 8, np.random.default_rng(seed)).tobytes() for seed in range(3000)]
    assert np.mean([one in [part.tobytes() for part in plain] for one in found]) == pytest.approx(0.7, abs=0.03)
    mirrored = [part[:, :, ::-1].tobytes() for part in plain]
    assert np.mean([one in mirrored for one in found]) == pytest.approx(0.1, abs=0.02)
    assert np.mean([one == plain[1].tobytes() for one in found]) == pytest.approx(0.7 / 5, abs=0.03)


def rotated(image: np.ndarray, degrees: float) -> np.ndarray:
    """Counter-clockwise about the centre, bilinear between the four pixels around, black from outside."""
    side, turn = len(image), np.deg2rad(degrees)
    out = np.zeros(image.shape)
    for y in range(side):
        for x in range(side):
            dx, dy = x + 0.5 - side / 2, y + 0.5 - side / 2
            u = np.cos(turn) * dx - np.sin(turn) * dy + side / 2 - 0.5
            v = np.sin(turn) * dx + np.cos(turn) * dy + side / 2 - 0.5
            if not (-0.5 <= u < side - 0.5 and -0.5 <= v < side - 0.5):
                continue
            left, top = int(np.floor(u)), int(np.floor(v))
            for i, down in ((top, 1 - (v - top)), (top + 1, v - top)):
                for j, across in ((left, 1 - (u - left)), (left + 1, u - left)):
                    out[y, x] += down * across * image[min(max(i, 0), side - 1), min(max(j, 0), side - 1)]
    return out


@pytest.mark.parametrize("angle", [-20.0, 7.3, 20.0])
def test_a_rotation_equals_the_obvious_one_in_all_frames(angle):
    image = np.random.default_rng(0).integers(0, 256, (3, 24, 24, 3), dtype=np.uint8)
    found = RELEASED.pictures(image, 24, Draws(change=0.1, which=1, angle=angle))
    assert found.dtype == np.uint8
    for before, after in zip(image, found, strict=True):
        assert np.abs(after - rotated(before.astype(np.float64), angle)).max() <= 1
    assert (found[:, 0, 0] == 0).all()


def test_darkening_multiplies_and_cuts_off():
    image = np.random.default_rng(0).integers(0, 256, (2, 16, 16, 3), dtype=np.uint8)
    found = RELEASED.pictures(image, 16, Draws(change=0.1, which=2, factor=0.5))
    np.testing.assert_array_equal(found, image // 2)
    enhanced = ImageEnhance.Brightness(Image.fromarray(image[1])).enhance(0.73)
    found = RELEASED.pictures(image, 16, Draws(change=0.1, which=2, factor=0.73))
    assert np.abs(found[1].astype(int) - np.asarray(enhanced)).max() <= 1


def test_the_release_leaves_the_sound_alone_and_reads_frames_at_their_size(rng):
    wave = np.sin(np.arange(500) / 9).astype(np.float32)
    np.testing.assert_array_equal(RELEASED.sound(wave, 44100, rng), wave)
    assert RELEASED.reading_side(112) == 112
