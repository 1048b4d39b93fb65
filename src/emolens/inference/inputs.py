"""From what a user gives to a list of inputs: one input, one result, in order, duplicates included.

Every kind of input goes through :func:`read_inputs`. A new kind is one function, registered for its type with
``inputs_of.register``.
"""

import glob
import os
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import singledispatch
from pathlib import Path
from typing import Any, Literal

from emolens.errors import ConfigError, DataError
from emolens.files import read_text, walk
from emolens.media.audio import AUDIO_SUFFIXES
from emolens.media.image import IMAGE_SUFFIXES
from emolens.media.video import VIDEO_SUFFIXES
from emolens.people.boxes import Box

Media = Literal["image", "video", "audio"]
LIST_SUFFIXES = (".txt", ".lst")
SUFFIXES: Mapping[Media, frozenset[str]] = {"image": IMAGE_SUFFIXES, "video": VIDEO_SUFFIXES, "audio": AUDIO_SUFFIXES}
WORDS: Mapping[Media, str] = {"image": "pictures", "video": "videos", "audio": "sound files"}
EVERY: tuple[Media, ...] = ("image", "video", "audio")


@dataclass(frozen=True)
class Input:
    """One thing to predict: what a file shows, or a person in a picture.

    Attributes:
        path: of its file.
        media: image, video or audio.
        box: of the person that is asked about, in pixels of the upright picture; None for the scene.
        person: number of that person, from 1; None for the scene.
        box_score: how sure a detector is of the person; None where the box was given.
    """

    path: Path
    media: Media
    box: Box | None = None
    person: int | None = None
    box_score: float | None = None

    @classmethod
    def of(cls, path: str | os.PathLike[str]) -> "Input":
        """The input of a file, its media told by its name."""
        place = Path(path)
        return cls(place, media_of(place))

    @property
    def source(self) -> str:
        """The ``source`` of its rows. A file name may hold bytes that are no text; a row may not."""
        return os.fsencode(self.path).decode("utf-8", "backslashreplace")


def read_inputs(given: Any, media: Sequence[Media] = EVERY) -> list[Input]:
    """Inputs in a stable order: as they are given, files of a folder or pattern sorted.

    Args:
        given: a path, or a sequence of paths. A folder gives the pictures, videos and sound files in it, at any depth;
            a pattern with ``*``, ``?`` or ``[`` what it matches; a ``.txt`` or ``.lst`` file the paths in it, one a
            line, relative to the working folder; ``-`` the same from standard input. Anything else is taken as a file,
            whether it exists or not, so that a missing file gives a row with an error.
        media: what is looked for in folders.

    Raises:
        ConfigError: if the type of what is given is not known.
        DataError: if a folder holds none of ``media``, or a pattern matches nothing.

    Examples:
        >>> [one.media for one in read_inputs(["photo.jpg", "film.mp4", "photo.jpg"])]
        ['image', 'video', 'image']
    """
    return inputs_of(given, media)


@singledispatch
def inputs_of(given: Any, media: Sequence[Media]) -> list[Input]:
    """The inputs in one thing given; a function for each type."""
    raise ConfigError(
        f"an input of type {type(given).__name__} is not known; give a path, or a list of paths of files and folders"
    )


@inputs_of.register(list)
@inputs_of.register(tuple)
def _(given: Sequence[Any], media: Sequence[Media]) -> list[Input]:
    return [one for part in given for one in inputs_of(part, media)]


@inputs_of.register(Input)
def _(given: Input, media: Sequence[Media]) -> list[Input]:
    return [given]


@inputs_of.register(str)
@inputs_of.register(os.PathLike)
def _(given: str | os.PathLike[str], media: Sequence[Media]) -> list[Input]:
    return [Input.of(path) for path in _paths(os.fspath(given), media)]


def media_of(path: Path) -> Media:
    """What a file is, by its name; one without a known suffix is taken for a picture, whose bytes then decide."""
    suffix = path.suffix.lower()
    return "video" if suffix in VIDEO_SUFFIXES else "audio" if suffix in AUDIO_SUFFIXES else "image"


def _paths(given: str, media: Sequence[Media]) -> list[Path]:
    if given == "-":
        return _lines(sys.stdin.read())
    path = Path(given)
    kind = _kind(path)
    if kind == "folder":
        files = walk(path, frozenset[str]().union(*(SUFFIXES[m] for m in media)))
        if not files:
            looked = ", ".join(f"{WORDS[m]} ({', '.join(sorted(SUFFIXES[m]))})" for m in media)
            raise DataError(f"{path}: nothing to read in this folder; looked for {looked}")
        return files
    if kind == "file":
        return _lines(read_text(path)) if path.suffix.lower() in LIST_SUFFIXES else [path]
    if glob.has_magic(given):
        matched = sorted(Path(p) for p in glob.glob(given, recursive=True) if Path(p).is_file())
        if not matched:
            raise DataError(f"{given}: no file matches this pattern")
        return matched
    return [path]


def _kind(path: Path) -> Literal["folder", "file"] | None:
    """What is there; None for nothing, and for what cannot be looked at: reading it will say why."""
    try:
        return "folder" if path.is_dir() else "file" if path.exists() else None
    except (OSError, ValueError):  # a name too long, a folder that may not be entered, a NUL
        return None


def _lines(text: str) -> list[Path]:
    return [Path(line.strip()) for line in text.splitlines() if line.strip()]
