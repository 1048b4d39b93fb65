"""Files that a table or a list speaks of: where they lie, and of what kind they are."""

import os
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Literal

from emolens.data.importers.patterns import one_group_pattern
from emolens.errors import ConfigError, DataError
from emolens.media.audio import AUDIO_SUFFIXES
from emolens.media.image import IMAGE_SUFFIXES
from emolens.media.video import VIDEO_SUFFIXES
from emolens.names import did_you_mean

Media = Literal["image", "video", "audio"]
MEDIA: Mapping[str, tuple[str, frozenset[str]]] = {
    "image": ("pictures", IMAGE_SUFFIXES),
    "video": ("videos", VIDEO_SUFFIXES),
    "audio": ("sounds", AUDIO_SUFFIXES),
}
"""Media -> what people call them, and their suffixes."""


def check_templates(templates: Sequence[str], known: Sequence[str]) -> None:
    """Find a name in braces that is not ``known``.

    Raises:
        ConfigError: if there is one.
    """
    for template in templates:
        for name in re.findall(r"\{([^{}]*)\}", template):
            if name not in known:
                raise ConfigError(f'--path "{template}": no {{{name}}} here; {did_you_mean(name, known)}')


def find_file(root: Path, templates: Sequence[str], values: Mapping[str, str], media: Media) -> str | None:
    """Path below ``root`` of the file that the first fitting template means, or None where there is none.

    Lists often leave the suffix out, or keep that of a file since converted: then any suffix of the media will do.

    Args:
        templates: paths with names in braces.
        values: name -> what stands for it.
    """
    suffixes = MEDIA[media][1]
    for template in templates:
        path = re.sub(r"\{([^{}]*)\}", lambda name: values[name.group(1)], template)
        if os.path.isfile(root / path):
            return path
        bare, suffix = os.path.splitext(path)
        for start in (path, bare) if suffix.lower() in suffixes else (path,):
            for other in sorted(suffixes):
                if os.path.isfile(root / (start + other)):
                    return start + other
    return None


def group_of(path: str, pattern: str) -> str:
    """The first group of the regular expression, matched on the file's name without suffix.

    Raises:
        ConfigError: if it is no regular expression with a group.
        DataError: if it does not match.
    """
    name = os.path.basename(path)
    stem, suffix = os.path.splitext(name)
    if suffix.lower() not in frozenset().union(*(known for _, known in MEDIA.values())):
        stem = name  # "Vol.2" is a name, not a suffix
    match = one_group_pattern(pattern, "--group-pattern").match(stem)
    if match is None:
        raise DataError(f'{path}: no group in its name (pattern "{pattern}")')
    return match.group(1)


def absent_note(absent: int, rows: int) -> list[str]:
    """The note that rows without a file were left out, if any were."""
    return [f"{absent} of {rows} rows were left out: their files are absent"] if absent else []
