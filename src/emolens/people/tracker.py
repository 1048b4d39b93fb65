"""Persons through time: boxes of one frame linked with those of the frames before.

Legend: K boxes of the new frame, M persons who may go on, N boxes of a track.
"""

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from emolens.people.boxes import PersonBoxes

OVERLAP = 0.2  # intersection over union: at two frames a second somebody who walks keeps about so much of the box
GAP_S = 2.0  # someone turned away, or hidden, for no longer than this is the same person


@dataclass
class Track:
    """One person: when and where.

    Attributes:
        times: seconds, ascending.
        boxes: left, top, right, bottom in pixels, float32 (4,), one for each time.
        scores: of the detector, in [0, 1].
    """

    times: list[float] = field(default_factory=list)
    boxes: list[NDArray[np.float32]] = field(default_factory=list)
    scores: list[float] = field(default_factory=list)


class Tracker:
    """Links each box with the person whose last box it overlaps most, all pairs chosen together.

    The sum of intersection over union is made greatest by :func:`scipy.optimize.linear_sum_assignment`; pairs below
    ``overlap`` are no pairs. There is no model of motion and none of looks: at a cut, somebody who stands where another
    stood is taken for the same person. (The linking is that of Bewley et al. 2016, SORT, arXiv 1602.00763, without its
    Kalman filter, which needs many frames a second.)

    Args:
        overlap: least intersection over union, in (0, 1].
        gap_s: seconds for which somebody may be missing.
    """

    def __init__(self, overlap: float = OVERLAP, gap_s: float = GAP_S) -> None:
        self.overlap, self.gap_s = overlap, gap_s
        self.tracks: list[Track] = []
        self._open: list[int] = []

    def add(self, time_s: float, persons: PersonBoxes) -> list[int]:
        """Take the persons of the next frame.

        Args:
            time_s: later than the frame before.
            persons: K of them.

        Returns:
            The place in ``tracks`` of each of them.
        """
        from scipy.optimize import linear_sum_assignment

        self._open = [m for m in self._open if time_s - self.tracks[m].times[-1] <= self.gap_s]
        mine = [-1] * len(persons)
        if self._open and len(persons):
            last_M4 = np.stack([self.tracks[m].boxes[-1] for m in self._open])
            overlap_KM = overlaps(persons.box_K4, last_M4)
            for k, m in zip(*linear_sum_assignment(-overlap_KM), strict=True):
                if overlap_KM[k, m] >= self.overlap:
                    mine[k] = self._open[m]
        for k, box_4 in enumerate(persons.box_K4):
            if mine[k] < 0:
                mine[k] = len(self.tracks)
                self.tracks.append(Track())
                self._open.append(mine[k])
            track = self.tracks[mine[k]]
            track.times.append(time_s)
            track.boxes.append(box_4)
            track.scores.append(float(persons.score_K[k]))
        return mine


def overlaps(one_K4: NDArray[np.floating], other_M4: NDArray[np.floating]) -> NDArray[np.float64]:
    """Intersection over union of each box with each other, float64 (K, M), in [0, 1]."""
    one, other = one_K4.astype(np.float64)[:, None], other_M4.astype(np.float64)[None]
    side_KM2 = (np.minimum(one[..., 2:], other[..., 2:]) - np.maximum(one[..., :2], other[..., :2])).clip(0)
    shared_KM = side_KM2.prod(axis=-1)
    area = [(boxes[..., 2:] - boxes[..., :2]).prod(axis=-1) for boxes in (one, other)]
    return np.asarray(shared_KM / (area[0] + area[1] - shared_KM))
