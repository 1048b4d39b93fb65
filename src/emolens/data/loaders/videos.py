"""Videos of a manifest as the input of an audio-visual network.

Legend: B rows of a batch, S segments, T frames of one, H = W = size, C = 3 channels; F audio frames of a segment, M
coefficients; K different frames; P samples of sound; N rows.
"""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from emolens.data.loaders.bad_rows import BadRows
from emolens.data.loaders.seeded import SeededDataset
from emolens.data.loaders.video_augment import VideoAugment
from emolens.data.loaders.video_cache import cached_video
from emolens.data.manifest import Manifest
from emolens.data.stored_files import StoredFiles
from emolens.errors import MediaError
from emolens.media.video_sample import VideoConfig, VideoSample, finish_video, read_raw
from emolens.media.video_source import VideoSource, open_source


class VideoDataset(SeededDataset):
    """``dataset[rows]`` gives a batch:

        video: (B, S, T, H, W, C) uint8 RGB; zeros for a row without pictures.
        audio: (B, S, F, M) float32; zeros for a row without sound.
        has_video, has_audio: (B,) bool.
        row: (B,) int64, the rows that were read. The task has their labels.

    What a row looks like depends on (seed, epoch, row) alone, except that a decoded copy has JPEG frames and 16-bit
    sound.

    Args:
        manifest: videos, sounds or pictures, from files or shards.
        config: how a video is cut into frames and sound.
        seed: of places and augmentation.
        train: True takes the frames of each segment at a random place, augments, and replaces a row that cannot be read
            by the next one, which is reported once. False reads the video exactly as prediction does; a row that
            cannot be read is then an error.
        augment: of training videos; None for none.
        cache: folder of ``emolens data decode``; a video that is not in it, or has changed, is read from its file.
        video, audio: False leaves that modality undecoded, for a network that does not take it: ``has_*`` is False.
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
        super().__init__(seed)
        self.config, self.train, self.cache = config, train, cache
        self.augment = augment if train else None
        self.video, self.audio = video, audio
        self._files = StoredFiles(manifest)
        self._ids = manifest.frame["id"].to_numpy()
        self._bad = BadRows(len(self._files), "video", self._files.location)

    def __len__(self) -> int:
        return len(self._files)

    def expect(self, rows: Sequence[int]) -> None:
        if self.cache is None:
            self._files.expect(rows)

    def name(self, row: int) -> str:
        """The row as messages call it."""
        return f'row {row} (id "{self._ids[row]}")'

    def __getitem__(self, rows: Sequence[int]) -> dict[str, Tensor]:
        c = self.config
        video_BSTHWC = torch.zeros((len(rows), c.segments, c.frames, c.size, c.size, 3), dtype=torch.uint8)
        audio_BSFM = torch.zeros((len(rows), c.segments, c.audio_frames, c.bands))
        taken_B = torch.empty(len(rows), dtype=torch.int64)
        has_video_B, has_audio_B = (torch.zeros(len(rows), dtype=torch.bool) for _ in range(2))
        for b, row in enumerate(rows):
            taken_B[b], sample = self._read_or_next(int(row)) if self.train else (row, self._read(int(row), None))
            if sample.video_STHWC is not None:
                video_BSTHWC[b], has_video_B[b] = sample.video_STHWC, True
            if sample.audio_SFM is not None:
                audio_BSFM[b], has_audio_B[b] = sample.audio_SFM, True
        return {
            "video": video_BSTHWC,
            "audio": audio_BSFM,
            "has_video": has_video_B,
            "has_audio": has_audio_B,
            "row": taken_B,
        }

    def _read_or_next(self, row: int) -> tuple[int, VideoSample]:
        rng = self.rng(row)
        return self._bad.read_or_next(row, self.name(row), lambda other: self._read(other, rng))

    def _read(self, row: int, rng: np.random.Generator | None) -> VideoSample:
        """One row: augmented with ``rng``, else as in prediction."""
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
        image_KHWC, wave_P = raw.image_KHWC, raw.wave_T
        if image_KHWC is not None:
            image_KHWC = augment.pictures(image_KHWC, config.size, rng)
        if wave_P is not None:
            wave_P = augment.sound(wave_P, config.audio.rate, rng)
        sample = finish_video(replace(raw, image_KHWC=image_KHWC, wave_T=wave_P), config)
        if sample.audio_SFM is None:
            return sample
        return replace(sample, audio_SFM=augment.feature(sample.audio_SFM, rng))

    def _source(self, row: int, side: int) -> VideoSource:
        if self.cache is not None:
            found = cached_video(self.cache, self._files, row, side, self.config.audio.rate, self.config.sound_s)
            if found is not None:
                return found
        (stored,) = self._files.read([row])
        if isinstance(stored, MediaError):
            raise stored
        return open_source(stored)
