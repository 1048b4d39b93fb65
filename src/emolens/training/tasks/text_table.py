"""Embeddings of the texts of a split: computed once, kept on disk, read from there row by row.

Legend: N rows of a split, T different texts, D width of the teacher's embedding.
"""

import hashlib
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import torch
from numpy.lib.format import open_memmap
from numpy.typing import NDArray
from torch import Tensor

from emolens.data.text.descriptions import overlong_notice
from emolens.errors import DataError, EmolensError
from emolens.files import atomic_path
from emolens.models.backbones.base import Backbone
from emolens.progress import notice, progress
from emolens.training.processes.agreement import agree

if TYPE_CHECKING:
    from lightning_fabric import Fabric

TEXTS_AT_ONCE = 256  # on two CPU cores more is no faster
PART = 32 * TEXTS_AT_ONCE  # texts of one file while they are computed: what a stop can lose; 16 MB at D = 512


class TextTable:
    """The text of every row of a split, each different text encoded once.

    Args:
        embedding_TD: float32, shape (T, D); may be a file that is mapped into memory.
        index_N: int64, shape (N,): which text each row has.
        device: where the rows go that are asked for.
    """

    def __init__(
        self, embedding_TD: NDArray[np.float32], index_N: NDArray[np.int64], device: torch.device | str = "cpu"
    ) -> None:
        self.embedding_TD, self.index_N, self.device = embedding_TD, index_N, torch.device(device)

    @classmethod
    def of(cls, texts: Sequence[str], teacher: Backbone, cache: Path, fabric: "Fabric | None" = None) -> "TextTable":
        """Encode what is not in the cache; a text longer than CLIP's 77 tokens is cut there, as CLIP does.

        One process computes. The others wait and read its file; where they do not see it, because the folder is on a
        disk of each machine, the first process of each machine computes once more.

        Args:
            texts: of the N rows.
            teacher: a backbone that encodes text; its fingerprint and the texts name the file.
            cache: folder of such files; stopped half-way, the next run continues.
            fabric: of the processes that call this together; None for one alone.

        Raises:
            DataError: the folder cannot be written, or the file is damaged.
        """
        index_of = {text: index for index, text in enumerate(dict.fromkeys(texts))}
        unique = list(index_of)
        place = cache / teacher.fingerprint[:16] / f"texts-{_sha256(unique)[:32]}.npy"
        first = fabric is None or fabric.is_global_zero
        if first and (warning := overlong_notice(unique)):
            notice(f"emolens: {warning}")
        # One round for the first process of all, and one for the first of each machine that does not see its file.
        for computes in (first, fabric is not None and fabric.local_rank == 0):
            failed = None
            try:
                if computes:
                    _compute(unique, teacher, place)
            except EmolensError as error:
                failed = error
            if fabric is not None:
                agree(fabric, str(place), {}, failed)
            elif failed is not None:
                raise failed
        index_N = np.array([index_of[text] for text in texts], dtype=np.int64)
        return cls(_mapped(place, (len(unique), teacher.embed_dim)), index_N, teacher.device)

    def rows(self, rows: Sequence[int]) -> Tensor:
        """Embeddings of the texts of these rows, in their order, (len(rows), D)."""
        return self._on_device(self.index_N[np.asarray(rows, dtype=np.int64)])

    def first(self, count: int) -> Tensor:
        """The first different texts, at most ``count`` of them."""
        return self._on_device(np.arange(min(count, len(self.embedding_TD))))

    def _on_device(self, text_K: NDArray[np.int64]) -> Tensor:
        return torch.from_numpy(self.embedding_TD[text_K]).to(self.device, non_blocking=True)


def _compute(unique: list[str], teacher: Backbone, place: Path) -> None:
    """Write the file, part by part; parts that are there already are those of a run that was stopped."""
    if place.exists():
        return
    spans = [(first, min(first + PART, len(unique))) for first in range(0, len(unique), PART)]
    parts = [place.with_suffix(f".{number:05d}.npy") for number in range(len(spans))]
    with progress("encode texts", len(unique)) as advance:
        for (first, last), part in zip(spans, parts, strict=True):
            if part.exists():
                advance(last - first)
                continue
            embedding_PD = np.empty((last - first, teacher.embed_dim), dtype=np.float32)
            for start in range(first, last, TEXTS_AT_ONCE):
                stop = min(start + TEXTS_AT_ONCE, last)
                embedding_PD[start - first : stop - first] = teacher.encode_text(unique[start:stop]).numpy()
                advance(stop - start)
            with atomic_path(part) as temporary:
                np.save(temporary, embedding_PD, allow_pickle=False)
    with atomic_path(place) as temporary:
        whole_TD = open_memmap(temporary, "w+", np.float32, (len(unique), teacher.embed_dim))
        for (first, last), part in zip(spans, parts, strict=True):
            whole_TD[first:last] = _mapped(part, (last - first, teacher.embed_dim))
        whole_TD.flush()
    for part in parts:
        part.unlink(missing_ok=True)


def _mapped(place: Path, shape: tuple[int, int]) -> NDArray[np.float32]:
    try:
        table: NDArray[np.float32] = np.load(place, mmap_mode="r", allow_pickle=False)
        if table.shape != shape or table.dtype != np.float32:
            raise ValueError(f"it holds {table.dtype} {table.shape}, not float32 {shape}")
    except (OSError, ValueError) as error:
        raise DataError(f"{place}: is damaged ({error}); delete it, and the texts are encoded again") from error
    return table


def _sha256(unique: Sequence[str]) -> str:
    digest = hashlib.sha256()
    for text in unique:
        encoded = text.encode("utf-8", "surrogatepass")
        digest.update(len(encoded).to_bytes(8, "little"))
        digest.update(encoded)
    return digest.hexdigest()
