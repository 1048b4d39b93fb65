"""Signals that ask a program to stop: Ctrl-C, and those of schedulers, terminals and torchrun."""

import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Any

# Windows knows but the first two.
STOPPING = tuple(getattr(signal, n) for n in ("SIGINT", "SIGTERM", "SIGHUP", "SIGUSR1") if hasattr(signal, n))


class Interrupted(KeyboardInterrupt):
    """A stop that a signal has asked for, treated as Ctrl-C is.

    Args:
        number: of the signal.

    Attributes:
        exit_code: 128 + the number, as shells have it: 130 for Ctrl-C, 143 for SIGTERM.
    """

    def __init__(self, number: int) -> None:
        super().__init__("interrupted" if number == signal.SIGINT else f"stopped by {signal.Signals(number).name}")
        self.number, self.exit_code = number, 128 + number


@contextmanager
def answered(handler: Callable[[int, FrameType | None], None]) -> Iterator[None]:
    """Stopping signals call ``handler`` inside, and what they called before afterwards.

    A signal that is ignored stays so: ``nohup`` means it. Outside the main thread Python cannot catch signals, and this
    does nothing.
    """
    before: dict[int, Any] = {}
    if threading.current_thread() is threading.main_thread():
        before = {number: signal.getsignal(number) for number in STOPPING}
        # None is a handler that was not set from Python, and could not be put back.
        before = {number: now for number, now in before.items() if now not in (signal.SIG_IGN, None)}
    try:
        for number in before:
            signal.signal(number, handler)
        yield
    finally:
        for number, now in before.items():
            signal.signal(number, now)


def stop_at_once(number: int, frame: FrameType | None) -> None:
    """A handler for :func:`answered`.

    Raises:
        Interrupted: always.
    """
    raise Interrupted(number)
