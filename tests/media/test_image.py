import contextlib
import struct
import warnings
import zlib
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageFile

from emolens.errors import MediaError
from emolens.media import image as image_module
from emolens.media.image import IMAGE_SUFFIXES, MAX_PIXELS, read_image

RED, WHITE = [255, 0, 0], [255, 255, 255]


def png_header(width: int, height: int) -> bytes:
    """A PNG file that says how large it is, and has no pixels."""
    chunks = [b"IHDR" + struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0), b"IDAT", b"IEND"]
    framed = [struct.pack(">I", len(c) - 4) + c + struct.pack(">I", zlib.crc32(c)) for c in chunks]
    return b"\x89PNG\r\n\x1a\n" + b"".join(framed)


def naive_upright(pixels: np.ndarray, orientation: int) -> np.ndarray:
    """The eight EXIF orientations, straight from the definition of row 0 and column 0 (TIFF 6.0, tag 274)."""
    flips = {
        1: pixels,
        2: pixels[:, ::-1],
        3: pixels[::-1, ::-1],
        4: pixels[::-1],
        5: pixels.transpose(1, 0, 2),
        6: pixels.transpose(1, 0, 2)[:, ::-1],
        7: pixels.transpose(1, 0, 2)[::-1, ::-1],
        8: pixels.transpose(1, 0, 2)[::-1],
    }
    return flips[orientation]


@pytest.mark.parametrize("suffix", ["png", "bmp", "tiff", "ppm", "gif", "webp"])
def test_lossless_formats_give_the_pixels_back(tmp_path: Path, rng: np.random.Generator, suffix: str) -> None:
    pixels = rng.integers(0, 2, (9, 7, 3), dtype=np.uint8) * 255  # eight colours, so that a palette holds them
    options = {"lossless": True} if suffix == "webp" else {}
    Image.fromarray(pixels).save(tmp_path / f"x.{suffix}", **options)
    read = read_image(tmp_path / f"x.{suffix}")
    assert read.dtype == np.uint8
    assert read.flags.c_contiguous
    assert read.flags.writeable
    np.testing.assert_array_equal(read, pixels)


def test_bytes_and_str_are_read_like_a_path(tmp_path: Path, picture) -> None:
    path = picture(tmp_path / "a.png")
    np.testing.assert_array_equal(read_image(path.read_bytes()), read_image(path))
    np.testing.assert_array_equal(read_image(str(path)), read_image(path))


@pytest.mark.parametrize("orientation", range(1, 9))
def test_exif_orientation_is_undone(tmp_path: Path, rng: np.random.Generator, orientation: int) -> None:
    pixels = rng.integers(0, 256, (4, 6, 3), dtype=np.uint8)
    exif = Image.Exif()
    exif[0x0112] = orientation
    Image.fromarray(pixels).save(tmp_path / "x.png", exif=exif)
    np.testing.assert_array_equal(read_image(tmp_path / "x.png"), naive_upright(pixels, orientation))


def test_sixteen_bits_are_scaled_not_clipped(tmp_path: Path) -> None:
    deep = np.array([[0, 257, 32896, 65535]], dtype=np.uint16)
    for name in ("x.png", "x.tiff"):
        Image.fromarray(deep).save(tmp_path / name)
        np.testing.assert_array_equal(read_image(tmp_path / name)[0, :, 1], [0, 1, 128, 255])


def test_wide_grey_takes_the_usual_ranges_and_refuses_others(tmp_path: Path) -> None:
    for top in (1.0, 255.0, 65535.0):
        Image.fromarray(np.array([[0, top / 2, top]], dtype=np.float32)).save(tmp_path / "f.tiff")
        np.testing.assert_allclose(read_image(tmp_path / "f.tiff")[0, :, 0], [0, 127.5, 255], atol=0.5)
    Image.fromarray(np.array([[-3.0, 1e9]], dtype=np.float32)).save(tmp_path / "f.tiff")
    with pytest.raises(MediaError, match=r"f\.tiff: .*no picture range"):
        read_image(tmp_path / "f.tiff")


