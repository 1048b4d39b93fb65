import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from emolens.models.affective import features as module
from emolens.models.affective.features import affective_features, block_starts, feature_names
from emolens.models.affective.planes import Planes, grid_means
from emolens.models.affective.texture import haar


def named(image_HWC):
    return dict(zip(feature_names(), affective_features(image_HWC).tolist(), strict=True))


def blocky(rng, height=48, width=128):
    """Random 2 x 2 px blocks, 256 px wide once doubled: resizing and halving leave its colours exact."""
    return rng.integers(0, 256, (height, width, 3), dtype=np.uint8).repeat(2, axis=0).repeat(2, axis=1)


def stripes(angle_degrees):
    v, u = np.mgrid[:256, :256]
    turn = math.radians(angle_degrees)
    wave = np.sin((u * math.cos(turn) + v * math.sin(turn)) * 2 * math.pi / 16)
    return np.repeat(((wave + 1) * 127).astype(np.uint8)[..., None], 3, axis=2)


@pytest.mark.parametrize("size", [(1, 1), (1, 5000), (5000, 1), (2, 3), (300, 7), (40, 56)])
@pytest.mark.parametrize("fill", [0, 127, 255, "noise"])
def test_finite_whatever_the_picture(size, fill, rng):
    image = rng.integers(0, 256, (*size, 3), dtype=np.uint8) if fill == "noise" else np.full((*size, 3), fill, np.uint8)
    features = affective_features(image)
    assert features.dtype == np.float32
    assert features.shape == (len(feature_names()),)
    assert np.isfinite(features).all()


@settings(max_examples=8)
@given(st.integers(1, 40), st.integers(1, 40), st.integers(0, 2**32 - 1), st.integers(1, 255))
def test_finite_and_repeatable(height, width, seed, brightest):
    image = np.random.default_rng(seed).integers(0, brightest + 1, (height, width, 3), dtype=np.uint8)
    features = affective_features(image)
    assert np.isfinite(features).all()
    assert np.array_equal(features, affective_features(image))


def test_names_are_unique_and_say_their_block():
    names = feature_names()
    assert len(set(names)) == len(names)
    assert [names[start].split("/")[0] for start in block_starts()] == list(module.BLOCKS)
    assert all(name.split("/")[0] in module.BLOCKS for name in names)


@pytest.mark.parametrize(
    "image", [np.zeros((4, 4, 3), np.float32), np.zeros((4, 4), np.uint8), np.zeros((0, 4, 3), np.uint8)]
)
def test_refuses_what_is_no_picture(image):
    with pytest.raises(ValueError, match="expected uint8"):
        affective_features(image)


def smooth(rng, size=(256, 192)):
    coarse = Image.fromarray(rng.integers(0, 256, (6, 8, 3), dtype=np.uint8))
    return np.asarray(coarse.resize(size, Image.Resampling.BICUBIC))


def test_a_mirrored_picture_has_nearly_the_same_features(rng):
    image = smooth(rng)
    straight, mirrored = affective_features(image), affective_features(np.ascontiguousarray(image[:, ::-1]))
    other = affective_features(np.ascontiguousarray(image[::-1]))
    scale = np.abs(straight) + 0.5
    assert np.median(np.abs(straight - mirrored) / scale) < 0.01
    assert np.mean(np.abs(straight - other) / scale) > 4 * np.mean(np.abs(straight - mirrored) / scale)


def test_size_does_not_matter(rng):
    image = smooth(rng)
    large = np.asarray(Image.fromarray(image).resize((1024, 768), Image.Resampling.BICUBIC))
    assert np.median(np.abs(affective_features(image) - affective_features(large))) < 0.01


def test_lab_of_known_colours():
    """Values of CIE Lab under D65 that every table of sRGB primaries gives."""
    for rgb, lab in {
        (255, 0, 0): (53.24, 80.09, 67.20),
        (0, 0, 255): (32.30, 79.19, -107.86),
        (128, 128, 128): (53.59, 0, 0),
        (255, 255, 255): (100, 0, 0),
    }.items():
        planes = Planes.of(np.full((32, 32, 3), rgb, np.uint8))
        found = [float(p.mean()) for p in (planes.light_HW, planes.a_HW, planes.b_HW)]
        assert found == pytest.approx(lab, abs=0.05)
        assert float(planes.lightness_HW.mean()) == pytest.approx(lab[0], abs=0.05)


