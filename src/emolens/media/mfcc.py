"""Mel-frequency cepstral coefficients on torch, equal to librosa's, and their cut into segments.

Legend: B waves, T samples, M coefficients or bands, C coefficients where bands are meant too, F
frames, S segments.
"""

from functools import lru_cache
from math import sqrt

import torch
from torch import Tensor

from emolens.media.audio_config import AudioConfig
from emolens.media.log_mel import log_mel


def mfcc(wave_BT: Tensor, config: AudioConfig) -> Tensor:
    """Coefficients of the orthonormal DCT-II of each log-mel frame.

    What ``librosa.feature.mfcc(y=y, sr=rate, n_mfcc=coefficients, n_fft=n_fft, hop_length=hop)`` gives for each wave by
    itself, to 1e-3.

    Args:
        wave_BT: float32 in [-1, 1], shape (B, T).

    Returns:
        float32, shape (B, coefficients, F) with F = 1 + T // hop.
    """
    decibel_BMF = log_mel(wave_BT, config)
    # In float64: silence is a constant of -100 dB, whose sum over the bands float32 does not hold to 1e-3.
    basis_CM = cosines(config.coefficients, config.n_mels).to(wave_BT.device)
    return (basis_CM @ decibel_BMF.double()).float()


@lru_cache(maxsize=8)
def cosines(coefficients: int, bands: int) -> Tensor:
    """The first rows of the orthonormal DCT-II, float64, shape (coefficients, bands)."""
    row_C1 = torch.arange(coefficients, dtype=torch.float64)[:, None]
    place_M = torch.arange(bands, dtype=torch.float64) + 0.5
    basis_CM = torch.cos(torch.pi / bands * row_C1 * place_M) * sqrt(2 / bands)
    basis_CM[0] /= sqrt(2)
    return basis_CM


def tile_or_cut(feature_MF: Tensor, frames: int) -> Tensor:
    """Exactly ``frames`` frames, shape (M, frames): a longer sound is cut, a shorter one begins anew until it is full.

    Raises:
        ValueError: if there is no frame at all.
    """
    present = feature_MF.shape[-1]
    if present == 0:
        raise ValueError("a sound without a frame cannot be repeated")
    return feature_MF[:, torch.arange(frames) % present] if present < frames else feature_MF[:, :frames]


def segmented(feature_MF: Tensor, segments: int, frames: int) -> Tensor:
    """The frames in order as (S, frames, M), contiguous: AV-CPNet's 16 x 256 x 32; tiled or cut to S * frames."""
    whole_MF = tile_or_cut(feature_MF, segments * frames)
    return whole_MF.T.reshape(segments, frames, -1).contiguous()
