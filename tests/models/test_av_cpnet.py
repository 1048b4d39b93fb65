"""The whole network: shapes, absent modalities, gradients, configuration."""

import json
import math
from dataclasses import dataclass, replace

import pytest
import torch
from torch import Tensor

from emolens.errors import ConfigError
from emolens.models.av import encoders, fusion
from emolens.models.av.audio_resnet import AudioResNetConfig
from emolens.models.av.encoders import (
    AudioEncoderConfig,
    VideoEncoder,
    VideoEncoderConfig,
    register_audio_encoder,
    register_video_encoder,
)
from emolens.models.av.frame_encoder import FrameEncoderConfig
from emolens.models.av.fusion import FUSIONS, AVFusion, AVLogits, FusionSizes, register_fusion
from emolens.models.av.pyramid_config import PyramidConfig
from emolens.models.av.video_swin import VideoSwinConfig
from emolens.models.av_cpnet import AVCPNet, AVCPNetConfig

SWIN = VideoSwinConfig(embed_dim=8, depths=(2, 1), heads=(1, 2), window=(2, 3, 3))
TINY = AVCPNetConfig(
    classes=6, segments=3, frames=2, size=24, audio_frames=16, coefficients=8, width=16, levels=2, heads=2,
    video=SWIN, audio=AudioResNetConfig(width=4, layers=(1, 1), input_norm=True),
)  # fmt: skip
RELEASED = replace(
    TINY,
    dropout_before_mean=True,
    pyramid=PyramidConfig("relu", attention_dropout=0.1, dropout=0.5, last_relu=True, bias=True),
)
HAS_VIDEO, HAS_AUDIO = torch.tensor([True, True, False, True]), torch.tensor([True, False, True, True])


def clips(config: AVCPNetConfig, batch: int = 4, seed: int = 0) -> tuple[Tensor, Tensor]:
    g = torch.Generator().manual_seed(seed)
    shape = (batch, config.segments, config.frames, config.size, config.size, 3)
    video = torch.randint(0, 256, shape, dtype=torch.uint8, generator=g)
    return video, torch.randn(batch, config.segments, config.audio_frames, config.coefficients, generator=g)


def build(config: AVCPNetConfig) -> AVCPNet:
    torch.manual_seed(0)
    return AVCPNet(config)


def answers(logits: AVLogits) -> list[bytes]:
    return [part.detach().numpy().tobytes() for part in logits if part is not None]


@pytest.mark.parametrize("segments", [1, 3, 16])
@pytest.mark.parametrize(
    ("frames", "size", "audio_frames", "coefficients"), [(1, 32, 1, 1), (2, 48, 7, 5), (5, 33, 64, 32)]
)
@pytest.mark.parametrize("training", [True, False])
def test_any_sizes_of_the_config(
    segments: int, frames: int, size: int, audio_frames: int, coefficients: int, training: bool
) -> None:
    config = replace(
        TINY,
        segments=segments,
        frames=frames,
        size=size,
        audio_frames=audio_frames,
        coefficients=coefficients,
        levels=4,
    )
    batch = 1 if training else 2
    for part in build(config).train(training)(*clips(config, batch)):
        assert part.shape == (batch, 6)
        assert part.isfinite().all()


@pytest.mark.parametrize("config", [*(replace(TINY, fusion=fusion) for fusion in FUSIONS), RELEASED])
def test_gradients_reach_every_parameter(config: AVCPNetConfig) -> None:
    net = build(config).train()
    torch.stack([part.square().sum() for part in net(*clips(TINY))]).sum().backward()
    for name, parameter in net.named_parameters():
        assert parameter.grad is not None, name
        assert parameter.grad.isfinite().all(), name
        assert parameter.grad.abs().sum() > 0, name


