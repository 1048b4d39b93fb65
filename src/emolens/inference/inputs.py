"""From what a user typed to a list of files."""

import glob
import sys
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Literal

from emolens.errors import DataError
from emolens.media.audio import AUDIO_SUFFIXES
from emolens.media.image import IMAGE_SUFFIXES
from emolens.media.video import VIDEO_SUFFIXES

Media = Literal["image", "video", "audio"]
LIST_SUFFIXES = (".txt", ".lst")
SUFFIXES: Mapping[Media, frozenset[str]] = {"image": IMAGE_SUFFIXES, "video": VIDEO_SUFFIXES, "audio": AUDIO_SUFFIXES}
WORDS: Mapping[Media, str] = {"image": "pictures", "video": "videos", "audio": "sound files"}
EVERY: tuple[Media, ...] = ("image", "video", "audio")


def expand_inputs(inputs: Iterable[str | Path], media: Sequence[Media] = EVERY) -> list[Path]:
    """Files in a stable order, each once.

    A folder gives the pictures, videos and sound files in it, at any depth, sorted; a pattern with ``*``, ``?`` or
    ``[`` what it matches; a ``.txt`` or ``.lst`` file the paths in it, one a line, relative to the working folder;
    ``-`` the same from standard input; anything else is taken as a file, whether it exists or not, so that a missing
    one becomes a row with an error.

    Args:
        inputs: what was typed.
        media: what is looked for in folders.

    Raises:
        DataError: a folder without any of them, or a pattern that matches nothing.
    """
    found: dict[Path, None] = {}
    for given in inputs:
        found.update(dict.fromkeys(_expand(str(given), media)))
    return list(found)


def media_of(path: Path) -> Media:
    """What a file is, by its name; one without a telling suffix is taken for a picture, whose bytes then decide."""
    suffix = path.suffix.lower()
    return "video" if suffix in VIDEO_SUFFIXES else "audio" if suffix in AUDIO_SUFFIXES else "image"


def _expand(given: str, media: Sequence[Media]) -> list[Path]:
    if given == "-":
        return _lines(sys.stdin)
    path = Path(given)
    if path.is_dir():
        suffixes = frozenset[str]().union(*(SUFFIXES[m] for m in media))
        files = sorted(p for p in path.rglob("*") if p.suffix.lower() in suffixes and p.is_file())
        if not files:
            looked = ", ".join(f"{WORDS[m]} ({', '.join(sorted(SUFFIXES[m]))})" for m in media)
            raise DataError(f"{path}: nothing of use in this folder; looked for {looked}")
        return files
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