@pytest.mark.parametrize("mode", ["1", "L", "P", "CMYK", "YCbCr", "RGB"])
def test_every_mode_becomes_rgb(tmp_path: Path, mode: str) -> None:
    suffix = "tiff" if mode in ("CMYK", "YCbCr") else "png"
    Image.new("RGB", (5, 4), "white").convert(mode).save(tmp_path / f"x.{suffix}")
    read = read_image(tmp_path / f"x.{suffix}")
    assert read.shape == (4, 5, 3)
    assert read.min() >= 250


def test_cmyk_jpeg_is_not_inverted(tmp_path: Path) -> None:
    Image.new("RGB", (16, 16), (200, 40, 40)).convert("CMYK").save(tmp_path / "x.jpg")
    red, green, _ = read_image(tmp_path / "x.jpg")[8, 8]
    assert red > 150 > 100 > green


@pytest.mark.parametrize("mode", ["RGBA", "LA", "P", "RGB"])
def test_transparency_shows_white_not_the_colour_hidden_below(tmp_path: Path, mode: str) -> None:
    if mode == "RGB":
        Image.new("RGB", (2, 1), "black").save(tmp_path / "x.png", transparency=(0, 0, 0))
    elif mode == "P":
        Image.new("P", (2, 1), 0).save(tmp_path / "x.png", transparency=0)
    else:
        Image.new("RGBA", (2, 1), (0, 0, 0, 0)).convert(mode).save(tmp_path / "x.png")
    np.testing.assert_array_equal(read_image(tmp_path / "x.png"), [[WHITE, WHITE]])


def test_half_transparent_black_is_grey(tmp_path: Path) -> None:
    Image.new("RGBA", (1, 1), (0, 0, 0, 128)).save(tmp_path / "x.png")
    np.testing.assert_array_equal(read_image(tmp_path / "x.png"), [[[127, 127, 127]]])


def test_of_an_animation_the_first_frame(tmp_path: Path) -> None:
    frames = [Image.new("RGB", (4, 4), colour) for colour in ("red", "blue")]
    for name in ("x.gif", "x.webp", "x.png"):
        options = {"lossless": True} if name == "x.webp" else {}
        frames[0].save(tmp_path / name, save_all=True, append_images=frames[1:], duration=40, **options)
        np.testing.assert_array_equal(read_image(tmp_path / name)[0, 0], RED)


@pytest.mark.parametrize("min_side", [1, 50, 224, 400, 10_000])
@pytest.mark.parametrize("size", [(1600, 1200), (1201, 1803)])
def test_draft_mode_never_goes_under_twice_the_side(tmp_path: Path, picture, size, min_side: int) -> None:
    path = picture(tmp_path / "a.jpg", size=size)
    height, width, _ = read_image(path, min_side).shape
    assert min(height, width) >= min(2 * min_side, *size)
    assert abs(width / height - size[0] / size[1]) < 0.02


def test_fifty_megapixels_are_never_decoded_in_full(tmp_path: Path) -> None:
    Image.new("RGB", (8660, 5774), "teal").save(tmp_path / "a.jpg", quality=30)
    assert read_image(tmp_path / "a.jpg", min_side=224).shape == (722, 1083, 3)  # an eighth


def test_draft_keeps_the_orientation(tmp_path: Path) -> None:
    exif = Image.Exif()
    exif[0x0112] = 6
    Image.new("RGB", (1600, 1200)).save(tmp_path / "a.jpg", exif=exif)
    assert read_image(tmp_path / "a.jpg", 100).shape == (400, 300, 3)


