"""Reading ahead: files are loaded in threads while the caller works on those before them."""

from collections import deque
from collections.abc import Callable, Generator, Iterable
from concurrent.futures import Future, ThreadPoolExecutor
from itertools import islice
from pathlib import Path
from typing import Generic, NamedTuple, TypeVar

from emolens.errors import EmolensError

Given = TypeVar("Given")
Loaded = TypeVar("Loaded")

FAILURES = (EmolensError, OSError, ValueError, MemoryError)
"""How loading a file may fail; any other exception is a mistake in the program and ends the run."""

IN_MEMORY = "picture in memory: "  # how read_image calls bytes; the caller knows the file


class Item(NamedTuple, Generic[Loaded]):
    """What became of one of the items: a result, or the exception instead (see :func:`reason`)."""

    place: int
    result: Loaded | None
    error: Exception | None


def prefetch(
    load: Callable[[Given], Loaded], items: Iterable[Given], workers: int, ahead: int = 0
) -> Generator[Item[Loaded], None, None]:
    """``load`` each item in threads and yield what became of it, in order.

    An item that cannot be loaded (:data:`FAILURES`) becomes an :class:`Item` with an error; it never ends the run.
    Close the generator (``contextlib.closing``) to stop early: what is queued is then dropped, and nothing waited for.

    Args:
        load: called in the threads, with one item.
        items: what to load.
        workers: threads, at least 1.
        ahead: results that may wait beside the ``workers`` that are being made; memory holds no more than both.
    """
    pool = ThreadPoolExecutor(workers, thread_name_prefix="emolens-load")
    waiting = iter(enumerate(items))
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


def reason(path: Path, error: BaseException | None) -> str:
    """Why a file could not be used, in words that begin with its path."""
    if isinstance(error, EmolensError):
        text = str(error).removeprefix(IN_MEMORY)
        return text if text.startswith(str(path)) else f"{path}: {text}"
    if isinstance(error, FileNotFoundError):
        return f"{path}: no such file"
    if isinstance(error, MemoryError):
        return f"{path}: needs more memory than there is"
    if isinstance(error, OSError):
        return f"{path}: cannot be read ({error.strerror or error})"
    return f"{path}: cannot be used ({error})"
