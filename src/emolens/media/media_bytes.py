"""A media file that is in memory."""

from dataclasses import dataclass, field
from pathlib import Path


@dataclass(frozen=True)
class MediaBytes:
    """The bytes of a picture, a video or a sound, under the name that messages call it."""

    name: str
    """With its suffix, by which pictures are told."""
    content: bytes = field(repr=False)

    def __str__(self) -> str:
        return self.name


Medium = str | Path | MediaBytes
"""What decoders read: the path of a file, or its bytes."""
