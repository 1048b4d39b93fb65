"""Clips of a manifest as the input of an audio-visual network.

Legend: B rows of a batch, S segments, T frames of one, H = W = size, C = 3 channels; F audio frames of a segment, M
coefficients; N rows.
"""

import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import torch
from torch import Tensor
from torch.utils.data import Dataset

from emolens.data.loaders.crops import sample_rng
from emolens.data.loaders.pictures import MAX_BAD
from emolens.data.loaders.video_augment import VideoAugment
from emolens.data.loaders.video_cache import cached_video
from emolens.data.manifest import Manifest
from emolens.errors import DataError, MediaError
from emolens.media.video_sample import VideoConfig, VideoSample, finish_video, read_raw
from emolens.media.video_source import VideoSource, open_source


class VideoDataset(Dataset[dict[str, Tensor]]):
    """``dataset[rows]`` gives a batch:

        video: (B, S, T, H, W, C) uint8 RGB; zeros for a clip without pictures.
        audio: (B, S, F, M) float32; zeros for a clip without sound.
        has_video, has_audio: (B,) bool.
        row: (B,) int64.

    What a row looks like is decided by (seed, epoch, row) alone: not by workers, or by whether it came from the cache
    (but for the loss of its JPEG frames and 16-bit sound).

    Args:
        manifest: videos, sounds or pictures, from files.
        config: how a clip is cut.
        seed: of places and augmentation.
        train: takes the frames of each segment at a random place, augments, and replaces a clip that cannot be read by
            the next row, which is said once. False takes the centre, and such a clip is an error.
        augment: of training clips; None for none.
        cache: folder of ``emolens data clips``; a clip that is not in it, or has changed, is read from its file.
        video, audio: False leaves that modality undecoded, for a network that does not take it: ``has_*`` is False.

    Raises:
        DataError: the rows are in shards.
    """

    def __init__(
        self,
        manifest: Manifest,
        config: VideoConfig,
        seed: int = 0,
        train: bool = True,
        augment: VideoAugment | None = None,
        cache: Path | None = None,
        *,
        video: bool = True,
        audio: bool = True,
    ) -> None:
        if "shard" in manifest.frame.columns:
            raise DataError(
                "clips are read from files, not out of shards; use the manifest that the shards were made of"
            )
        self.config, self.seed, self.train, self.cache = config, seed, train, cache
        self.augment = augment if train else None
        self.video, self.audio = video, audio
        self._names = [str(path) for path in manifest.frame["path"]]
        self._ids = manifest.frame["id"].to_numpy()
        self._root = manifest.root.absolute()
        self._said: set[int] = set()
        self._epoch = torch.zeros((), dtype=torch.int64).share_memory_()  # type: ignore[no-untyped-call]  # seen by workers that live on

    def __len__(self) -> int:
        return len(self._names)

    def set_epoch(self, epoch: int) -> None:
        """Choose the epoch whose clips are drawn next; workers that are alive hear of it too."""
        self._epoch.fill_(epoch)

    def name(self, row: int) -> str:
        """The row as messages call it."""
        return f'row {row} (id "{self._ids[row]}")'

    def __getitem__(self, rows: Sequence[int]) -> dict[str, Tensor]:
        c, epoch = self.config, int(self._epoch)
        video_BSTHWC = torch.zeros((len(rows), c.segments, c.frames, c.size, c.size, 3), dtype=torch.uint8)
        audio_BSFM = torch.zeros((len(rows), c.segments, c.audio_frames, c.bands))
        taken_B = torch.empty(len(rows), dtype=torch.int64)
        has_video_B, has_audio_B = (torch.zeros(len(rows), dtype=torch.bool) for _ in range(2))
        for b, row in enumerate(rows):
            rng = sample_rng(self.seed, epoch, int(row)) if self.train else None
            taken_B[b], clip = self._clip_or_next(int(row), rng) if rng else (int(row), self._clip(int(row), None))
            if clip.video_STHWC is not None:
                video_BSTHWC[b], has_video_B[b] = clip.video_STHWC, True
            if clip.audio_SFM is not None:
                audio_BSFM[b], has_audio_B[b] = clip.audio_SFM, True
        return {
            "video": video_BSTHWC,
            "audio": audio_BSFM,
            "has_video": has_video_B,
            "has_audio": has_audio_B,
            "row": taken_B,
        }

    def _clip_or_next(self, row: int, rng: np.random.Generator) -> tuple[int, VideoSample]:
        """A file that cannot be read, one among many thousands, must not end a run of days."""
        for step in range(MAX_BAD):
            other = (row + step) % len(self)
            try:
                return other, self._clip(other, rng)
            except MediaError as error:
                if other not in self._said:
                    self._said.add(other)
                    print(f"emolens: {error}; the next clip is taken instead", file=sys.stderr, flush=True)
        raise DataError(
            f"{self.name(row)} and the {MAX_BAD - 1} rows after it cannot be read; are the clips still where the "
            f"manifest says ({self._root})?"
        )

    def _clip(self, row: int, rng: np.random.Generator | None) -> VideoSample:
        config, augment = self.config, self.augment
        side = augment.reading_side(config.size) if augment else None
        try:
            source = self._source(row, side or config.size)
            video, audio = self.video and source.has_video, self.audio and source.has_audio
            if not (video or audio):
                return VideoSample(None, None, source.duration_s or 0.0, 0.0, source.duration_s or 0.0, ())
            raw = read_raw(source, config, rng=rng, video=video, audio=audio, side=side)
        except MediaError as error:
            raise MediaError(f"{self.name(row)}: {error}") from error
        if augment is None or rng is None:
            return finish_video(raw, config)
        image_KHWC, wave_T = raw.image_KHWC, raw.wave_T
        if image_KHWC is not None:
            image_KHWC = augment.pictures(image_KHWC, config.size, rng)
        if wave_T is not None:
            wave_T = augment.sound(wave_T, config.rate, rng)
        clip = finish_video(replace(raw, image_KHWC=image_KHWC, wave_T=wave_T), config)
        return clip if clip.audio_SFM is None else replace(clip, audio_SFM=augment.feature(clip.audio_SFM, rng))

    def _source(self, row: int, side: int) -> VideoSource:
        name = self._names[row]
        path = self._root / name
        if self.cache is not None:
            found = cached_video(self.cache, name, path, side, self.config.rate, self.config.sound_s)
            if found is not None:
                return found
        return open_source(path)
