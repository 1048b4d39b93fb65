"""Boxes that are detected once, on disk.

``DIR/<first 16 digits of the detector's fingerprint>.jsonl`` has a line for each content that went through the
detector, appended as it is done: what was finished before a Ctrl-C, or a power cut, is never computed again. Boxes are
kept down to a score of ``FLOOR``, so that another threshold needs no detector either. The frames of a video stand in
``DIR/<the same digits>/<first 16 digits of the video's SHA-256>.jsonl``.
"""

import json
import os
from pathlib import Path
from types import TracebackType
from typing import IO

import numpy as np

from emolens.files import write_error
from emolens.people.boxes import PersonBoxes

FLOOR = 0.05  # below this a detector of COCO names noise


class BoxCache:
    """SHA-256 of a file's content -> size of the upright picture and its persons.

    Args:
        directory: made if need be; may be shared by several runs.
        fingerprint: of the detector; of the video, for its frames.

    Raises:
        DataError: on entering or adding: the disk is full, or the place cannot be written.
    """

    def __init__(self, directory: Path, fingerprint: str) -> None:
        self.path = directory / f"{fingerprint[:16]}.jsonl"
        self._known: dict[str, tuple[int, int, PersonBoxes]] = {}
        self._stream: IO[bytes] | None = None
        if self.path.is_file():
            for line in self.path.read_bytes().splitlines():
                self._take(line)

    def __contains__(self, sha256: str) -> bool:
        return sha256 in self._known

    def __getitem__(self, sha256: str) -> tuple[int, int, PersonBoxes]:
        """(height, width, persons)."""
        return self._known[sha256]

    def __len__(self) -> int:
        return len(self._known)

    def __enter__(self) -> "BoxCache":
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            self._stream = open(self.path, "ab", buffering=0)
            if self._stream.tell():
                with open(self.path, "rb") as written:
                    written.seek(-1, os.SEEK_END)
                    if written.read(1) != b"\n":  # a line torn by a crash: ours begins a new one
                        self._stream.write(b"\n")
        except OSError as error:
            raise write_error(self.path, error) from error
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        if self._stream is not None:
            self._stream.close()

    def add(self, sha256: str, height: int, width: int, persons: PersonBoxes) -> None:
        """Append one picture, in a single write, so that runs that share the file do not mix their lines."""
        assert self._stream is not None, "a BoxCache is added to inside `with`"
        line = json.dumps(
            {
                "sha256": sha256,
                "size": [height, width],
                "boxes": [[round(float(side), 2) for side in box] for box in persons.box_K4],
                "scores": [round(float(score), 4) for score in persons.score_K],
            }
        ).encode()
        try:
            self._stream.write(line + b"\n")
        except OSError as error:
            raise write_error(self.path, error) from error
        self._take(line)  # as it will be read again: the same numbers in this run and in the next

    def _take(self, line: bytes) -> None:
        try:
            row = json.loads(line)
            height, width = (int(side) for side in row["size"])
            box_K4 = np.asarray(row["boxes"], dtype=np.float32).reshape(-1, 4)
            score_K = np.asarray(row["scores"], dtype=np.float32)
            if len(box_K4) == len(score_K):
                self._known[str(row["sha256"])] = (height, width, PersonBoxes(box_K4, score_K))
        except (ValueError, KeyError, TypeError):
            return  # torn: that picture is done again
