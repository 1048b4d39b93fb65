"""One row of a table of predictions, and which rows belong together."""

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass, fields
from itertools import groupby

from emolens.people.boxes import Box

VALUES = ("valence", "arousal", "dominance")
CORNERS = ("x0", "y0", "x1", "y1")


@dataclass(frozen=True)
class Prediction:
    """One row: what one model says of a picture, of a video or sound file, of a window of it, or of a person in one.

    Attributes:
        source: the file.
        media: image, video or audio.
        start_s, end_s: the span in seconds, from the first frame; None for pictures. The whole of a video is 0 to its
            duration; the windows of its timeline are rows that follow that one.
        person: number of the person, from 1, the most confident first (in a video: the longest seen first); None for
            the scene, all that the picture shows.
        x0, y0, x1, y1: the person's box, left, top, right, bottom in pixels of the upright picture; in a video, of
            the frame with this person that is nearest to the middle of the span. None for the scene.
        box_score: how sure the detector is that there is a person, in [0, 1]; None where the box was given.
        label, score: the most probable label and its probability.
        scores: label -> probability, summing to 1; of a multi-label model, degrees that do not.
        valence, arousal, dominance: in [-1, 1], 0 is neutral; from the model, or expected from the scores.
        polarity: positive, neutral or negative, of ``label``.
        model, label_space: who said it, in which labels.
        status: ``ok``; ``no_audio``, ``no_video`` or ``partial`` if only a part of the input was used; ``no_person`` if
            persons were asked about, nobody was found, and the answer is of the scene; ``error`` if there is no
            prediction.
        error: why there is no prediction, or what was missing.
    """

    source: str
    media: str = "image"
    start_s: float | None = None
    end_s: float | None = None
    person: int | None = None
    x0: float | None = None
    y0: float | None = None
    x1: float | None = None
    y1: float | None = None
    box_score: float | None = None
    label: str | None = None
    score: float | None = None
    scores: dict[str, float] | None = None
    valence: float | None = None
    arousal: float | None = None
    dominance: float | None = None
    polarity: str | None = None
    model: str = ""
    label_space: str | None = None
    status: str = "ok"
    error: str | None = None

    @property
    def answered(self) -> bool:
        """Whether there is a prediction, be it from a part of the file."""
        return self.status != "error"

    @property
    def box(self) -> Box | None:
        """The person's box; None for the scene."""
        if self.x0 is None or self.y0 is None or self.x1 is None or self.y1 is None:
            return None
        return self.x0, self.y0, self.x1, self.y1


COLUMNS = tuple(field.name for field in fields(Prediction))


def to_json(row: Prediction) -> str:
    """One row as one line of JSON."""
    return json.dumps(asdict(row), ensure_ascii=False, allow_nan=False)


def inputs_of_rows(rows: Sequence[Prediction]) -> list[int]:
    """Number of the input of each row, from 0, as far as rows alone tell.

    A row belongs to the input of the one before if it is of the same file, and of a later person or of a window.
    """
    numbers: list[int] = []
    for row, before in zip(rows, [None, *rows], strict=False):
        # The whole of a file starts at 0 as its first window does, so a window is known by what it stands behind.
        same = before is not None and before.source == row.source
        step = (row.person or 0) - ((before.person or 0) if before is not None else 0)
        numbers.append(
            (numbers[-1] if numbers else -1) + (not (same and (step > 0 or (step == 0 and row.start_s is not None))))
        )
    return numbers


def by_person(rows: Sequence[Prediction]) -> list[list[Prediction]]:
    """The rows of one input, apart: of the scene, then of each person; each the whole, then its windows."""
    return [list(part) for _, part in groupby(rows, key=lambda row: row.person)]
