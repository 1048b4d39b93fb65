"""MFCC and log-mel spectrum, held against librosa's, and their cut into segments."""

import numpy as np
import pytest
import torch

from emolens.media.audio import read_audio
from emolens.media.audio_config import AudioConfig
from emolens.media.log_mel import log_mel
from emolens.media.mfcc import mfcc, segmented, tile_or_cut

librosa = pytest.importorskip("librosa")
RATE = 44100


def waves() -> dict[str, np.ndarray]:
    rng = np.random.default_rng(0)
    sine = 0.5 * np.sin(2 * np.pi * 440 * np.arange(RATE) / RATE)
    return {
        "noise": rng.standard_normal(30000) * 0.1,
        "loud, then silent": np.concatenate([sine, np.zeros(RATE)]),
        "quiet": sine * 1e-4,
        "silence": np.zeros(20000),
        "shorter than a window": sine[:700],
        "one sample": np.full(1, 0.3),
    }


def check(wave_T: np.ndarray, config: AudioConfig) -> None:
    wave_T = wave_T.astype(np.float32)
    settings = {"sr": config.rate, "n_fft": config.n_fft, "hop_length": config.hop, "n_mels": config.n_mels}
    expected = librosa.feature.mfcc(y=wave_T, n_mfcc=config.coefficients, **settings)
    found = mfcc(torch.from_numpy(wave_T)[None], config)[0]
    assert found.dtype == torch.float32
    np.testing.assert_allclose(found.numpy(), expected, atol=1e-3, rtol=0)
    decibel = librosa.power_to_db(librosa.feature.melspectrogram(y=wave_T, **settings))
    np.testing.assert_allclose(log_mel(torch.from_numpy(wave_T)[None], config)[0].numpy(), decibel, atol=1e-3, rtol=0)


@pytest.mark.filterwarnings("ignore:n_fft=")
@pytest.mark.parametrize("name", waves())
def test_equals_librosa(name):
    check(waves()[name], AudioConfig())


@pytest.mark.parametrize(
    "config",
    [
        AudioConfig("mfcc", 16000, 512, 160, 40, 13),
        AudioConfig("mfcc", 22050, 1024, 256, 64, 64),
        AudioConfig("mfcc", 8000, 400, 100),
    ],
)
@pytest.mark.filterwarnings("ignore:Empty filters")
def test_equals_librosa_in_other_settings(config):
    check(waves()["noise"], config)


@pytest.mark.shared
def test_equals_librosa_on_real_speech(shared):
    for name in ("01-01-01_01.mp4", "05-02-06_01.mp4"):
        sound = read_audio(shared / "data/javanese" / name)
        assert sound is not None
        check(sound.wave_T, AudioConfig())


def test_a_batch_is_each_wave_by_itself():
    loud = torch.from_numpy(waves()["noise"]).float()
    both = mfcc(torch.stack([loud, loud * 1e-3]), AudioConfig())
    for row, wave_T in enumerate((loud, loud * 1e-3)):
        torch.testing.assert_close(both[row], mfcc(wave_T[None], AudioConfig())[0], rtol=0, atol=1e-3)


def test_frames_and_shapes():
    wave_BT = torch.zeros(3, 512 * 7)
    assert mfcc(wave_BT, AudioConfig()).shape == (3, 32, 8)
    assert log_mel(wave_BT, AudioConfig(n_mels=64)).shape == (3, 64, 8)


@pytest.mark.parametrize("frames", [1, 4, 5, 9, 11])
def test_tile_or_cut(frames):
    feature_MF = torch.arange(10.0).view(2, 5)
    expected = [[float(row * 5 + f % 5) for f in range(frames)] for row in range(2)]
    assert tile_or_cut(feature_MF, frames).tolist() == expected


def test_nothing_cannot_be_tiled():
    with pytest.raises(ValueError, match="without a frame"):
        tile_or_cut(torch.zeros(2, 0), 4)


def test_segments_are_consecutive_in_time():
    feature_MF = torch.arange(7.0) + torch.tensor([[0.0], [100.0]])
    found_SFM = segmented(feature_MF, 2, 4)
    assert found_SFM.shape == (2, 4, 2)
    assert found_SFM.is_contiguous()
    for s in range(2):
        for f in range(4):
            assert found_SFM[s, f].tolist() == feature_MF[:, (s * 4 + f) % 7].tolist()
