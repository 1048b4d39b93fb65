"""A model under a condition: what would it say without the sound, with fewer frames, in noise?

Legend: K frames, T samples.
"""

import math
import zlib
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, get_args

import numpy as np
from numpy.typing import NDArray

from emolens.errors import ConfigError
from emolens.names import did_you_mean

Modality = Literal["fused", "audio", "video"]


@dataclass(frozen=True)
class Perturbation:
    """What a model is given, and which of its answers is taken.

    Attributes:
        modality: the model's answer from both, or its own answer from sound or from pictures alone.
        sound, pictures: False takes that away, as if the file had none.
        keep_frames: share of the frames that are kept, in (0, 1]; each lost one shows the last kept one before it.
        noise_db: white noise on the sound, at this signal-to-noise ratio in decibels relative to the power of the
            sound itself; None for none.
        seed: of the losses and of the noise, which depend on it and on the name of the file alone.

    Raises:
        ConfigError: a value that cannot be.
    """

    modality: Modality = "fused"
    sound: bool = True
    pictures: bool = True
    keep_frames: float = 1.0
    noise_db: float | None = None
    seed: int = 0

    def __post_init__(self) -> None:
        if self.modality not in get_args(Modality):
            raise ConfigError(f'modality "{self.modality}": {did_you_mean(self.modality, get_args(Modality))}')
        if not 0 < self.keep_frames <= 1:
            raise ConfigError(f"keep_frames is a share in (0, 1], not {self.keep_frames}")
        if self.noise_db is not None and not math.isfinite(self.noise_db):
            raise ConfigError(f"noise_db is a number of decibels, not {self.noise_db}; None is no noise")
        if not (self.sound or self.pictures):
            raise ConfigError("with neither sound nor pictures there is nothing to predict from")
        if (self.modality == "audio" and not self.sound) or (self.modality == "video" and not self.pictures):
            raise ConfigError(f"the answer from {self.modality} alone needs the {self.modality} that was taken away")

    def rng(self, path: Path, what: str) -> np.random.Generator:
        """Random numbers for one use on one file, the same in every run, on every machine and in any order."""
        return np.random.default_rng([self.seed, zlib.crc32(f"{what}/{path.name}".encode("utf-8", "backslashreplace"))])

    def held_frames(self, count: int, path: Path) -> NDArray[np.int64]:
        """For each of ``count`` frames the one that is shown, int64, shape (K,), in [0, K).

        A kept frame shows itself, a lost one the last kept one before it; before the first kept one, that.
        """
        kept = max(1, round(self.keep_frames * count))
        place_K = np.arange(count)
        if kept >= count:
            return place_K
        chosen = np.sort(self.rng(path, "frames").choice(count, kept, replace=False))
        last_K = np.searchsorted(chosen, place_K, side="right") - 1
        return np.asarray(chosen[last_K.clip(0)], dtype=np.int64)

    def noisy(self, wave_T: NDArray[np.float32], path: Path) -> NDArray[np.float32]:
        """The wave with white noise: x + n, n ~ N(0, mean(x^2) / 10^(noise_db / 10)), float32, shape (T,).

        Not clipped to [-1, 1], which would colour the noise.
        """
        if self.noise_db is None or len(wave_T) == 0:
            return wave_T
        power = float(np.mean(wave_T.astype(np.float64) ** 2))
        deviation = math.sqrt(power / 10 ** (self.noise_db / 10))
        noise_T = self.rng(path, "noise").standard_normal(len(wave_T), dtype=np.float32)
        return wave_T + np.float32(deviation) * noise_T
