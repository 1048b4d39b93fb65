"""Where shards lie: a folder of a disk, or of an object store."""

import os
import re
from pathlib import Path
from typing import Any, Protocol

from emolens.errors import ConfigError, in_short

MAX_OPEN = 256  # shards; processes are usually allowed 1,024 files


class Store(Protocol):
    """A folder with shards in it.

    Attributes:
        threads: reads that may be in flight at once.
    """

    threads: int

    def read(self, name: str, offset: int, size: int) -> bytes:
        """A part of a file, shorter where the file ends.

        Raises:
            OSError: for whatever reason.
        """
        ...

    def size(self, name: str) -> int:
        """Bytes of a file; raises as :meth:`read`."""
        ...

    def copy(self, name: str, place: Path) -> None:
        """A whole file; raises as :meth:`read`."""
        ...


def is_remote(location: str) -> bool:
    """Whether this is the address of a store (``s3://``, ``gs://``, ``https://``, ``file://``) and not a path."""
    return re.match(r"[a-z][a-z0-9+.-]+://", location) is not None


def open_store(location: str) -> Store:
    """The store of a path or an address; nothing is read yet."""
    return RemoteStore(location) if is_remote(location) else LocalStore(Path(location))


class LocalStore:
    """A folder. Opened files are this process's own."""

    threads = 1

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._open: dict[str, Any] = {}
        self._process = os.getpid()

    def __getstate__(self) -> dict[str, Any]:
        return {**self.__dict__, "_open": {}}

    def read(self, name: str, offset: int, size: int) -> bytes:
        file = self._file(name)
        # The system sets aside what is asked for before it reads: an index must not make it set aside any number.
        there = os.fstat(file.fileno()).st_size
        return os.pread(file.fileno(), max(0, min(size, there - offset)), offset)

    def size(self, name: str) -> int:
        return os.stat(self.folder / name).st_size

    def copy(self, name: str, place: Path) -> None:
        import shutil

        shutil.copyfile(self.folder / name, place)

    def _file(self, name: str) -> Any:
        if self._process != os.getpid():
            self._open, self._process = {}, os.getpid()
        if name not in self._open:
            if len(self._open) >= MAX_OPEN:
                self._open.pop(next(iter(self._open)))  # closed when the last read of it is done
            self._open[name] = open(self.folder / name, "rb")  # noqa: SIM115
        return self._open[name]


class RemoteStore:
    """A folder at an address that fsspec knows; each process connects for itself.

    Raises:
        ConfigError: when it is first used, if the address is of an unknown kind, or its package is not installed.
    """

    threads = 16  # a store answers after tens of milliseconds, whatever their number

    def __init__(self, location: str) -> None:
        self.location = location.rstrip("/")
        self._connection: tuple[int, Any, str] | None = None

    def __getstate__(self) -> dict[str, Any]:
        return {**self.__dict__, "_connection": None}

    def read(self, name: str, offset: int, size: int) -> bytes:
        files, folder = self.connect()
        return bytes(self._asked(files.cat_file, f"{folder}/{name}", start=offset, end=offset + size))

    def size(self, name: str) -> int:
        files, folder = self.connect()
        return int(self._asked(files.size, f"{folder}/{name}"))

    def copy(self, name: str, place: Path) -> None:
        files, folder = self.connect()
        self._asked(files.get_file, f"{folder}/{name}", str(place))

    def connect(self) -> tuple[Any, str]:
        """fsspec's file system of this process, and the folder in it."""
        if self._connection is None or self._connection[0] != os.getpid():
            from fsspec.core import url_to_fs

            scheme = self.location.split("://", 1)[0]
            try:
                files, folder = url_to_fs(self.location)
            except ImportError as error:
                extra = "emolens[s3]" if scheme == "s3" else "the package that fsspec names"
                raise ConfigError(
                    f"{self.location}: {scheme}:// needs a further package ({in_short(error)}): pip install '{extra}'"
                ) from error
            except ValueError as error:
                raise ConfigError(f"{self.location}: cannot be understood ({in_short(error)})") from error
            self._connection = os.getpid(), files, folder.rstrip("/")
        return self._connection[1:]

    @staticmethod
    def _asked(call: Any, *args: Any, **options: Any) -> Any:
        try:
            return call(*args, **options)
        except Exception as error:  # clients of stores raise whatever theirs is: no credentials, no route, no such key
            raise OSError(in_short(error)) from error