@pytest.mark.parametrize("config", [*(replace(TINY, fusion=fusion) for fusion in FUSIONS), RELEASED])
@pytest.mark.parametrize("training", [True, False])
def test_an_absent_modality_contributes_exactly_nothing(config: AVCPNetConfig, training: bool) -> None:
    """Not to the answer of any row, nor to the statistics of a batch."""
    found = []
    for video_there, audio_there in ((0, 0.0), (255, math.nan), (7, 1e30)):
        net = build(replace(config, dropout=0.0)).train(training)
        video, audio = clips(TINY)
        video[~HAS_VIDEO], audio[~HAS_AUDIO] = video_there, audio_there
        torch.manual_seed(1)
        out = net(video, audio, HAS_VIDEO, HAS_AUDIO)
        found.append(answers(out) + [value.numpy().tobytes() for value in net.state_dict().values()])
        assert out.fused_BC.isfinite().all()
        assert out.audio_BC.isnan().all(dim=1).tolist() == [False, True, False, False]
        assert out.video_BC.isnan().all(dim=1).tolist() == [False, False, True, False]
    assert found[0] == found[1] == found[2]


@pytest.mark.parametrize("fusion", list(FUSIONS))
def test_no_tensor_is_as_good_as_an_absent_one(fusion: str) -> None:
    net = build(replace(TINY, fusion=fusion)).eval()
    video, audio = clips(TINY)
    nobody = torch.zeros(4, dtype=torch.bool)
    assert answers(net(None, audio)) == answers(net(video, audio, nobody, None))
    assert answers(net(video, None)) == answers(net(video, audio, None, nobody))
    assert net(None, audio).video_BC.isnan().all()


@pytest.mark.parametrize("modality", ["audio", "video"])
def test_one_modality_is_one_branch(modality: str) -> None:
    net = build(replace(TINY, modalities=(modality,), fusion="late")).eval()
    video, audio = clips(TINY)
    out = net(video, audio)
    assert out[1:] == (None, None)
    branch, x = (net.audio, audio) if modality == "audio" else (net.video, video)
    torch.testing.assert_close(out.fused_BC, net.head(branch(x).mean(dim=1)))
    assert (net.video is None, net.audio is None) == (modality == "audio", modality == "video")
    some = net(video, audio, HAS_VIDEO, HAS_AUDIO).fused_BC
    assert some.isnan().any(dim=1).tolist() == [not has for has in (HAS_AUDIO if modality == "audio" else HAS_VIDEO)]


def test_pixels_are_x_over_255_less_100_over_255() -> None:
    net = build(TINY).eval()
    seen = []
    net.video.encoder.net.patch_embed.register_forward_pre_hook(lambda module, inputs: seen.append(inputs[0]))
    video, audio = clips(TINY, 1)
    net(video, audio)
    torch.testing.assert_close(seen[0][2, 1, 1, 5, 6], video[0, 2, 1, 5, 6, 1] / 255 - 100 / 255)


@pytest.mark.parametrize("fusion", list(FUSIONS))
def test_bf16_autocast(fusion: str) -> None:
    net = build(replace(TINY, fusion=fusion)).eval()
    batch = (*clips(TINY), HAS_VIDEO, HAS_AUDIO)
    exact = net(*batch)
    with torch.autocast("cpu", dtype=torch.bfloat16):
        rough = net(*batch)
    for a, b in zip(rough, exact, strict=True):
        torch.testing.assert_close(a.float(), b, rtol=0.1, atol=0.1, equal_nan=True)


def test_a_frozen_image_network_in_place_of_swin() -> None:
    config = replace(TINY, size=48, video=FrameEncoderConfig())
    net = build(config).train()
    net(*clips(config)).fused_BC.sum().backward()
    assert all(parameter.grad is None for parameter in net.video.encoder.parameters())
    assert all(parameter.grad is not None for parameter in net.video.linear.parameters())
    assert not net.video.encoder.trunk.training


def test_the_released_sizes_are_the_default() -> None:
    with torch.device("meta"):
        net = AVCPNet(AVCPNetConfig(classes=6))
    assert net.audio.linear.in_features == 512
    assert net.video.linear.in_features == 768
    assert net.video.dropout.p == 0.5
    assert net.head.classifier.in_features == 1024
    assert len(net.head.pyramid.levels) == 3
    assert net.head.globally.attention.num_heads == 8


