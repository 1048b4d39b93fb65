"""The audio network against torchvision's ResNet-34, and its normalisations against loops."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import save_file
from torchvision.models import resnet34

from emolens.errors import ConfigError, WeightsError
from emolens.models.av.audio_resnet import AudioResNet, AudioResNetConfig

TINY = AudioResNetConfig(width=4, layers=(1, 1))


def sound(*shape: int) -> torch.Tensor:
    return torch.randn(*shape, generator=torch.Generator().manual_seed(0))


def test_between_its_first_and_last_layer_it_is_torchvisions_resnet34() -> None:
    net = AudioResNet(AudioResNetConfig(), coefficients=8, out=16).eval()
    theirs = resnet34(weights=None, num_classes=16)
    theirs.conv1 = torch.nn.Conv2d(1, 64, (7, 1), (2, 1), (3, 0), bias=False)
    own = net.state_dict()
    named = {name.replace("fc.", "linear."): value for name, value in theirs.state_dict().items()}
    assert set(own) - set(named) == {f"norm.{name}" for name in ("weight", "bias", "running_mean", "running_var")} | {
        "norm.num_batches_tracked"
    }
    net.load_state_dict(named, strict=False)
    audio = sound(1, 2, 32, 8)
    with torch.inference_mode():
        expected = torch.tanh(net.norm(theirs.eval()(audio[0][:, None])[..., None, None])[..., 0, 0])
        torch.testing.assert_close(net(audio)[0], expected)


def pictures(**changes: torch.Tensor | None) -> dict[str, torch.Tensor]:
    """A state dict as torchvision publishes it: three input channels, a classifier of 1,000. None takes one out."""
    torch.manual_seed(1)
    state = {name: value + 1 for name, value in resnet34(weights=None).state_dict().items()}
    return {name: value for name, value in (state | changes).items() if value is not None}


def test_imagenet_weights_fill_all_but_the_first_and_the_last_layer(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    state, path = pictures(), tmp_path / "resnet34.safetensors"
    save_file(state, path)
    torch.manual_seed(0)
    random = AudioResNet(AudioResNetConfig(), 8, 16).state_dict()
    assert capsys.readouterr().err == ""
    torch.manual_seed(0)
    found = AudioResNet(AudioResNetConfig(weights=str(path)), 8, 16).state_dict()
    said = capsys.readouterr().err
    assert f"{path} loaded, but for its first layer of 3 channels; that one starts from random weights" in said
    loaded = {name for name in found if name.startswith(("bn1.", "layer"))}
    assert len(loaded) == len(state) - 3  # conv1.weight, fc.weight, fc.bias
    for name, value in found.items():
        assert torch.equal(value, state[name] if name in loaded else random[name]), name


def test_weights_of_sound_bring_their_first_layer_too(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    first = torch.randn(64, 1, 7, 1)
    save_file(pictures(**{"conv1.weight": first}), tmp_path / "sound.safetensors")
    net = AudioResNet(AudioResNetConfig(weights=str(tmp_path / "sound.safetensors")), 8, 16)
    assert torch.equal(net.conv1.weight, first)
    assert capsys.readouterr().err == ""


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"layer2.0.conv1.weight": None}, r"missing \(1\): layer2\.0\.conv1\.weight"),
        ({"layer5.0.conv1.weight": torch.zeros(2)}, r"unknown \(1\): layer5\.0\.conv1\.weight"),
        ({"bn1.weight": torch.zeros(2)}, r"another shape \(1\): bn1\.weight \[2\] for \[64\]"),
    ],
)
def test_missing_and_foreign_tensors_are_errors(tmp_path: Path, changes: dict, message: str) -> None:
    save_file(pictures(**changes), tmp_path / "other.safetensors")
    with pytest.raises(WeightsError, match=r"other\.safetensors as audio resnet: weights of another.*" + message):
        AudioResNet(AudioResNetConfig(weights=str(tmp_path / "other.safetensors")), 8, 16)


def test_imagenet_names_torchvisions_file_and_the_flag(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """From torchvision's cache, where a file lies that is none, so that no network is asked."""
    monkeypatch.setenv("TORCH_HOME", str(tmp_path))
    cache = tmp_path / "hub" / "checkpoints"
    cache.mkdir(parents=True)
    for layers, name in (((3, 4, 6, 3), "resnet34-b627a593.pth"), ((2, 2, 2, 2), "resnet18-f37072fd.pth")):
        (cache / name).write_text("no weights")
        with pytest.raises(WeightsError, match=name):
            AudioResNetConfig(layers=layers, weights="imagenet").build(8, 16)
    with pytest.raises(WeightsError, match=r"model\.audio\.weights imagenet: .*\(3, 4, 6, 3\).*, not \(1, 1\)"):
        replace(TINY, weights="imagenet").build(8, 16)


def test_weights_are_left_alone_where_a_state_dict_will_follow() -> None:
    replace(TINY, weights="/no/such/file.pth").build(8, 16, pretrained=False)


def test_the_first_convolution_looks_along_time_alone() -> None:
    first = AudioResNet(TINY, 6, 8).conv1
    assert (first.in_channels, first.kernel_size, first.stride, first.padding) == (1, (7, 1), (2, 1), (3, 0))


@pytest.mark.parametrize("segments", [1, 3])
@pytest.mark.parametrize(("frames", "coefficients"), [(1, 1), (5, 3), (32, 16), (256, 32)])
def test_any_size_gives_one_vector_a_segment(segments: int, frames: int, coefficients: int) -> None:
    out = AudioResNet(TINY, coefficients, 8).train()(sound(2, segments, frames, coefficients))
    assert out.shape == (2, segments, 8)
    assert out.abs().max() <= 1


def test_input_norm_scales_each_coefficient_by_its_own_statistics() -> None:
    net = AudioResNet(AudioResNetConfig(width=4, layers=(1,), input_norm=True), 3, 8).train()
    audio = sound(2, 2, 10, 3) * torch.tensor([100.0, 1.0, 0.01]) + torch.tensor([-300.0, 0.0, 5.0])
    seen = []
    net.conv1.register_forward_pre_hook(lambda module, inputs: seen.append(inputs[0]))
    net(audio)
    flat = audio.double().numpy().reshape(-1, 3)
    expected = np.array(
        [[(row[m] - flat[:, m].mean()) / np.sqrt(flat[:, m].var() + 1e-5) for m in range(3)] for row in flat]
    )
    np.testing.assert_allclose(seen[0].detach().numpy().reshape(-1, 3), expected, atol=1e-3)


def test_a_single_sound_of_a_batch_trains_with_the_running_statistics() -> None:
    net = AudioResNet(TINY, 4, 8)
    audio = sound(1, 1, 8, 4)
    before = net.norm.running_mean.clone()
    trained = net.train()(audio)
    trained.sum().backward()
    assert torch.equal(net.norm.running_mean, before)
    assert all(parameter.grad is not None for parameter in net.parameters())


@pytest.mark.parametrize(("field", "values"), [("width", {"width": 0}), ("layers", {"layers": ()})])
def test_impossible_sizes_are_refused_by_name(field: str, values: dict) -> None:
    with pytest.raises(ConfigError, match=f"audio.{field}"):
        AudioResNetConfig(**values)
