"""From what a user typed to a list of files."""

import glob
import sys
from collections.abc import Iterable
from pathlib import Path

from emolens.errors import DataError
from emolens.media.image import IMAGE_SUFFIXES

LIST_SUFFIXES = (".txt", ".lst")


def expand_inputs(inputs: Iterable[str | Path]) -> list[Path]:
    """Files in a stable order, each once.

    A folder gives the pictures in it, at any depth, sorted; a pattern with ``*``, ``?`` or ``[`` what it
    matches; a ``.txt`` or ``.lst`` file the paths in it, one a line, relative to the working folder; ``-``
    the same from standard input; anything else is taken as a file, whether it exists or not, so that a
    missing one becomes a row with an error.

    Raises:
        DataError: a folder without pictures, or a pattern that matches nothing.
    """
    found: dict[Path, None] = {}
    for given in inputs:
        found.update(dict.fromkeys(_expand(str(given))))
    return list(found)


def _expand(given: str) -> list[Path]:
    if given == "-":
        return _lines(sys.stdin)
    path = Path(given)
    if path.is_dir():
        pictures = sorted(p for p in path.rglob("*") if p.suffix.lower() in IMAGE_SUFFIXES and p.is_file())
        if not pictures:
            raise DataError(f"{path}: no pictures in this folder; looked for {', '.join(sorted(IMAGE_SUFFIXES))}")
        return pictures
    if path.exists():
        if path.suffix.lower() in LIST_SUFFIXES:
            with open(path, encoding="utf-8") as stream:
                return _lines(stream)
        return [path]
    if glob.has_magic(given):
        matched = sorted(Path(p) for p in glob.glob(given, recursive=True) if Path(p).is_file())
        if not matched:
            raise DataError(f"{given}: no file matches this pattern")
        return matched
    return [path]


def _lines(stream: Iterable[str]) -> list[Path]:
    return [Path(line.strip()) for line in stream if line.strip()]