def test_colourfulness_equals_the_formula_of_hasler_and_suesstrunk(rng):
    image = blocky(rng)
    r, g, b = (image[..., c].astype(np.float64) for c in range(3))
    rg, yb = r - g, 0.5 * (r + g) - b
    expected = math.hypot(rg.std(), yb.std()) + 0.3 * math.hypot(rg.mean(), yb.mean())
    assert named(image)["colour/colourfulness"] == pytest.approx(expected, rel=1e-4)


def test_pleasure_arousal_dominance_of_plain_colours():
    white = named(np.full((32, 32, 3), 255, np.uint8))
    assert [white[f"colour/{name}"] for name in ("pleasure", "arousal", "dominance")] == pytest.approx(
        [0.69, -0.31, 0.76]
    )
    red = named(np.full((32, 32, 3), (255, 0, 0), np.uint8))
    luma = 76 / 255  # BT.601, rounded by the conversion
    assert red["colour/arousal"] == pytest.approx(-0.31 * luma + 0.60, abs=1e-3)


def test_hue_is_a_circle():
    """Half red just above 0 degrees, half just below 360: the mean is red, and the hues agree."""
    image = np.full((32, 64, 3), (255, 20, 0), np.uint8)
    image[:, 32:] = (255, 0, 20)
    found = named(image)
    assert found["colour/hue_cos"] == pytest.approx(1, abs=0.01)
    assert found["colour/hue_concentration"] > 0.98


@pytest.mark.parametrize(
    ("rgb", "name"),
    [
        ((220, 20, 20), "red"),
        ((250, 220, 30), "yellow"),
        ((30, 180, 40), "green"),
        ((30, 60, 220), "blue"),
        ((100, 60, 25), "brown"),
        ((255, 255, 255), "white"),
        ((0, 0, 0), "black"),
        ((128, 128, 128), "grey"),
    ],
)
def test_colour_names(rgb, name):
    found = named(np.full((32, 32, 3), rgb, np.uint8))
    shares = {key.removeprefix("colour/colour_"): v for key, v in found.items() if key.startswith("colour/colour_")}
    assert shares.pop(name) == 1
    assert not any(shares.values())


def test_skin_is_found_and_sky_is_not():
    assert named(np.full((32, 32, 3), (224, 172, 140), np.uint8))["colour/skin_share"] == 1
    assert named(np.full((32, 32, 3), (120, 170, 230), np.uint8))["colour/skin_share"] == 0


def test_lines_by_direction():
    upright, level, slanted = named(stripes(0)), named(stripes(90)), named(stripes(45))
    assert upright["composition/lines_upright"] > 0.95
    assert level["composition/lines_level"] > 0.95
    assert slanted["composition/lines_slanted"] > 0.95
    assert upright["texture/direction_upright"] > 0.95
    assert level["texture/direction_upright"] < -0.95
    assert slanted["texture/direction_diagonal"] > 0.95
    assert all(f["texture/tamura_directionality"] > 0.95 for f in (upright, level, slanted))
    assert all(f["composition/straightness"] > 0.9 for f in (upright, level, slanted))


def test_circles_curve_more_than_lines():
    v, u = np.mgrid[:256, :256]
    rings = np.sin(np.hypot(u - 128, v - 128) * 2 * math.pi / 16)
    image = np.repeat(((rings + 1) * 127).astype(np.uint8)[..., None], 3, axis=2)
    assert named(image)["composition/curvature"] > 2 * named(stripes(0))["composition/curvature"]


