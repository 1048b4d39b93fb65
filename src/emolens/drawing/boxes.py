"""Persons in a picture: a box about each, and a tag with number and verdict.

Legend: boxes and tags are left, top, right, bottom in pixels of the picture that is drawn on.
"""

from collections.abc import Mapping, Sequence

from PIL import Image, ImageDraw

from emolens.drawing.style import pillow_font, polarity_colour
from emolens.inference.prediction import Prediction
from emolens.people.boxes import Box

MOST_TAGS = 12  # more of them hide the picture: the others have a thin box
HEAD = 0.35  # of a box, from its top: a tag on a face hides what the verdict is about
WHITE = (255, 255, 255)


def draw_boxes(
    picture: Image.Image,
    rows: Sequence[Prediction],
    boxes: Sequence[Box],
    polarity_of: Mapping[str, str],
    foot: int = 0,
) -> None:
    """Draw persons into a picture, in place, each in the colour of its polarity with a white edge.

    Args:
        picture: RGB.
        rows: of the persons, the most confident first.
        boxes: where they are in ``picture``.
        polarity_of: label -> polarity.
        foot: pixels at the lower edge that are kept free of tags.
    """
    draw = ImageDraw.Draw(picture)
    unit = max(1, round(min(picture.size) / 450))
    colours = [polarity_colour(row.polarity or polarity_of.get(row.label or "")) for row in rows]
    # The most confident last: what lies over another is the better one.
    for place in reversed(range(len(rows))):
        thick = 2 * unit + 2 if place < MOST_TAGS else unit
        draw.rectangle(boxes[place], outline=WHITE, width=thick + 2 * unit)
        left, top, right, bottom = boxes[place]
        inner = (left + unit, top + unit, max(left + unit, right - unit), max(top + unit, bottom - unit))
        draw.rectangle(inner, outline=colours[place], width=thick)
    font = pillow_font(max(11, round(min(picture.size) / 34)), bold=True)
    tags = [f"{row.person} {row.label or ''}".strip() for row in rows[:MOST_TAGS]]
    sizes = [(draw.textlength(tag, font) + 6 * unit, font.size + 4 * unit) for tag in tags]
    places = places_of_tags(boxes, sizes, (picture.width, picture.height - foot))
    for tag, label, colour in zip(tags, places, colours, strict=False):
        draw.rectangle(label, fill=colour, outline=WHITE, width=unit)
        middle = ((label[0] + label[2]) / 2, (label[1] + label[3]) / 2)
        draw.text(middle, tag, WHITE, font, anchor="mm")


def places_of_tags(boxes: Sequence[Box], sizes: Sequence[tuple[float, float]], picture: tuple[int, int]) -> list[Box]:
    """Where the tags go: at a corner of their box, outside or in, off other tags and off faces as far as can be.

    Args:
        boxes: at least as many as there are tags.
        sizes: width and height of each tag.
        picture: width and height.
    """
    heads = [(left, top, right, top + HEAD * (bottom - top)) for left, top, right, bottom in boxes]
    taken: list[Box] = []
    for (left, top, right, bottom), (wide, tall) in zip(boxes, sizes, strict=False):
        corners = [
            (x, y)
            for y in (top - tall, bottom, bottom - tall, top)  # above, below, inside at the foot, inside at the head
            for x in (left, right - wide, (left + right - wide) / 2)
        ]
        best, least = (0.0, 0.0, wide, tall), float("inf")
        for order, (x, y) in enumerate(corners):
            x = min(max(x, 0.0), max(picture[0] - 1 - wide, 0.0))
            y = min(max(y, 0.0), max(picture[1] - 1 - tall, 0.0))
            place = (x, y, x + wide, y + tall)
            cost = 10 * sum(_shared(place, other) for other in taken) + sum(_shared(place, head) for head in heads)
            cost = cost / (wide * tall) + 0.01 * order
            if cost < least:
                best, least = place, cost
        taken.append(best)
    return taken


def _shared(one: Box, other: Box) -> float:
    """Area of the intersection."""
    wide = min(one[2], other[2]) - max(one[0], other[0])
    tall = min(one[3], other[3]) - max(one[1], other[1])
    return max(wide, 0.0) * max(tall, 0.0)
