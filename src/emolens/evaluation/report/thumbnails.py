"""Small pictures that travel inside the report: of a picture, or of the middle of a video."""

import base64
import io
from pathlib import Path

from emolens.data.check.middle_frame import middle_frame
from emolens.errors import MediaError
from emolens.inference.inputs import media_of
from emolens.media.image import read_image

MAX_SIDE = 160  # pixels; some 6 kB of base64 each, so that a report with dozens stays a small file
JPEG_QUALITY = 80


def thumbnail(path: Path) -> str | None:
    """A ``data:image/jpeg;base64,...`` URI of the picture or the middle frame, longest side at most 160 px; None if
    it cannot be read, or has no pictures.
    """
    from PIL import Image

    try:
        image_HWC = middle_frame(path) if media_of(path) == "video" else read_image(path, min_side=MAX_SIDE)
    except MediaError:
        return None
    picture = Image.fromarray(image_HWC)
    picture.thumbnail((MAX_SIDE, MAX_SIDE))
    stream = io.BytesIO()
    picture.save(stream, "JPEG", quality=JPEG_QUALITY)
    return "data:image/jpeg;base64," + base64.b64encode(stream.getvalue()).decode("ascii")