def test_a_bomb_is_refused_by_its_header(tmp_path: Path) -> None:
    (tmp_path / "bomb.png").write_bytes(png_header(100_000, 100_000))
    with pytest.raises(MediaError, match=r"bomb\.png: 100000 x 100000 pixels are over the limit of 200 megapixels"):
        read_image(tmp_path / "bomb.png")


def test_the_limit_is_ours_and_pillows_settings_stay_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    before = (Image.MAX_IMAGE_PIXELS, ImageFile.LOAD_TRUNCATED_IMAGES, list(warnings.filters))
    assert Image.MAX_IMAGE_PIXELS is not None
    assert MAX_PIXELS > 2 * Image.MAX_IMAGE_PIXELS  # Image.open would have refused what we allow
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        with pytest.raises(MediaError, match=r"truncated or damaged"):  # past the header, no warning on the way
            read_image(png_header(13_000, 15_000))
    assert before == (Image.MAX_IMAGE_PIXELS, ImageFile.LOAD_TRUNCATED_IMAGES, list(warnings.filters))
    monkeypatch.setattr(image_module, "MAX_PIXELS", 5_000_000)
    with pytest.raises(MediaError, match="over the limit of 5 megapixels"):
        read_image(png_header(2500, 2001))


def test_no_pixels() -> None:
    with pytest.raises(MediaError, match="picture in memory"):
        read_image(png_header(0, 7))


@pytest.mark.parametrize("suffix", ["jpg", "png", "webp", "gif"])
def test_truncated(tmp_path: Path, picture, suffix: str) -> None:
    path = picture(tmp_path / f"a.{suffix}", size=(640, 480))
    content = path.read_bytes()
    path.write_bytes(content[: len(content) // 2])
    with pytest.raises(MediaError, match=rf"a\.{suffix}: (is truncated or damaged|has a damaged header)"):
        read_image(path)


def test_what_is_no_picture(tmp_path: Path) -> None:
    (tmp_path / "empty.jpg").touch()
    (tmp_path / "text.jpg").write_text("Dear diary, today I was a JPEG.")
    (tmp_path / "eps.jpg").write_bytes(b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n")
    (tmp_path / "folder.jpg").mkdir()
    for name, reason in {
        "empty.jpg": r"is empty \(0 bytes\)",
        "text.jpg": "is not a picture, whatever its name says",
        "eps.jpg": "is not a picture",  # it would start another program
        "folder.jpg": "is a folder, not a picture",
        "absent.jpg": "no such file",
    }.items():
        with pytest.raises(MediaError, match=rf"{name}: {reason}"):
            read_image(tmp_path / name)


def test_damaged_bytes_never_raise_anything_else(tmp_path: Path, picture, rng: np.random.Generator) -> None:
    for suffix in ("jpg", "png", "webp", "gif", "tiff", "bmp"):
        content = bytearray(picture(tmp_path / f"a.{suffix}").read_bytes())
        for _ in range(30):
            damaged = bytearray(content)
            for place in rng.integers(0, len(damaged), 12):
                damaged[place] = rng.integers(0, 256)
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                with contextlib.suppress(MediaError):  # and nothing else
                    read_image(bytes(damaged))


def test_broken_exif_says_nothing_of_the_pixels(tmp_path: Path) -> None:
    Image.new("RGB", (8, 8), "red").save(tmp_path / "x.jpg", exif=b"Exif\x00\x00garbage", quality=95)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        assert read_image(tmp_path / "x.jpg").shape == (8, 8, 3)


def test_suffixes_are_lower_case() -> None:
    assert {".jpg", ".png", ".webp"} <= IMAGE_SUFFIXES
    assert all(suffix == suffix.lower() for suffix in IMAGE_SUFFIXES)


@pytest.mark.shared
def test_a_png_called_jpg(shared: Path) -> None:
    folder = shared / "data/oasis/images"
    disguised = [path for path in folder.iterdir() if path.read_bytes()[:4] == b"\x89PNG"]
    assert disguised
    assert read_image(disguised[0]).shape == (400, 500, 3)
