"""How an answer changes over a video: where its windows lie, and how they are smoothed.

Legend: W windows, C columns.
"""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from emolens.errors import ConfigError

AUTOMATIC_S = 10.0  # a longer video gets a timeline by default; a shorter one has one answer
SHORTEST_S = 0.1  # a window or hop below this asks for more windows than there are frames

Floats = NDArray[np.float64]
Span = tuple[float, float]


@dataclass(frozen=True)
class Timeline:
    """Which files get a row for each window, where the windows lie, and how their rows are smoothed.

    Attributes:
        window_s: length of a window, in seconds.
        hop_s: from the start of one to the start of the next.
        smooth_s: width, at half its height, of the Hann window that smooths; 0 for none.
        wanted: True for every video and sound file, False for none; None for those over 10 seconds.

    Raises:
        ConfigError: if a length is too small, or a hop longer than the window.
    """

    window_s: float = 4.0
    hop_s: float = 2.0
    smooth_s: float = 4.0
    wanted: bool | None = None

    def __post_init__(self) -> None:
        for name, least in (("window_s", SHORTEST_S), ("hop_s", SHORTEST_S), ("smooth_s", 0.0)):
            value = getattr(self, name)
            if not (math.isfinite(value) and value >= least):
                raise ConfigError(f"{name} of the timeline must be at least {least:g} seconds, not {value:g}")
        if self.hop_s > self.window_s:
            raise ConfigError(
                f"a hop of {self.hop_s:g} s would leave out what lies between windows of {self.window_s:g} s; "
                "make it at most as long as the window"
            )

    @property
    def told(self) -> str:
        """In words, for a run that is to be continued with the same."""
        which = {None: "long files", True: "every file", False: "no file"}[self.wanted]
        return f"{self.window_s:g} s every {self.hop_s:g} s, smoothed over {self.smooth_s:g} s, of {which}"

    def follows(self, duration_N: Floats) -> NDArray[np.bool_]:
        """Which files of these lengths in seconds (NaN for pictures), shape (N,), get windows."""
        if self.wanted is None:
            return np.asarray(duration_N > AUTOMATIC_S)
        return np.isfinite(duration_N) & self.wanted

    def windows(self, duration_s: float) -> list[Span]:
        """(start, end) of each window, in seconds, covering the video.

        All are ``window_s`` long, so that their scores can be compared: where the hops do not come out even, the last
        window is moved back to end with the video. A video shorter than a window is one window.
        """
        if duration_s <= self.window_s:
            return [(0.0, duration_s)]
        count = math.floor((duration_s - self.window_s) / self.hop_s + 1e-9) + 1
        starts = [round(k * self.hop_s, 9) for k in range(count)]
        left = duration_s - (starts[-1] + self.window_s)
        if left > 1e-3:  # less is no film, but the rounding of a container
            starts.append(round(duration_s - self.window_s, 9))
        return [(start, min(round(start + self.window_s, 9), duration_s)) for start in starts]

    def smoothed(self, value_WC: Floats, spans: list[Span]) -> Floats:
        """A Hann-weighted mean over neighbouring windows, centred on each.

        y_i = sum_j w_ij x_j / sum_j w_ij,  w_ij = cos^2(pi d / (2 s)) for d = abs(c_i - c_j) < s, else 0,

        c the middles of the windows and s = ``smooth_s``: with s = two hops, 1/4, 1/2, 1/4. The weights sum to 1, so
        rows of probabilities stay such, and expectations of them (valence, arousal) stay theirs.

        Args:
            value_WC: float64, shape (W, C), of the windows that have an answer.
            spans: those windows, in order.

        Returns:
            float64, shape (W, C).
        """
        if self.smooth_s == 0:
            return value_WC
        middle_W = np.array([(start + end) / 2 for start, end in spans])
        smooth_WC = np.empty_like(value_WC)
        for row, middle in enumerate(middle_W):  # a window has few neighbours: not W x W numbers for an hour of video
            low, high = np.searchsorted(middle_W, [middle - self.smooth_s, middle + self.smooth_s])
            distance_N = np.abs(middle_W[low:high] - middle)
            weight_N = np.cos(np.pi * distance_N / (2 * self.smooth_s)) ** 2
            smooth_WC[row] = weight_N @ value_WC[low:high] / weight_N.sum()
        return smooth_WC
