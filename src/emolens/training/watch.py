"""How fast a training goes."""

import time


class Watch:
    """Counts optimiser steps and the seconds spent on them; what happens between is left out.

    Args:
        batch_size: samples of a step, over all processes.
    """

    def __init__(self, batch_size: int) -> None:
        self.batch_size = batch_size
        self.steps, self.seconds = 0, 0.0
        self._told = (0, 0.0)
        self._since = time.monotonic()

    def start(self) -> None:
        """Count from now: what went before was something else."""
        self._since = time.monotonic()

    def step(self) -> None:
        """A step is done."""
        now = time.monotonic()
        self.seconds += now - self._since
        self.steps += 1
        self._since = now

    def samples_per_s(self) -> float:
        """Since the beginning; 0 without a step."""
        return self.steps * self.batch_size / self.seconds if self.seconds else 0.0

    def recent(self) -> float:
        """Since the last call."""
        steps, seconds = self.steps - self._told[0], self.seconds - self._told[1]
        self._told = (self.steps, self.seconds)
        return steps * self.batch_size / max(seconds, 1e-9)
