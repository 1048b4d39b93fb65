from pathlib import Path

import numpy as np
import pytest

from emolens.errors import ConfigError
from emolens.inference.perturbation import Perturbation

PATH = Path("some/clip.mp4")


def test_a_lost_frame_shows_the_last_kept_one_before_it():
    shown = Perturbation(keep_frames=0.25, seed=3).held_frames(16, PATH)
    kept = sorted(set(shown.tolist()))
    assert len(kept) == 4
    for place, source in enumerate(shown):
        before = [k for k in kept if k <= place]
        assert source == (before[-1] if before else kept[0])


def test_losses_depend_on_seed_and_name_alone():
    losses = Perturbation(keep_frames=0.3, seed=1).held_frames(50, PATH)
    assert (losses == Perturbation(keep_frames=0.3, seed=1).held_frames(50, Path("elsewhere") / PATH.name)).all()
    assert (losses != Perturbation(keep_frames=0.3, seed=2).held_frames(50, PATH)).any()
    assert (losses != Perturbation(keep_frames=0.3, seed=1).held_frames(50, Path("other.mp4"))).any()


def test_all_frames_or_one():
    assert Perturbation().held_frames(5, PATH).tolist() == [0, 1, 2, 3, 4]
    assert len(set(Perturbation(keep_frames=0.01).held_frames(5, PATH))) == 1
    assert Perturbation(keep_frames=0.5).held_frames(1, PATH).tolist() == [0]


@pytest.mark.parametrize("ratio_db", [20.0, 0.0, -6.0])
def test_noise_has_the_power_that_the_ratio_says(ratio_db):
    wave = (0.3 * np.sin(np.arange(200_000) / 30)).astype(np.float32)
    perturbation = Perturbation(noise_db=ratio_db)
    noise = perturbation.noisy(wave, PATH) - wave
    assert noise.dtype == np.float32
    measured = 10 * np.log10(np.mean(wave.astype(float) ** 2) / np.mean(noise.astype(float) ** 2))
    assert measured == pytest.approx(ratio_db, abs=0.1)
    assert abs(np.corrcoef(noise[1:], noise[:-1])[0, 1]) < 0.01, "white"
    assert (perturbation.noisy(wave, PATH) == wave + noise).all()


def test_no_noise_and_silence():
    wave = np.ones(10, dtype=np.float32)
    assert Perturbation().noisy(wave, PATH) is wave
    assert (Perturbation(noise_db=0).noisy(0 * wave, PATH) == 0).all()
    assert len(Perturbation(noise_db=0).noisy(wave[:0], PATH)) == 0


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"modality": "vide"}, 'modality "vide": did you mean "video"'),
        ({"keep_frames": 0}, r"share in \(0, 1\], not 0"),
        ({"noise_db": float("inf")}, "number of decibels"),
        ({"sound": False, "pictures": False}, "nothing to predict from"),
        ({"modality": "audio", "sound": False}, "the answer from audio alone needs"),
        ({"modality": "video", "pictures": False}, "the answer from video alone needs"),
    ],
)
def test_conditions_that_cannot_be(values, message):
    with pytest.raises(ConfigError, match=message):
        Perturbation(**values)
