"""Persons in a video, found in its frames, followed through time, and judged frame by frame.

Legend: N frames of one person, M boxes of all, H, W height and width.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from emolens.files import sha256_file
from emolens.heads.answers import Answers
from emolens.inference.timeline import Span
from emolens.inference.video_frames import RATE_HZ, SteadyFrames
from emolens.media.video import probe
from emolens.people.boxes import Box, rounded
from emolens.people.crop import person_part
from emolens.people.finder import PersonFinder
from emolens.people.tracker import Tracker

SIDE = 720  # px of the shorter side that frames are decoded to: somebody a third as tall still fills a model's input
LEAST_FRAMES = 2  # somebody seen once, in a video of more frames, is a mistake of the detector more often than a person

Image = NDArray[np.uint8]


@dataclass(frozen=True)
class PersonInVideo:
    """One person.

    Attributes:
        time_N: float64, seconds of the frames with this person.
        box_N4: float64, left, top, right, bottom in pixels of the upright video.
        score_N: float64, of the detector, in [0, 1].
        answers: of the model, in each of these frames.
        duration_s: of the video.
    """

    time_N: NDArray[np.float64]
    box_N4: NDArray[np.float64]
    score_N: NDArray[np.float64]
    answers: Answers
    duration_s: float

    @property
    def span(self) -> Span:
        """From the first frame to the end of the last, in seconds."""
        return float(self.time_N[0]), min(float(self.time_N[-1]) + 1 / RATE_HZ, self.duration_s)

    def within(self, span: Span) -> NDArray[np.int64]:
        """Places of the frames in a window."""
        return np.flatnonzero((self.time_N >= span[0] - 1e-9) & (self.time_N < span[1] - 1e-9))

    def place_at(self, span: Span) -> int:
        """Place of the frame in a window that is shown nearest to its middle, the later of two."""
        inside = self.within(span)
        distance_N = np.abs(self.time_N[inside] + 0.5 / RATE_HZ - (span[0] + span[1]) / 2)
        return int(inside[distance_N == distance_N.min()][-1])

    def box_at(self, place: int) -> Box:
        return rounded(self.box_N4[place])


@dataclass(frozen=True)
class PersonsInVideo:
    """What became of a video.

    Attributes:
        persons: those seen longest first.
        duration_s: of the video.
        problem: why frames are missing; "" where none are.
    """

    persons: list[PersonInVideo]
    duration_s: float
    problem: str


def persons_in_video(
    path: Path, finder: PersonFinder, judge: Callable[[Sequence[Image]], Answers], batch_size: int = 32
) -> PersonsInVideo:
    """Find, follow and judge everybody, two frames a second, in the memory of one batch of frames.

    Args:
        finder: of the persons in a frame; each frame of a content is detected once, ever.
        judge: gives an answer for each of some pictures of persons, uint8 RGB, each (H, W, 3).
        batch_size: frames that are decoded together.

    Raises:
        MediaError: no video, no pictures in it, or none that can be decoded.
    """
    frames = SteadyFrames(path, SIDE // 2)  # which decodes to twice that
    content, info = sha256_file(path), probe(path)
    size_2 = np.array([info.width, info.height], dtype=np.float64)
    scale_4 = np.ones(4)
    tracker = Tracker()
    owners: list[int] = []
    judged: list[Answers] = []
    seen = 0
    for batch in frames.batches(batch_size):
        images = [image for _, image in batch]
        found = finder.in_frames(content, [time_s for time_s, _ in batch], images)
        parts: list[Image] = []
        for (time_s, image), boxes in zip(batch, found, strict=True):
            owners += tracker.add(time_s, boxes)
            for left, top, right, bottom in boxes.box_K4.tolist():
                parts.append(person_part(image, (left, top, right, bottom), str(path)))
        if parts:
            judged.append(judge(parts))
        seen += len(batch)
        scale_4 = np.tile(size_2 / images[0].shape[1::-1], 2)  # each side was rounded to whole pixels
    owner_M, answers = np.array(owners), Answers.concatenate(judged) if judged else Answers()
    least = min(LEAST_FRAMES, seen)
    persons = [
        PersonInVideo(
            np.array(track.times),
            np.clip(np.stack(track.boxes).astype(np.float64) * scale_4, 0, np.tile(size_2, 2)),
            np.array(track.scores),
            answers[np.flatnonzero(owner_M == number)],
            frames.index.duration_s,
        )
        for number, track in enumerate(tracker.tracks)
        if len(track.times) >= least
    ]
    persons.sort(key=lambda person: -len(person.time_N))
    lost = len(frames.time_N) - seen
    problem = f"{lost} of {len(frames.time_N)} frames {frames.problem}" if lost > 0 else ""
    return PersonsInVideo(persons, frames.index.duration_s, problem)
