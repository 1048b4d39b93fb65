"""Files that are either whole or not there.

Every writer of the project goes through :func:`atomic_path`: a temporary sibling, fsync, rename.
"""

import codecs
import errno
import hashlib
import json
import os
import tempfile
import tomllib
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from emolens.errors import DataError, in_short
from emolens.progress import notice


@contextmanager
def atomic_path(path: str | os.PathLike[str]) -> Iterator[Path]:
    """Yield a temporary path beside ``path``; on success it replaces ``path``, on any failure it is removed.

    Parent folders are made. The temporary name keeps the suffix of ``path``, for writers that look at it.

    Raises:
        DataError: the disk is full or the place cannot be written; ``path`` is then as it was before.
    """
    target = Path(path)
    temporary: Path | None = None
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(prefix=f".{target.stem}.", suffix=f".part{target.suffix}", dir=target.parent)
        os.close(handle)
        temporary = Path(name)
        yield temporary
        with open(temporary, "rb+") as written:
            os.fsync(written.fileno())
        umask = os.umask(0)
        os.umask(umask)
        temporary.chmod(0o666 & ~umask)  # mkstemp made it private; the result is an ordinary file
        os.replace(temporary, target)
    except OSError as error:
        raise write_error(target, error) from error
    finally:
        if temporary is not None:
            temporary.unlink(missing_ok=True)


def write_error(target: Path, error: OSError) -> DataError:
    """The message for a file that could not be written, by its cause."""
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        return DataError(
            f"{target}: the disk is full; free some space or choose another place. Nothing is half-written"
        )
    return DataError(f"{target}: cannot be written ({error.strerror or error}); choose another place")


def write_text(path: str | os.PathLike[str], text: str) -> None:
    """Write UTF-8 text atomically."""
    with atomic_path(path) as temporary:
        temporary.write_text(text, encoding="utf-8")


def write_json(path: str | os.PathLike[str], value: Any) -> None:
    """Write JSON atomically, indented; NaN is refused, since it is not JSON."""
    write_text(path, json.dumps(value, indent=2, ensure_ascii=False, allow_nan=False) + "\n")


BOMS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),  # before UTF-16, whose mark is the beginning of this one
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
MOST_TEXT = 256 << 20  # bytes; no text that a person wrote is longer


def read_text(path: str | os.PathLike[str]) -> str:
    """The text of a file that a person, or another tool, wrote: UTF-8, or what its byte-order mark says.

    Raises:
        DataError: missing, unreadable, or in another encoding; the message says what to do.
    """
    try:
        with open(path, "rb") as stream:
            content = stream.read(MOST_TEXT + 1)
    except FileNotFoundError as error:
        raise DataError(f"{path}: no such file") from error
    except (OSError, ValueError) as error:  # ValueError: a NUL in the name
        raise DataError(f"{path}: cannot be read ({getattr(error, 'strerror', None) or error})") from error
    if len(content) > MOST_TEXT:
        raise DataError(f"{path}: is longer than {MOST_TEXT >> 20} MB, which is no text of this kind")
    encoding = next((name for mark, name in BOMS if content.startswith(mark)), "utf-8")
    try:
        return content.decode(encoding)
    except UnicodeDecodeError as error:
        raise DataError(
            f"{path}: is no UTF-8 text (byte {content[error.start]:#04x} in position {error.start}); save it as "
            "UTF-8, for instance with iconv -f latin1 -t utf-8"
        ) from error


def read_toml(path: str | os.PathLike[str]) -> dict[str, Any]:
    """Read a TOML file.

    Raises:
        DataError: missing, unreadable or not TOML.
    """
    try:
        return tomllib.loads(read_text(path))
    except (ValueError, RecursionError) as error:
        raise DataError(f"{path}: is not readable TOML ({in_short(error)})") from error


def read_json(path: str | os.PathLike[str]) -> Any:
    """Read a JSON file.

    Raises:
        DataError: missing, unreadable or not JSON, or nested beyond any use.
    """
    try:
        return json.loads(read_text(path))
    except (ValueError, RecursionError) as error:
        raise DataError(f"{path}: is not readable JSON ({in_short(error)})") from error


def walk(folder: Path, suffixes: Collection[str] | None = None) -> list[Path]:
    """The files below a folder, sorted.

    What is hidden (``.git``, macOS's ``._photo.jpg``) is left out. Links to folders are followed, from wherever they
    lie; one that leads back to a folder around it ends there. A folder that may not be entered is told.

    Args:
        folder: where to begin.
        suffixes: of the files, in lower case with their dot; None for all files.
    """
    found: list[Path] = []
    todo: list[tuple[Path, frozenset[tuple[int, int]]]] = [(folder, frozenset())]
    while todo:
        place, around = todo.pop()
        try:
            stat = os.stat(place)
            if (identity := (stat.st_dev, stat.st_ino)) in around:
                continue
            with os.scandir(place) as entries:
                shown = [entry for entry in entries if not entry.name.startswith(".")]
        except OSError as error:
            notice(f"emolens: {place}: cannot be looked into ({error.strerror}); what is in it is left out")
            continue
        for entry in shown:
            path = Path(entry.path)
            if entry.is_dir():
                todo.append((path, around | {identity}))
            elif (suffixes is None or path.suffix.lower() in suffixes) and entry.is_file():
                found.append(path)
    return sorted(found)


def sha256_file(path: str | os.PathLike[str]) -> str:
    """Hexadecimal SHA-256 of a file's bytes."""
    with open(path, "rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def user_cache() -> Path:
    """Where emolens keeps what can be made again: ``$XDG_CACHE_HOME/emolens`` or ``~/.cache/emolens``."""
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "emolens"
