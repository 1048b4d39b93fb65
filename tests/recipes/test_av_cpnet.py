"""The numbers of the audio-visual recipes."""

import math

import pytest

from emolens.errors import ConfigError
from emolens.media.audio_config import AudioConfig
from emolens.models.av_cpnet import AVCPNetConfig
from emolens.recipes import get_recipe
from emolens.training.jobs.av import AVConfig
from emolens.training.optim import learning_rate


def stated_rate(step, steps_per_epoch):
    """Of the paper: to 1.5e-4 over 2.5 epochs, then half a cosine down to 1% of it at the end of epoch 30."""
    at = step / steps_per_epoch
    if at <= 2.5:
        return 1.5e-4 * at / 2.5
    return 1.5e-6 + (1.5e-4 - 1.5e-6) * (1 + math.cos(math.pi * (at - 2.5) / 27.5)) / 2


@pytest.mark.parametrize("steps_per_epoch", [1, 7, 612])
def test_the_learning_rate_is_the_stated_one_at_every_step(steps_per_epoch):
    config = get_recipe("av_cpnet")()
    epochs, curve = config.trainer.epochs, config.optimizer.for_batch(32)
    steps = range(epochs * steps_per_epoch + 1)
    rates = [learning_rate(step, steps_per_epoch, epochs, curve) for step in steps]
    assert rates == pytest.approx([stated_rate(step, steps_per_epoch) for step in steps], rel=1e-12, abs=1e-20)
    assert rates[0] == 0
    assert rates[-1] == pytest.approx(1.5e-6, rel=1e-12)
    assert max(rates) == pytest.approx(1.5e-4, rel=0.02)
    peak = rates.index(max(rates))
    assert all(a > b for a, b in zip(rates[peak:], rates[peak + 1 :], strict=False))


def test_defaults_are_those_of_the_paper():
    config = get_recipe("av_cpnet")()
    model = config.model
    assert (model.segments, model.frames, model.size, model.width, model.levels) == (16, 8, 112, 512, 3)
    assert (model.video.embed_dim, model.video.depths, model.video.window) == (96, (2, 2, 6, 2), (8, 7, 7))
    assert (model.audio.width, model.audio.layers) == (64, (3, 4, 6, 3))
    assert config.video.audio == AudioConfig("mfcc", rate=44100, n_fft=2048, hop=512, coefficients=32)
    assert config.video.segments * config.video.audio_frames == 4096
    assert (config.loss.kind, config.loss.penalty) == ("ep_ce", (0.5, 0.5, 0.5))
    assert config.loss.modality_dropout > 0
    assert config.optimizer.weight_decay == 0.02
    trainer = config.trainer
    assert (trainer.epochs, trainer.batch_size, trainer.batch_size // trainer.accumulate) == (30, 32, 8)


def test_the_others_are_the_same_but_for_what_their_names_say():
    full = get_recipe("av_cpnet")()
    assert get_recipe("late_fusion")().model.fusion == "late"
    for name, modality in (("video_swin", "video"), ("audio_resnet", "audio")):
        config = get_recipe(name)()
        assert config.model.modalities == (modality,)
        assert (config.model.video, config.model.audio) == (full.model.video, full.model.audio)
        assert config.optimizer == full.optimizer
        assert config.trainer.batch_size == full.trainer.batch_size


def test_network_and_clips_cannot_contradict():
    model = AVCPNetConfig(classes=6, segments=3, frames=5, size=96, audio_frames=20, coefficients=13)
    for feature in ("mfcc", "log_mel"):
        clip = AVConfig(model, audio=AudioConfig(feature, rate=16000)).video
        assert (clip.segments, clip.frames, clip.size, clip.audio_frames, clip.bands) == (3, 5, 96, 20, 13)
        assert clip.audio.rate == 16000
    with pytest.raises(ConfigError, match=r"audio.coefficients = 20, but the network takes 13: set model.coefficients"):
        AVConfig(model, audio=AudioConfig(coefficients=20))


@pytest.mark.parametrize("recipe", ["av_cpnet", "av_cpnet_tiny", "late_fusion", "video_swin", "audio_resnet"])
def test_each_recipe_builds_its_config(recipe):
    config = get_recipe(recipe)()
    assert AVCPNetConfig.from_dict(config.model.to_dict()) == config.model
    assert config.video.segments == config.model.segments
