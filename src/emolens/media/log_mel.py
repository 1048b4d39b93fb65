"""Log-mel spectrogram on torch, equal to librosa's.

Legend: B waves, T samples, K = n_fft // 2 + 1 frequencies, M mel bands, F = 1 + T // hop frames.
"""

from functools import lru_cache
from math import exp, log

import torch
from torch import Tensor

from emolens.media.audio_config import AudioConfig

LINEAR_HZ = 200 / 3  # Hz a mel below 1 kHz (Slaney's Auditory Toolbox, 1998)
BREAK_HZ = 1000.0
LOG_STEP = 0.06875177742094912  # ln(6.4) / 27: above 1 kHz, 27 mels for a factor of 6.4
LEAST_POWER = 1e-10  # of the decibels, as in librosa
TOP_DB = 80.0


def log_mel(wave_BT: Tensor, config: AudioConfig) -> Tensor:
    """Mel power spectrogram in decibels.

    What ``librosa.feature.melspectrogram`` and ``librosa.power_to_db`` give for each wave by itself: Hann window,
    frames centred on multiples of the hop, zeros beyond the ends, Slaney's mel scale with filters of equal area, power,
    decibels re 1, and nothing more than 80 dB below the wave's loudest band.

    Args:
        wave_BT: float32 in [-1, 1], shape (B, T).
        config: its rate, n_fft, hop and n_mels.

    Returns:
        float32, shape (B, M, F) with F = 1 + T // hop.
    """
    window = _hann(config.n_fft, wave_BT.device)
    spectrum_BKF = torch.stft(
        wave_BT, config.n_fft, config.hop, window=window, center=True, pad_mode="constant", return_complex=True
    )
    power_BKF = spectrum_BKF.real.square().add_(spectrum_BKF.imag.square())
    mel_BMF = mel_filters(config).to(wave_BT.device) @ power_BKF
    decibel_BMF = 10 * mel_BMF.clamp_(min=LEAST_POWER).log10_()
    return torch.maximum(decibel_BMF, decibel_BMF.amax((1, 2), keepdim=True) - TOP_DB)


@lru_cache(maxsize=8)
def mel_filters(config: AudioConfig) -> Tensor:
    """Triangles between neighbouring mel bands, float32, shape (M, K); each has an area of 2 Hz per Hz (Slaney)."""
    top_mel = _mel(config.rate / 2)
    edge_M = torch.tensor(
        [_hertz(top_mel * m / (config.n_mels + 1)) for m in range(config.n_mels + 2)], dtype=torch.float64
    )
    bin_K = torch.linspace(0, config.rate / 2, config.n_fft // 2 + 1, dtype=torch.float64)
    low_M1, peak_M1, high_M1 = edge_M[:-2, None], edge_M[1:-1, None], edge_M[2:, None]
    rise_MK, fall_MK = (bin_K - low_M1) / (peak_M1 - low_M1), (high_M1 - bin_K) / (high_M1 - peak_M1)
    return (torch.minimum(rise_MK, fall_MK).clamp(min=0) * 2 / (high_M1 - low_M1)).float()


@lru_cache(maxsize=8)
def _hann(samples: int, device: torch.device) -> Tensor:
    return torch.hann_window(samples, device=device)


def _mel(hertz: float) -> float:
    return hertz / LINEAR_HZ if hertz < BREAK_HZ else BREAK_HZ / LINEAR_HZ + log(hertz / BREAK_HZ) / LOG_STEP


def _hertz(mel: float) -> float:
    at_break = BREAK_HZ / LINEAR_HZ
    return mel * LINEAR_HZ if mel < at_break else BREAK_HZ * exp((mel - at_break) * LOG_STEP)
