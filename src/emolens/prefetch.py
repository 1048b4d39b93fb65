"""Reading ahead: files are loaded in threads while the caller works on those before them."""

import logging
from collections import deque
from collections.abc import Callable, Generator, Iterable
from concurrent.futures import Future, ThreadPoolExecutor
from itertools import islice
from pathlib import Path
from typing import Generic, NamedTuple, TypeVar

from emolens.errors import EmolensError, in_short

LOG = logging.getLogger("emolens.failures")

Given = TypeVar("Given")
Loaded = TypeVar("Loaded")

FORESEEN = (EmolensError, OSError, ValueError, MemoryError)
"""How loading a file may fail. Anything else is a mistake, of a library or of ours: see :func:`reason`."""

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

    An item that cannot be loaded becomes an :class:`Item` with an error, whatever was raised; it never ends the run.
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
            except Exception as error:
                yield Item(place, None, error)
            fill()
    finally:
        # Also on Ctrl-C, or when the caller stops listening: forget what is queued, wait for nothing.
        pool.shutdown(wait=False, cancel_futures=True)


def reason(path: Path, error: BaseException | None) -> str:
    """Why a file could not be used, in words that begin with its path: the one place where any failure becomes words.

    What nobody foresaw is named by its class, and logged with its traceback (logger ``emolens.failures``, level debug;
    ``--debug`` shows it). The tests of emolens make such a log an error, so mistakes of ours surface there.
    """
    if isinstance(error, EmolensError):
        text = str(error).removeprefix(IN_MEMORY)
        return text if text.startswith(str(path)) else f"{path}: {text}"
    if isinstance(error, FileNotFoundError):
        return f"{path}: no such file"
    if isinstance(error, MemoryError):
        return f"{path}: needs more memory than there is"
    if isinstance(error, OSError):
        return f"{path}: cannot be read ({error.strerror or error})"
    if isinstance(error, FORESEEN):
        return f"{path}: cannot be used ({error})"
    assert error is not None
    LOG.debug("%s: unforeseen", path, exc_info=error)
    return f"{path}: cannot be used, for a reason that was not foreseen ({type(error).__name__}: {in_short(error)})"
