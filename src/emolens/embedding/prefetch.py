"""Reading ahead of the model."""

from collections import deque
from collections.abc import Callable, Generator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from itertools import islice
from pathlib import Path
from typing import Generic, NamedTuple, TypeVar

from emolens.errors import EmolensError

Given = TypeVar("Given")
Loaded = TypeVar("Loaded")


class Item(NamedTuple, Generic[Loaded]):
    """What became of one of the things given: a result, or why there is none."""

    place: int
    result: Loaded | None
    error: Exception | None


def prefetch(
    load: Callable[[Given], Loaded], given: Sequence[Given], workers: int, ahead: int
) -> Generator[Item[Loaded], None, None]:
    """``load`` what is ``given`` in threads, in order; never more than ``workers + ahead`` results wait.

    A file that cannot be used is an item with an error; it never ends the run.
    """
    pool = ThreadPoolExecutor(workers, thread_name_prefix="emolens-load")
    waiting = iter(enumerate(given))
    queue: deque[tuple[int, Future[Loaded]]] = deque()

    def fill() -> None:
        for place, one in islice(waiting, workers + ahead - len(queue)):
            queue.append((place, pool.submit(load, one)))

    try:
        fill()
        while queue:
            place, future = queue.popleft()
            try:
                yield Item(place, future.result(), None)
            except FAILURES as error:
                yield Item(place, None, error)
            fill()
    finally:
        # Also on Ctrl-C, or when the caller stops listening: forget what is queued, wait for nothing.
        pool.shutdown(wait=False, cancel_futures=True)


FAILURES = (EmolensError, OSError, ValueError, MemoryError)
"""What reading a file may end in; anything else is a mistake of the program."""


def reason(path: Path, error: BaseException) -> str:
    """Why a file could not be used, beginning with its path."""
    if isinstance(error, EmolensError):
        text = str(error)
        return text if text.startswith(str(path)) else f"{path}: {text}"
    if isinstance(error, FileNotFoundError):
        return f"{path}: no such file"
    if isinstance(error, MemoryError):
        return f"{path}: needs more memory than there is"
    words = error.strerror if isinstance(error, OSError) and error.strerror else error
    return f"{path}: cannot be used ({words})"
