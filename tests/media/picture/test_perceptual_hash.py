import io
import math
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from emolens.media.image import read_image
from emolens.media.picture.perceptual_hash import KEPT, SIDE, perceptual_hash


def naive_hash(image: np.ndarray) -> int:
    """The definition, term by term."""
    grey = np.asarray(Image.fromarray(image).convert("L").resize((SIDE, SIDE), Image.Resampling.BOX), dtype=float)
    low = []
    for v in range(KEPT):
        for u in range(KEPT):
            total = 0.0
            for y in range(SIDE):
                for x in range(SIDE):
                    wave_y = math.cos(math.pi * v * (2 * y + 1) / (2 * SIDE))
                    total += grey[y, x] * wave_y * math.cos(math.pi * u * (2 * x + 1) / (2 * SIDE))
            low.append(total)
    middle = sorted(low[1:])[len(low[1:]) // 2]
    return int("".join("1" if value > middle else "0" for value in low), 2)


def distance(a: int, b: int) -> int:
    return (a ^ b).bit_count()


def test_equals_the_obvious_version(tmp_path: Path, picture) -> None:
    image = read_image(picture(tmp_path / "a.png"))
    assert perceptual_hash(image) == naive_hash(image)


def test_one_picture_in_several_files_stays_near(tmp_path: Path, picture) -> None:
    for seed in range(5):
        original = Image.open(picture(tmp_path / "a.png", seed, size=(300, 200)))
        reference = perceptual_hash(np.asarray(original))
        small = np.asarray(original.resize((150, 100)))
        packed = io.BytesIO()
        original.save(packed, "JPEG", quality=40)
        darker = (np.asarray(original) * 0.85).astype(np.uint8)
        for other in (small, read_image(packed.getvalue()), darker):
            assert distance(reference, perceptual_hash(other)) <= 4


def test_unrelated_pictures_are_far(tmp_path: Path, picture) -> None:
    hashes = [perceptual_hash(read_image(picture(tmp_path / "a.png", seed))) for seed in range(20)]
    assert min(distance(a, b) for i, a in enumerate(hashes) for b in hashes[:i]) > 8


def test_one_colour_has_no_hash() -> None:
    assert perceptual_hash(np.full((30, 40, 3), 200, dtype=np.uint8)) == 0


@pytest.mark.shared
def test_no_false_alarm_among_real_photographs(shared: Path) -> None:
    paths = sorted((shared / "data/oasis/images").iterdir())[:120]
    hashes = [perceptual_hash(read_image(path, 64)) for path in paths]
    assert min(distance(a, b) for i, a in enumerate(hashes) for b in hashes[:i]) > 4
