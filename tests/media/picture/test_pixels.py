"""Layouts that are read as other pictures if one trusts the header half."""

import io
import struct
import zlib

import numpy as np
import pytest
from PIL import Image

from emolens.errors import MediaError
from emolens.media.image import read_image, read_image_and_size

RGB = np.random.default_rng(0).integers(0, 256, (6, 9, 3), dtype=np.uint8)
DEEP = RGB.astype(np.uint32) * 257
GREY = RGB[..., :1].astype(np.uint32) * 257


def tiff(samples_HWC, order="<", planar=1, compressed=False, bits=16, photometric=2, orientation=None):
    """A TIFF by hand: strips of whole pictures, or a plane a colour."""
    height, width, count = samples_HWC.shape
    kind = np.dtype(f"u{bits // 8}").newbyteorder(order)
    planes = [samples_HWC] if planar == 1 else [samples_HWC[..., k] for k in range(count)]
    strips = [np.ascontiguousarray(plane).astype(kind).tobytes() for plane in planes]
    strips = [zlib.compress(strip) for strip in strips] if compressed else strips
    starts = np.cumsum([8, *(len(strip) + len(strip) % 2 for strip in strips)]).tolist()
    data = b"".join(strip + b"\0" * (len(strip) % 2) for strip in strips)
    tags = [
        (256, "H", [width]), (257, "H", [height]), (258, "H", [bits] * count), (259, "H", [8 if compressed else 1]),
        (262, "H", [photometric]), (273, "I", starts[:-1]), *([(274, "H", [orientation])] if orientation else []),
        (277, "H", [count]), (278, "H", [height]), (279, "I", [len(strip) for strip in strips]), (284, "H", [planar]),
    ]  # fmt: skip
    entries, extra = b"", b""
    extra_at = starts[-1] + 2 + 12 * len(tags) + 4
    for tag, form, values in tags:
        raw = b"".join(struct.pack(order + form, value) for value in values)
        if len(raw) > 4:
            raw, extra = struct.pack(order + "I", extra_at + len(extra)), extra + raw
        entries += struct.pack(order + "HHI", tag, {"H": 3, "I": 4}[form], len(values)) + raw.ljust(4, b"\0")
    head = (b"II*\0" if order == "<" else b"MM\0*") + struct.pack(order + "I", starts[-1])
    return head + data + struct.pack(order + "H", len(tags)) + entries + struct.pack(order + "I", 0) + extra


@pytest.mark.parametrize("compressed", [False, True])
@pytest.mark.parametrize("planar", [1, 2])
@pytest.mark.parametrize("order", ["<", ">"])
def test_sixteen_bits_in_any_order_and_plane(order, planar, compressed):
    assert np.array_equal(read_image(tiff(DEEP, order, planar, compressed)), RGB)
    assert np.array_equal(read_image(tiff(RGB, order, planar, compressed, bits=8)), RGB)


@pytest.mark.parametrize(("order", "bits"), [("<", 8), (">", 8), ("<", 16)])
def test_white_is_zero(order, bits):
    top = 2**bits - 1
    grey = GREY if bits == 16 else GREY // 257
    expected = np.repeat(RGB[..., :1], 3, axis=2)
    assert np.array_equal(read_image(tiff(top - grey, order, bits=bits, photometric=0)), expected)
    assert np.array_equal(read_image(tiff(grey, order, bits=bits, photometric=1)), expected)


def test_a_layout_that_pillow_does_not_know_is_said():
    with pytest.raises(MediaError, match="unknown pixel mode"):
        read_image(tiff(GREY, ">", photometric=0))


@pytest.mark.parametrize("compressed", [False, True])
@pytest.mark.parametrize("orientation", range(1, 9))
def test_a_tiff_is_turned_once(orientation, compressed):
    """By numpy, from the standard's words: where row 0 and column 0 of what is stored lie in the picture."""
    stored = RGB.astype(np.uint32)
    expected = {
        1: RGB, 2: RGB[:, ::-1], 3: RGB[::-1, ::-1], 4: RGB[::-1], 5: RGB.swapaxes(0, 1),
        6: RGB.swapaxes(0, 1)[:, ::-1], 7: RGB.swapaxes(0, 1)[::-1, ::-1], 8: RGB.swapaxes(0, 1)[::-1],
    }[orientation]  # fmt: skip
    content = tiff(stored, bits=8, compressed=compressed, orientation=orientation)
    image, size = read_image_and_size(content)
    assert np.array_equal(image, expected)
    assert size == expected.shape[:2]


@pytest.mark.parametrize("top", [100, 255, 4095, 65535])
def test_a_dark_grey_of_sixteen_bits_stays_dark(top):
    grey_HW = np.linspace(0, top, 54).astype(">u2").reshape(6, 9)
    expected = np.rint(grey_HW / 257).astype(np.uint8)
    pgm = read_image(b"P5 9 6 65535\n" + grey_HW.tobytes())
    stream = io.BytesIO()
    Image.fromarray(grey_HW.astype(np.uint16)).save(stream, "PNG")
    for image in (
        pgm,
        read_image(stream.getvalue()),
        read_image(tiff(grey_HW[..., None].astype(np.uint32), photometric=1)),
    ):
        assert np.abs(image[..., 0].astype(int) - expected).max() <= 1


def bmp(alpha):
    """32 bits with an alpha mask in a BITMAPV4 header."""
    height, width = RGB.shape[:2]
    pixels = np.dstack([RGB[::-1, :, ::-1], np.full((height, width), alpha, np.uint8)]).tobytes()
    masks = struct.pack("<4I", 0xFF0000, 0xFF00, 0xFF, 0xFF000000)
    info = struct.pack("<IiiHHIIiiII", 108, width, height, 1, 32, 3, len(pixels), 0, 0, 0, 0) + masks
    info = info.ljust(108, b"\0")
    return b"BM" + struct.pack("<IHHI", 14 + len(info) + len(pixels), 0, 0, 14 + len(info)) + info + pixels


def test_an_alpha_that_nobody_wrote_hides_nothing():
    assert np.array_equal(read_image(bmp(0)), RGB)
    assert np.array_equal(read_image(bmp(255)), RGB)
    stream = io.BytesIO()
    Image.fromarray(np.dstack([RGB, np.zeros(RGB.shape[:2], np.uint8)])).save(stream, "PNG")
    assert (read_image(stream.getvalue()) == 255).all(), "a PNG that says it is transparent is"
