"""What training does about a file that cannot be read."""

import sys
from collections.abc import Callable
from typing import TypeVar

from emolens.errors import DataError, MediaError

MAX_BAD = 8  # so many unreadable rows one after another are no bad file: the root is wrong

Loaded = TypeVar("Loaded")


class BadRows:
    """Replaces a row that cannot be read by the next one that can, and reports each bad row once.

    One bad file among a million must not end a run of days. The replacement of a row is always the same.

    Args:
        count: rows of the manifest.
        noun: what a row is, in messages: "picture" or "video".
        location: where the files are, in messages.
    """

    def __init__(self, count: int, noun: str, location: str) -> None:
        self.count, self.noun, self.location = count, noun, location
        self._reported: set[int] = set()

    def read_or_next(self, row: int, name: str, read: Callable[[int], Loaded]) -> tuple[int, Loaded]:
        """The row that was read, which is ``row`` or one after it, and what ``read`` made of it.

        Args:
            name: of ``row``, in messages.
            read: loads one row; raises MediaError if it cannot.

        Raises:
            DataError: if ``MAX_BAD`` rows one after another cannot be read.
        """
        for step in range(MAX_BAD):
            other = (row + step) % self.count
            try:
                return other, read(other)
            except MediaError as error:
                if other not in self._reported:
                    self._reported.add(other)
                    print(f"emolens: {error}; the next {self.noun} is taken instead", file=sys.stderr, flush=True)
        raise DataError(
            f"{name} and the {MAX_BAD - 1} rows after it cannot be read; are the {self.noun}s still where the "
            f"manifest says ({self.location})?"
        )
