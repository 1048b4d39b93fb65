"""Small pictures that travel inside the report."""

import base64
import io
from pathlib import Path

from emolens.errors import MediaError
from emolens.media.image import read_image

MAX_SIDE = 160  # pixels; some 6 kB of base64 each, so that a report with dozens stays a small file
JPEG_QUALITY = 80


def thumbnail(path: Path) -> str | None:
    """A ``data:image/jpeg;base64,...`` URI of the picture, longest side at most 160 px; None if it cannot be read."""
    from PIL import Image

    try:
        picture = Image.fromarray(read_image(path, min_side=MAX_SIDE))
    except MediaError:
        return None
    picture.thumbnail((MAX_SIDE, MAX_SIDE))
    stream = io.BytesIO()
    picture.save(stream, "JPEG", quality=JPEG_QUALITY)
    return "data:image/jpeg;base64," + base64.b64encode(stream.getvalue()).decode("ascii")
