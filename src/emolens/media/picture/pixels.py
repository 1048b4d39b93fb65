"""Any picture that Pillow has opened -> RGB, upright.

Legend: H height, W width.
"""

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageFile, TiffImagePlugin

ORIENTATION = 0x0112  # EXIF tag; its values 2..8 are undone by
UPRIGHT = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}

BITS_PER_SAMPLE, PHOTOMETRIC, PLANAR = 258, 262, 284  # TIFF tags
WHITE_IS_ZERO, SEPARATE = 0, 2
DEEP = 65535  # white of a 16-bit sample
OPAQUE_IF_EMPTY = ("BMP", "DIB", "ICO")  # of these an alpha of zeros alone means that nobody wrote one


def upright_rgb(image: ImageFile.ImageFile) -> tuple[NDArray[np.uint8], bool]:
    """The first frame as a viewer shows it.

    Args:
        image: opened and not loaded; it is loaded here.

    Returns:
        uint8 RGB, shape (H, W, 3), and whether height and width were exchanged.

    Raises:
        Exception: whatever the decoder raises.
    """
    _mend_planes(image)
    image.load()
    # Only now: some of Pillow's decoders (TIFF) turn the picture while they load it, and then drop the tag.
    turn = UPRIGHT.get(_orientation(image))
    rgb = _to_rgb(image)
    if turn is None:
        return np.array(rgb, dtype=np.uint8), False
    size, rgb = rgb.size, rgb.transpose(turn)
    quarter = turn in (
        Image.Transpose.TRANSPOSE, Image.Transpose.ROTATE_270, Image.Transpose.TRANSVERSE, Image.Transpose.ROTATE_90
    )  # fmt: skip
    assert (rgb.size == size) or quarter
    return np.array(rgb, dtype=np.uint8), quarter


def _mend_planes(image: ImageFile.ImageFile) -> None:
    """Let uncompressed planes of 16-bit samples be read as such; Pillow takes them for planes of 8 bits."""
    if not isinstance(image, TiffImagePlugin.TiffImageFile):
        return
    bits = image.tag_v2.get(BITS_PER_SAMPLE, ())
    if image.tag_v2.get(PLANAR) != SEPARATE or set(bits) != {16}:
        return
    order = ";16L" if image.tag_v2.prefix == b"II" else ";16B"
    image.tile = [
        tile._replace(args=(tile.args[0] + order, *tile.args[1:]))
        if tile.codec_name == "raw" and isinstance(tile.args, tuple) and len(str(tile.args[0])) == 1
        else tile
        for tile in image.tile
    ]


def _orientation(image: Image.Image) -> int:
    try:
        return int(image.getexif().get(ORIENTATION, 1))
    except Exception:  # a broken EXIF block says nothing of the pixels: show them as they are
        return 1


def _to_rgb(image: ImageFile.ImageFile) -> Image.Image:
    """Any of Pillow's modes as RGB."""
    if image.mode.startswith("I;16"):
        deep_HW = np.asarray(image).astype(np.uint32)
        if isinstance(image, TiffImagePlugin.TiffImageFile) and image.tag_v2.get(PHOTOMETRIC) == WHITE_IS_ZERO:
            deep_HW = DEEP - deep_HW  # Pillow inverts such greys of 8 bits only
        return Image.fromarray(((deep_HW + 128) // 257).astype(np.uint8)).convert("RGB")
    if image.mode in ("I", "F"):
        # A PGM states its range, and Pillow has scaled it to 16 bits; elsewhere the values must tell.
        top = float(DEEP) if image.format == "PPM" and image.mode == "I" else None
        return _from_wide_grey(np.asarray(image, dtype=np.float64), top).convert("RGB")
    if image.mode in ("LA", "La", "PA", "RGBA", "RGBa") or "transparency" in image.info:
        # Pre-multiplied modes (La, RGBa) convert only by way of their plain twin.
        straight = image.convert({"La": "LA", "RGBa": "RGBA"}.get(image.mode, image.mode)).convert("RGBA")
        if image.format in OPAQUE_IF_EMPTY and straight.getchannel("A").getextrema() == (0, 0):
            return straight.convert("RGB")
        white = Image.new("RGBA", straight.size, "white")
        return Image.alpha_composite(white, straight).convert("RGB")
    return image.convert("RGB")


def _from_wide_grey(grey_HW: NDArray[np.float64], top: float | None = None) -> Image.Image:
    """32-bit grey. Where the format does not state the range, the usual ones are told apart by the values.

    Args:
        grey_HW: the values.
        top: of the range, where it is known.

    Raises:
        ValueError: if the range is none of 0..1, 0..255, 0..65535.
    """
    low, high = float(grey_HW.min()), float(grey_HW.max())
    for white in (1.0, 255.0, float(DEEP)) if top is None else (top,):
        if low >= 0 and high <= white:
            return Image.fromarray(np.rint(grey_HW * (255.0 / white)).astype(np.uint8))
    raise ValueError(f"32-bit grey from {low:g} to {high:g}: no picture range (0..1, 0..255 or 0..65535)")
