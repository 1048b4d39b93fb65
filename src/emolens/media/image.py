"""Bytes of a picture -> an upright RGB array.

Legend: H height, W width.
"""

import io
import struct
from pathlib import Path
from typing import BinaryIO

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageFile

from emolens.errors import MediaError, in_short
from emolens.media.media_bytes import MediaBytes, Medium
from emolens.media.picture.pixels import upright_rgb
from emolens.media.picture.png_text import without_words

MAX_PIXELS = 200_000_000  # the largest phone sensors; 600 MB once decoded to RGB. More is a mistake or a bomb

# Formats that Pillow decodes itself. Left out on purpose: EPS and PDF, which start another program.
FORMATS = ("JPEG", "PNG", "WEBP", "GIF", "BMP", "TIFF", "PPM", "AVIF", "JPEG2000", "ICO")
IMAGE_SUFFIXES = frozenset(
    {".jpg", ".jpeg", ".jpe", ".jfif", ".mpo", ".png", ".apng", ".webp", ".gif", ".bmp", ".dib", ".tif", ".tiff"}
    | {".ppm", ".pgm", ".pbm", ".pnm", ".avif", ".jp2", ".j2k", ".ico"}
)


def read_image(source: Medium | bytes, min_side: int | None = None) -> NDArray[np.uint8]:
    """Decode a picture the way a viewer shows it.

    EXIF orientation is applied; 16-bit samples are scaled to 8 (65535 -> 255), not clipped; palette, grey,
    CMYK and bilevel pictures become RGB; of an animation, the first frame is taken. Transparency is composited on
    white, as on a web page: just dropping it would show the arbitrary colour, mostly black, that lies hidden
    under transparent pixels. Colour profiles are not applied, as in the training of CLIP and of torchvision's models.

    Args:
        source: path of a file, or its bytes. The suffix does not matter: the content decides.
        min_side: the caller scales the shorter side down to about this many pixels. A JPEG may then be decoded at
            1/2, 1/4 or 1/8 of its size, several times cheaper, but never so that the shorter side falls
            under ``2 * min_side``: the caller's own filter still has twice the detail it needs.

    Returns:
        uint8, shape (H, W, 3), RGB, C-contiguous, owned by the caller.

    Raises:
        MediaError: if it is missing, unreadable, empty, not a picture, truncated, or over ``MAX_PIXELS`` (found in the
            header, before anything is decoded). The message starts with the path.
    """
    return read_image_and_size(source, min_side)[0]


def read_image_and_size(
    source: Medium | bytes, min_side: int | None = None
) -> tuple[NDArray[np.uint8], tuple[int, int]]:
    """:func:`read_image`, and (height, width) in pixels that the upright picture has when it is decoded whole."""
    if isinstance(source, bytes):
        source = MediaBytes("picture in memory", source)
    if isinstance(source, MediaBytes):
        return _decode(io.BytesIO(source.content), len(source.content), source.name, min_side)
    try:
        with open(source, "rb") as stream:
            return _decode(stream, Path(source).stat().st_size, str(source), min_side)
    except FileNotFoundError as error:
        raise MediaError(f"{source}: no such file") from error
    except IsADirectoryError as error:
        raise MediaError(f"{source}: is a folder, not a picture") from error
    except OSError as error:
        raise MediaError(f"{source}: cannot be read ({error.strerror or error})") from error


def _decode(stream: BinaryIO, size: int, name: str, min_side: int | None) -> tuple[NDArray[np.uint8], tuple[int, int]]:
    if size == 0:
        raise MediaError(f"{name}: is empty (0 bytes)")
    # Damaged bytes make the decoders raise nearly anything (SyntaxError, struct.error, KeyError, zlib.error, ...):
    # whatever it is, this one picture cannot be read, and the run continues.
    try:
        image = _open(without_words(stream))
    except Exception as error:
        raise MediaError(f"{name}: has a damaged header ({in_short(error)})") from error
    if image is None:
        known = ", ".join(FORMATS)
        raise MediaError(f"{name}: is not a picture, whatever its name says (none of {known})")
    width, height = image.size
    if width * height > MAX_PIXELS:
        limit = MAX_PIXELS // 1_000_000
        raise MediaError(
            f"{name}: {width} x {height} pixels are over the limit of {limit} megapixels; make it smaller first"
        )
    if width * height == 0:
        raise MediaError(f"{name}: has no pixels ({width} x {height})")
    try:
        if min_side is not None:
            image.draft(None, (2 * min_side, 2 * min_side))
        image_HWC, quarter_turn = upright_rgb(image)
        return image_HWC, (width, height) if quarter_turn else (height, width)
    except MemoryError as error:
        raise MediaError(f"{name}: {width} x {height} pixels need more memory than there is") from error
    except Exception as error:
        raise MediaError(f"{name}: is truncated or damaged ({in_short(error)})") from error


def _open(stream: BinaryIO) -> ImageFile.ImageFile | None:
    """The header, by the first plugin that takes it, or None where none does.

    ``Image.open`` warns above 89 megapixels and refuses above 179; both limits are process-wide settings that belong
    to the application, and silencing a warning is not thread-safe. Asking the plugins leaves all of that alone.
    """
    Image.init()
    prefix = stream.read(16)
    failure: Exception | None = None
    for format_name in FORMATS:
        if format_name not in Image.OPEN:  # a build of Pillow without this codec
            continue
        factory, accepts = Image.OPEN[format_name]
        if accepts is not None and accepts(prefix) is not True:  # it may answer with a string: "no, because"
            continue
        stream.seek(0)
        try:
            return factory(stream, "")
        except (SyntaxError, IndexError, TypeError, struct.error) as error:  # "not mine after all", in Pillow's words
            failure = error
    if failure is not None:
        raise failure
    return None