def test_noise_is_finer_and_flatter_in_spectrum_than_a_smooth_picture(rng):
    noise = named(rng.integers(0, 256, (256, 256, 3), dtype=np.uint8))
    calm = named(smooth(rng, (256, 256)))
    assert noise["texture/tamura_coarseness"] < calm["texture/tamura_coarseness"]
    assert calm["texture/spectral_slope"] < noise["texture/spectral_slope"] - 1
    assert -0.6 < noise["texture/spectral_slope"] <= 0  # white noise is flat, but for what halving smooths away


def test_symmetry(rng):
    half = smooth(rng, (128, 256))
    image = np.concatenate([half, half[:, ::-1]], axis=1)
    found = named(image)
    assert found["composition/symmetry_left_right"] == pytest.approx(1, abs=0.01)
    assert found["composition/symmetry_up_down"] < 0.9


def test_what_is_salient_is_seen():
    """A white square on grey moves the centre of saliency with it."""
    found = []
    for top in (20, 220):
        image = np.full((256, 256, 3), 120, np.uint8)
        image[top : top + 16, 120:136] = 255
        found.append(named(image))
    assert found[1]["composition/saliency_y"] - found[0]["composition/saliency_y"] > 0.2
    assert all(f["composition/saliency_x"] < 0.1 for f in found)


def test_co_occurrence_equals_the_obvious_version(rng):
    image = blocky(rng, 16, 128)
    level = np.clip((Planes.of(image).lightness_HW / 100 * 16).astype(int), 0, 15)
    counts = np.zeros((16, 16))
    height, width = level.shape
    for y in range(height):
        for x in range(width):
            for dy, dx in ((0, 1), (1, 0), (1, 1), (1, -1)):
                if 0 <= y + dy < height and 0 <= x + dx < width:
                    i, j = level[y, x], level[y + dy, x + dx]
                    counts[i, j] += 1
                    counts[j, i] += 1
    p = counts / counts.sum()
    contrast = sum((i - j) ** 2 * p[i, j] for i in range(16) for j in range(16))
    homogeneity = sum(p[i, j] / (1 + abs(i - j)) for i in range(16) for j in range(16))
    found = named(image)
    assert found["texture/glcm_contrast_lightness"] == pytest.approx(contrast, rel=1e-5)
    assert found["texture/glcm_homogeneity_lightness"] == pytest.approx(homogeneity, rel=1e-5)
    assert found["texture/glcm_energy_lightness"] == pytest.approx((p**2).sum(), rel=1e-5)


def test_binary_patterns_equal_the_obvious_version(rng):
    image = blocky(rng, 16, 128)
    grey = np.asarray(Planes.of(image).lightness_image).astype(int)
    counts = np.zeros(10)
    ring = [(-1, -1), (-1, 0), (-1, 1), (0, 1), (1, 1), (1, 0), (1, -1), (0, -1)]
    for y in range(1, grey.shape[0] - 1):
        for x in range(1, grey.shape[1] - 1):
            bits = [grey[y + dy, x + dx] > grey[y, x] + 2 for dy, dx in ring]
            changes = sum(a != b for a, b in zip(bits, bits[1:] + bits[:1], strict=True))
            counts[sum(bits) if changes <= 2 else 9] += 1
    found = named(image)
    shares = [found[f"texture/lbp_fine_{i}"] for i in range(10)]
    assert shares == pytest.approx(np.sqrt(counts / counts.sum()), abs=1e-5)


def test_haar_keeps_the_energy(rng):
    plane = rng.normal(size=(32, 48)).astype(np.float32)
    assert sum(float((part**2).sum()) for part in haar(plane)) == pytest.approx(float((plane**2).sum()), rel=1e-5)


@given(st.integers(3, 30), st.integers(3, 30), st.integers(1, 3), st.integers(1, 3))
def test_grid_means_equal_the_obvious_version(height, width, rows, columns):
    plane = np.arange(height * width, dtype=np.float32).reshape(height, width) % 17
    found = grid_means(plane, rows, columns)
    for r in range(rows):
        for c in range(columns):
            cell = plane[
                r * height // rows : (r + 1) * height // rows, c * width // columns : (c + 1) * width // columns
            ]
            assert found[r, c] == pytest.approx(cell.mean(dtype=np.float64))
