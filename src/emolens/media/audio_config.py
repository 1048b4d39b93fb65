"""How sound becomes numbers, stated once: for the feature functions, for a network's input, and for its training."""

from dataclasses import dataclass, fields
from typing import Literal

from emolens.errors import ConfigError

Feature = Literal["mfcc", "log_mel"]


@dataclass(frozen=True)
class AudioConfig:
    """The feature of a sound; travels with the weights. Defaults: AV-CPNet (arXiv 2311.17335).

    Raises:
        ConfigError: if a number is not a positive integer, ``feature`` is unknown, or ``coefficients`` are more than
            ``n_mels``.
    """

    feature: Feature = "mfcc"
    """MFCC, as the release of AV-CANet, or the log-mel spectrogram (ours)."""
    rate: int = 44100
    """Samples a second."""
    n_fft: int = 2048
    """Samples of a window (Hann) of the short-time Fourier transform."""
    hop: int = 512
    """Samples from one frame to the next."""
    n_mels: int = 128
    """Mel bands: those below the MFCC, or those of the log-mel spectrogram."""
    coefficients: int = 32
    """How many MFCC are kept; the log-mel spectrogram has none."""

    def __post_init__(self) -> None:
        if self.feature not in ("mfcc", "log_mel"):
            raise ConfigError(f'audio.feature "{self.feature}": must be mfcc or log_mel')
        for field in fields(self):
            value = getattr(self, field.name)
            if field.name != "feature" and (not isinstance(value, int) or value < 1):
                raise ConfigError(f"audio.{field.name} {value!r}: must be a positive integer")
        if self.feature == "mfcc" and self.coefficients > self.n_mels:
            raise ConfigError(f"audio.coefficients {self.coefficients}: must be at most audio.n_mels {self.n_mels}")

    @property
    def bands(self) -> int:
        """Numbers of one frame: the coefficients, or the mel bands."""
        return self.coefficients if self.feature == "mfcc" else self.n_mels
