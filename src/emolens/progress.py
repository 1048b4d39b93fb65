"""What is said while work runs, on standard error: a bar on a terminal, plain lines elsewhere, and notices."""

import sys
import time
from collections.abc import Iterable, Iterator, Sized
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Protocol, TypeVar

Item = TypeVar("Item")

SECONDS_BETWEEN_LINES = 10.0  # often enough for a log to show life, seldom enough to keep it short


_QUIET = ContextVar("quiet", default=False)


class Advance(Protocol):
    def __call__(self, steps: int = 1) -> None: ...


@contextmanager
def quiet(wanted: bool = True) -> Iterator[None]:
    """No progress and no notices inside; errors are raised as ever."""
    token = _QUIET.set(wanted)
    try:
        yield
    finally:
        _QUIET.reset(token)


def is_quiet() -> bool:
    """Whether :func:`quiet` holds here; for bars that a library draws."""
    return _QUIET.get()


def notice(message: str) -> None:
    """A line on standard error that a person may want to read, unless :func:`quiet`."""
    if not _QUIET.get():
        print(message, file=sys.stderr, flush=True)


@contextmanager
def progress(description: str, total: int | None) -> Iterator[Advance]:
    """Show how far long work is: ``with progress("embed", n) as advance: advance(32)``."""
    if _QUIET.get():
        yield lambda steps=1: None
        return
    if sys.stderr.isatty():
        from rich.console import Console
        from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

        columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
        with Progress(*columns, console=Console(stderr=True)) as bar:
            task = bar.add_task(description, total=total)
            yield lambda steps=1: bar.advance(task, steps)
        return

    done, start = 0, time.monotonic()
    last = start

    def advance(steps: int = 1) -> None:
        nonlocal done, last
        done += steps
        now = time.monotonic()
        if now - last >= SECONDS_BETWEEN_LINES:
            last = now
            of = f"/{total}" if total is not None else ""
            print(f"{description}: {done}{of} ({done / (now - start):.1f}/s)", file=sys.stderr, flush=True)

    yield advance
    print(f"{description}: {done} done in {time.monotonic() - start:.1f} s", file=sys.stderr, flush=True)


def track(items: Iterable[Item], description: str, total: int | None = None) -> Iterator[Item]:
    """Iterate ``items`` with :func:`progress`; ``total`` defaults to ``len(items)`` where it has one."""
    if total is None and isinstance(items, Sized):
        total = len(items)
    with progress(description, total) as advance:
        for item in items:
            yield item
            advance()
