"""A stop that waits for a good moment."""

from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

from emolens.signals import Interrupted, answered


class StopRequest:
    """Whether a stop was asked for.

    Attributes:
        number: of the signal that asked; 0 as long as none has.
    """

    number = 0


@contextmanager
def deferred_interrupt(patient: bool = False) -> Iterator[StopRequest]:
    """Yield what the first stopping signal is noted in; the second stops at once.

    The loop inside looks at it where its state is consistent, saves, and raises
    :class:`emolens.signals.Interrupted`.

    Args:
        patient: a second signal changes nothing. So it must be under torchrun: there Ctrl-C comes from the terminal and
            again from torchrun, which itself kills what does not end.
    """
    asked = StopRequest()

    def ask(number: int, frame: FrameType | None) -> None:
        if asked.number and not patient:
            raise Interrupted(number)
        asked.number = asked.number or number

    with answered(ask):
        yield asked
