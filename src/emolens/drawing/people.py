"""A look at what the detector did: sheets of pictures with their boxes.

Two sheets, since the two kinds of mistake are seen on different ones: ``persons-*.png`` (is each box a person, is
the bold one, the person view, the one that matters?) and ``nobody-*.png`` (who was missed?).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from PIL import Image, ImageDraw, ImageFont

from emolens.errors import MediaError
from emolens.files import atomic_path
from emolens.media.image import read_image
from emolens.people.boxes import PersonBoxes
from emolens.people.crop import Region, person_crop

COLUMNS, ROWS = 6, 5
TILE, CAPTION, GAP = 240, 20, 12  # px
PAPER, INK, FAINT = "#FFFFFF", "#22262B", "#6B7280"
BOX, VIEW = "#0072B2", "#D55E00"  # blue and vermilion of Okabe & Ito (2008)
MAX_SHEETS = 4  # of each kind: a look, not an archive


@dataclass(frozen=True)
class SheetTile:
    """One picture of a sheet."""

    path: Path
    name: str
    persons: PersonBoxes


def draw_sheets(pictures: Sequence[SheetTile], folder: Path) -> list[Path]:
    """Draw an even choice of ``pictures`` into ``folder``; the paths of the sheets, which are written atomically.

    Boxes are blue with their score; the region of the person view is vermilion.
    """
    drawn = []
    for kind, chosen in (
        ("persons", [picture for picture in pictures if len(picture.persons)]),
        ("nobody", [picture for picture in pictures if not len(picture.persons)]),
    ):
        most = MAX_SHEETS * COLUMNS * ROWS
        step = max(1.0, len(chosen) / most)
        chosen = [chosen[int(k * step)] for k in range(min(len(chosen), most))]
        for number, start in enumerate(range(0, len(chosen), COLUMNS * ROWS), 1):
            drawn.append(_sheet(chosen[start : start + COLUMNS * ROWS], folder / f"{kind}-{number}.png"))
    return drawn


def _sheet(pictures: Sequence[SheetTile], path: Path) -> Path:
    rows = -(-len(pictures) // COLUMNS)
    across, down = TILE + GAP, TILE + CAPTION + GAP
    sheet = Image.new("RGB", (COLUMNS * across + GAP, rows * down + GAP), PAPER)
    pen = ImageDraw.Draw(sheet)
    font = ImageFont.load_default(size=12)
    for place, picture in enumerate(pictures):
        left, top = GAP + place % COLUMNS * across, GAP + place // COLUMNS * down
        tile = _tile(picture, font)
        if tile is not None:
            sheet.paste(tile, (left + (TILE - tile.width) // 2, top + (TILE - tile.height) // 2))
        pen.text((left, top + TILE + 3), picture.name[:38], FAINT if tile else VIEW, font)
    with atomic_path(path) as temporary:
        sheet.save(temporary, format="PNG")
    return path


def _tile(picture: SheetTile, font: ImageFont.ImageFont | ImageFont.FreeTypeFont) -> Image.Image | None:
    try:
        whole = Image.fromarray(read_image(picture.path))
    except MediaError:
        return None
    scale = TILE / max(whole.size)
    size = (max(1, round(whole.width * scale)), max(1, round(whole.height * scale)))
    tile = whole.resize(size, Image.Resampling.BILINEAR, reducing_gap=2.0)
    pen = ImageDraw.Draw(tile)

    def frame(region: Region, colour: str, width: int) -> None:
        left, top, right, bottom = (side * scale for side in region)
        pen.rectangle((left, top, max(left, right - 1), max(top, bottom - 1)), outline=colour, width=width)

    for box, score in zip(picture.persons.box_K4, picture.persons.score_K, strict=True):
        left, top, right, bottom = (float(side) for side in box)
        frame((left, top, right, bottom), BOX, 2)
        word = f"{float(score):.2f}"
        extent = pen.textbbox((left * scale + 3, top * scale + 2), word, font)
        pen.rectangle((extent[0] - 2, extent[1] - 1, extent[2] + 2, extent[3] + 1), fill=BOX)
        pen.text((left * scale + 3, top * scale + 2), word, PAPER, font)
    view = person_crop(
        picture.persons.box_K4, picture.persons.score_K, (0.0, 0.0, float(whole.width), float(whole.height))
    )
    if view.found:
        frame(view.region, VIEW, 3)
    return tile