def test_dropout_strikes_each_time_step_as_released_or_their_mean() -> None:
    """Where all steps are 1, the mean after dropout of four steps takes five values; dropout of the mean two."""
    video, audio = clips(replace(TINY, frames=8), 8)
    for before, values in ((True, {0, 0.5, 1, 1.5, 2}), (False, {0, 2})):
        net = build(replace(TINY, frames=8, dropout_before_mean=before)).train()
        torch.nn.init.zeros_(net.video.encoder.net.norm.weight)
        torch.nn.init.ones_(net.video.encoder.net.norm.bias)
        seen = []
        net.video.linear.register_forward_pre_hook(lambda module, inputs, seen=seen: seen.append(inputs[0]))
        net(video, audio)
        assert set(seen[0].unique().tolist()) == values
        net.eval()(video, audio)
        assert set(seen[1].unique().tolist()) == {1}


@pytest.mark.parametrize("config", [TINY, RELEASED])
def test_computing_again_in_the_backward_pass_changes_no_gradient(config: AVCPNetConfig) -> None:
    """With every dropout on, and a modality missing here and there."""
    found = []
    for again in (False, True):
        net = build(replace(config, checkpoint_activations=again)).train()
        torch.manual_seed(1)
        out = net(*clips(TINY), HAS_VIDEO, HAS_AUDIO)
        torch.stack([part.nan_to_num().square().sum() for part in out]).sum().backward()
        buffers = {name: value.clone() for name, value in net.named_buffers()}
        found.append((answers(out), {name: p.grad for name, p in net.named_parameters()}, buffers))
    assert found[0][0] == found[1][0]
    for which in (1, 2):
        for name, value in found[0][which].items():
            assert torch.equal(value, found[1][which][name]), name


def test_in_evaluation_nothing_is_dropped() -> None:
    net = build(RELEASED).eval()
    first = answers(net(*clips(TINY)))
    assert answers(net(*clips(TINY))) == first
    assert answers(net.train()(*clips(TINY))) != first


def test_a_config_from_before_the_released_parts_is_ours() -> None:
    values = TINY.to_dict()
    for name in ("pyramid", "dropout_before_mean", "batch_norm", "checkpoint_activations"):
        del values[name]
    del values["audio"]["weights"]
    assert AVCPNetConfig.from_dict(values) == TINY


