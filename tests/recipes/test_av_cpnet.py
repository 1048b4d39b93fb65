"""The numbers of the audio-visual recipes."""

import math

import pytest

from emolens.data.loaders.video_augment import VideoAugment
from emolens.errors import ConfigError
from emolens.media.audio_config import AudioConfig
from emolens.models.av.audio_resnet import AudioResNetConfig
from emolens.models.av.pyramid_config import PyramidConfig
from emolens.models.av.video_swin import VideoSwinConfig
from emolens.models.av_cpnet import AVCPNetConfig
from emolens.recipes import get_recipe
from emolens.training.jobs.av import AVConfig
from emolens.training.optim import OptimizerConfig, learning_rate

OURS = ["av_cpnet_robust", "av_cpnet_tiny", "late_fusion", "video_swin", "audio_resnet"]


def released_rate(epoch):
    """Of the release: a tenth of 1.5e-4, its square rise over 1.5 of 30 epochs, cosine, 1% for the last 1.5."""
    if epoch < 1.5:
        return 1.5e-5 + (1.5e-4 - 1.5e-5) * (epoch / 1.5) ** 2
    if epoch >= 28.5:
        return 1.5e-6
    return 1.5e-6 + (1.5e-4 - 1.5e-6) * (1 + math.cos(math.pi * (epoch - 1.5) / 27)) / 2


def our_rate(epoch):
    """Of av_cpnet_robust: to 1.5e-4 over 2.5 epochs, then half a cosine down to 1% of it at the end of epoch 30."""
    if epoch <= 2.5:
        return 1.5e-4 * epoch / 2.5
    return 1.5e-6 + (1.5e-4 - 1.5e-6) * (1 + math.cos(math.pi * (epoch - 2.5) / 27.5)) / 2


@pytest.mark.parametrize("steps_per_epoch", [1, 7, 612])
@pytest.mark.parametrize(("recipe", "stated"), [("av_cpnet", released_rate), ("av_cpnet_robust", our_rate)])
def test_the_learning_rate_is_the_stated_one_at_every_step(recipe, stated, steps_per_epoch):
    config = get_recipe(recipe)()
    epochs, curve = config.trainer.epochs, config.optimizer.for_batch(32)
    steps = range(epochs * steps_per_epoch + 1)
    rates = [learning_rate(step, steps_per_epoch, epochs, curve) for step in steps]
    assert rates == pytest.approx([stated(step / steps_per_epoch) for step in steps], rel=1e-9, abs=1e-20)
    assert rates[-1] == pytest.approx(1.5e-6, rel=1e-12)
    assert max(rates) == pytest.approx(1.5e-4, rel=0.02)
    peak = rates.index(max(rates))
    assert all(a >= b for a, b in zip(rates[peak:], rates[peak + 1 :], strict=False))


def test_sizes_and_lengths_are_those_of_the_release():
    config = get_recipe("av_cpnet")()
    model = config.model
    assert (model.segments, model.frames, model.size, model.width) == (16, 8, 112, 512)
    assert (model.video.embed_dim, model.video.depths, model.video.window) == (96, (2, 2, 6, 2), (8, 7, 7))
    assert (model.video.drop_path, model.video.weights) == (0.1, "swin_t_imagenet22k")
    assert (model.audio.width, model.audio.layers, model.audio.weights) == (64, (3, 4, 6, 3), "imagenet")
    assert config.video.audio == AudioConfig("mfcc", rate=44100, n_fft=2048, hop=512, coefficients=32)
    assert config.video.segments * config.video.audio_frames == 4096
    assert (config.loss.penalty, config.loss.modality_dropout, config.loss.mixup) == ((0.5, 0.5, 0.5), 0, 0)
    assert (config.optimizer.weight_decay, config.optimizer.betas) == (0.02, (0.9, 0.999))
    trainer = config.trainer
    assert (trainer.epochs, trainer.batch_size, trainer.batch_size // trainer.accumulate) == (30, 32, 8)


def test_the_parts_that_the_release_does_otherwise_are_as_released():
    config = get_recipe("av_cpnet")()
    part = config.model.pyramid
    assert (part.activation, part.last_relu, part.bias) == ("relu", True, True)
    assert (part.attention_dropout, part.dropout, config.model.dropout) == (0.1, 0.5, 0.5)
    assert (config.model.dropout_before_mean, config.model.batch_norm) == (True, "local")
    assert config.augment == VideoAugment.released()
    assert config.optimizer.decay_all
    assert config.trainer.keep_by == "accuracy"


@pytest.mark.parametrize("recipe", OURS)
def test_ours_has_none_of_them(recipe):
    """What these recipes trained before the released configuration had a recipe of its own."""
    config = get_recipe(recipe)()
    assert (config.model.pyramid, config.model.dropout_before_mean) == (PyramidConfig(), False)
    assert config.model.audio.weights is None
    assert config.augment == VideoAugment()
    tiny = recipe == "av_cpnet_tiny"
    assert config.optimizer == OptimizerConfig(
        lr=1e-3 if tiny else 1.5e-4, weight_decay=0.05 if tiny else 0.02, warmup_epochs=2.5, min_lr_ratio=0.01
    )
    assert config.trainer.keep_by == "loss"
    both = len(config.model.modalities) == 2
    assert (config.loss.kind, config.loss.modality_dropout) == ("ep_ce", 0.1 if both else 0)


def test_the_others_are_the_same_but_for_what_their_names_say():
    full = get_recipe("av_cpnet_robust")()
    assert full.model.audio == AudioResNetConfig()
    assert full.model.video == VideoSwinConfig(weights="kinetics400")
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


@pytest.mark.parametrize("recipe", ["av_cpnet", *OURS])
def test_each_recipe_builds_its_config(recipe):
    config = get_recipe(recipe)()
    assert AVCPNetConfig.from_dict(config.model.to_dict()) == config.model
    assert config.video.segments == config.model.segments
