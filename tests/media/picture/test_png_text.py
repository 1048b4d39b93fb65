"""Words of any size in a PNG cost no memory, and no picture."""

import io
import struct
import tracemalloc
import zlib

import numpy as np
import pytest
from PIL import Image

from emolens.media.image import read_image
from emolens.media.picture.png_text import SIGNATURE, without_words

RGB = np.random.default_rng(1).integers(0, 256, (8, 10, 3), dtype=np.uint8)


def chunk(kind, content):
    return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))


def png(*chunks):
    """A picture with these chunks before its pixels."""
    stream = io.BytesIO()
    Image.fromarray(RGB).save(stream, "PNG")
    content = stream.getvalue()
    after_header = len(SIGNATURE) + 25
    return content[:after_header] + b"".join(chunks) + content[after_header:]


BOMB = zlib.compress(bytes(50_000_000))


@pytest.mark.parametrize(
    "words",
    [
        chunk(b"iCCP", b"p\0\0" + BOMB),
        chunk(b"zTXt", b"k\0\0" + BOMB),
        chunk(b"iTXt", b"k\0\1\0\0\0" + BOMB),
        chunk(b"tEXt", b"k\0" + b"x" * 2_000_000),
    ],
    ids=["iCCP", "zTXt", "iTXt", "tEXt"],
)
def test_large_words_cost_nothing(words):
    content = png(words)
    tracemalloc.start()
    assert np.array_equal(read_image(content), RGB)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 10_000_000


def test_what_bears_on_the_pixels_stays():
    turned = chunk(b"eXIf", b"II*\0\x08\0\0\0\x01\0\x12\x01\x03\0\x01\0\0\0\x03\0\0\0\0\0\0\0")
    assert np.array_equal(read_image(png(chunk(b"tEXt", b"k\0v"), turned)), RGB[::-1, ::-1])


def test_others_are_given_back_as_they_are():
    for content in (b"", b"no png", png(), SIGNATURE, SIGNATURE + b"\0\0"):
        stream = io.BytesIO(content)
        assert without_words(stream) is stream
        assert stream.tell() == 0


def test_a_chunk_that_lies_about_its_size_ends_it():
    lying = SIGNATURE + struct.pack(">I4s", 2**31, b"tEXt") + b"x" * 20
    assert without_words(io.BytesIO(lying)).read() in (lying, SIGNATURE)