@pytest.mark.parametrize("video", [SWIN, FrameEncoderConfig(weights="imagenet", frozen=False)])
def test_the_config_survives_json(video: VideoEncoderConfig) -> None:
    config = replace(RELEASED, video=video, modalities=("video",))
    assert AVCPNetConfig.from_dict(json.loads(json.dumps(config.to_dict()))) == config


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"video": {"kind": "video_swim"}}, r'video\.kind "video_swim": did you mean "video_swin"'),
        ({"video": {"kind": "frames", "depth": 3}}, 'video: no field "depth"'),
        ({"audio": {"kind": "resnest"}}, r'audio\.kind "resnest": did you mean "resnet"'),
        ({"audio": {"widht": 3}}, 'audio: no field "widht"; did you mean "width"'),
        ({"segment": 3}, 'AV-CPNet: no field "segment"; did you mean "segments"'),
        ({"classes": None}, "AV-CPNet: .*classes"),
    ],
)
def test_a_wrong_field_is_named(change: dict, message: str) -> None:
    values = {**TINY.to_dict(), **change}
    if values["classes"] is None:
        del values["classes"]
    with pytest.raises(ConfigError, match=message):
        AVCPNetConfig.from_dict(values)


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"width": 10, "heads": 4}, "model.width 10 is no multiple of model.heads 4"),
        ({"segments": 0}, "segments must be at least 1, not 0"),
        ({"dropout": 1.0}, r"dropout must be in \[0, 1\), not 1.0"),
        ({"modalities": ()}, 'modalities must be "audio", "video" or both'),
        ({"modalities": ("audio", "audio")}, "modalities must be"),
        ({"fusion": "add"}, 'fusion "add"'),
        ({"batch_norm": "synced"}, 'model.batch_norm "synced": did you mean "sync"'),
    ],
)
def test_impossible_sizes_are_refused_by_name(values: dict, message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        replace(TINY, **values)


def test_batches_that_do_not_fit_are_refused() -> None:
    net = build(TINY)
    video, audio = clips(TINY)
    with pytest.raises(
        ConfigError, match=r"video of shape \(4, 2, 2, 24, 24, 3\); this model takes \(B, 3, 2, 24, 24, 3\)"
    ):
        net(video[:, 1:], audio)
    with pytest.raises(ConfigError, match=r"audio of shape .* takes \(B, 3, 16, 8\)"):
        net(video, audio[..., 1:])
    with pytest.raises(ConfigError, match=r"batches of \[3, 4\] videos"):
        net(video, audio[1:])
    with pytest.raises(ConfigError, match="neither pictures nor sound"):
        net(None, None)
    with pytest.raises(ConfigError, match=r"\(3,\) values for a batch of 4"):
        net(video, audio, torch.ones(3, dtype=torch.bool))


@pytest.fixture
def own_registries(monkeypatch: pytest.MonkeyPatch) -> None:
    """What a test registers is forgotten afterwards."""
    AVCPNetConfig.from_dict(TINY.to_dict())  # those of the house register once in a process, not into the copies
    monkeypatch.setattr(fusion, "FUSIONS", dict(fusion.FUSIONS))
    for name in ("VIDEO_ENCODERS", "AUDIO_ENCODERS"):
        monkeypatch.setattr(encoders, name, dict(getattr(encoders, name)))


class Brightness(VideoEncoder):
    """The mean of each colour."""

    dim = 3

    def forward(self, video_NTHWC: Tensor) -> Tensor:
        return video_NTHWC.float().mean(dim=(1, 2, 3)) / 255


class Loudness(torch.nn.Module):
    def __init__(self, width: int) -> None:
        super().__init__()
        self.linear = torch.nn.Linear(1, width)

    def forward(self, audio_BSFM: Tensor) -> Tensor:
        return self.linear(audio_BSFM.mean(dim=(2, 3))[..., None])


def test_new_encoders_and_a_new_fusion_are_a_class_each(own_registries: None) -> None:
    @register_video_encoder("brightness")
    @dataclass(frozen=True)
    class BrightnessConfig(VideoEncoderConfig):
        kind: str = "brightness"

        def build(self, pretrained: bool = True) -> Brightness:
            return Brightness()

    @register_audio_encoder("loudness")
    @dataclass(frozen=True)
    class LoudnessConfig(AudioEncoderConfig):
        kind: str = "loudness"
        gains: tuple[float, ...] = (1.0,)

        def build(self, coefficients: int, width: int, pretrained: bool = True) -> Loudness:
            return Loudness(width)

    @register_fusion("loudest")
    class Loudest(AVFusion):
        def __init__(self, sizes: FusionSizes) -> None:
            super().__init__()
            self.linear = torch.nn.Linear(sizes.width, sizes.classes)

        def logits(
            self, audio_BSD: Tensor, video_BSD: Tensor, has_audio_B: Tensor, has_video_B: Tensor
        ) -> tuple[Tensor, Tensor, Tensor]:
            audio_BC, video_BC = (self.linear(x.amax(dim=1)) for x in (audio_BSD, video_BSD))
            return torch.maximum(audio_BC, video_BC), audio_BC, video_BC

    config = replace(TINY, video=BrightnessConfig(), audio=LoudnessConfig(gains=(0.5, 2.0)), fusion="loudest")
    assert AVCPNetConfig.from_dict(json.loads(json.dumps(config.to_dict()))) == config
    net = build(config)
    assert isinstance(net.video.encoder, Brightness)
    assert isinstance(net.head, Loudest)
    for part in net(*clips(config)):
        assert part.shape == (4, 6)
        assert part.isfinite().all()


def test_a_config_from_before_audio_had_kinds() -> None:
    values = TINY.to_dict()
    assert values["audio"].pop("kind") == "resnet"
    assert AVCPNetConfig.from_dict(values) == TINY
