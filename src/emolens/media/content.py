"""The bytes of files, known by their SHA-256."""

import hashlib
import os
import stat
from collections.abc import Callable
from pathlib import Path
from threading import Lock

from emolens.media.image import MAX_PIXELS

MAX_BYTES = 8 * MAX_PIXELS  # of the largest picture that is decoded, uncompressed at 16 bits and with alpha


def read_content(path: Path) -> tuple[bytes, str]:
    """The bytes of a picture file and their SHA-256 in hexadecimal.

    Raises:
        OSError: if the file is missing, is no regular file, cannot be read, or is larger than any picture within the
            limits of :func:`emolens.media.image.read_image`.
        ValueError: if no file can have this name.
    """
    found = os.stat(path)
    if stat.S_ISDIR(found.st_mode):
        raise OSError(None, "it is a folder")
    if not stat.S_ISREG(found.st_mode):  # a pipe would block, a device would never end
        raise OSError(None, "it is no regular file")
    if found.st_size > MAX_BYTES:
        raise OSError(None, f"{found.st_size:,} bytes are more than any picture within the limits has")
    content = Path(path).read_bytes()
    return content, hashlib.sha256(content).hexdigest()


class Claims:
    """Which contents to work on: each once, for the first of several threads that asks.

    Args:
        known: whether the result for a SHA-256 exists already.
    """

    def __init__(self, known: Callable[[str], bool]) -> None:
        self._known, self._taken, self._lock = known, set[str](), Lock()

    def take(self, sha256: str) -> bool:
        """True for one caller; False for all others, and if the content is known."""
        with self._lock:
            if sha256 in self._taken or self._known(sha256):
                return False
            self._taken.add(sha256)
            return True
