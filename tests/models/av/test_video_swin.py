"""Video Swin against torchvision's, and where the two must differ."""

from dataclasses import replace
from pathlib import Path

import pytest
import torch
from torchvision.models.video import swin3d_t
from torchvision.models.video.swin_transformer import SwinTransformer3d

from emolens.errors import ConfigError, WeightsError
from emolens.models.av.video_swin import VideoSwin, VideoSwinConfig

TINY = VideoSwinConfig(embed_dim=8, depths=(2, 2), heads=(1, 2), window=(2, 3, 3))


def clip(n: int, t: int, size: int) -> torch.Tensor:
    generator = torch.Generator().manual_seed(0)
    return torch.randint(0, 256, (n, t, size, size, 3), dtype=torch.uint8, generator=generator)


def theirs(config: VideoSwinConfig, classes: int = 7) -> SwinTransformer3d:
    torch.manual_seed(0)
    net = SwinTransformer3d(
        list(config.patch), config.embed_dim, list(config.depths), list(config.heads), list(config.window),
        num_classes=classes,
    )  # fmt: skip
    with torch.no_grad():
        for parameter in net.parameters():
            parameter.copy_(0.4 * torch.randn(parameter.shape))
    return net.eval()


@pytest.mark.parametrize(("frames", "size"), [(8, 24), (8, 48), (2, 24), (4, 40)])
def test_a_state_dict_of_torchvision_gives_its_features(frames: int, size: int, tmp_path: Path) -> None:
    """Also with fewer frames than a window, and sizes that are no multiple of one."""
    net = theirs(TINY)
    torch.save(net.state_dict(), tmp_path / "swin3d.pth")
    own = VideoSwin(replace(TINY, weights=str(tmp_path / "swin3d.pth"))).eval()
    video = clip(2, frames, size)
    net.head = torch.nn.Identity()
    with torch.inference_mode():
        expected = net(video.permute(0, 4, 1, 2, 3).float() / 255 - 100 / 255)
        torch.testing.assert_close(own(video), expected, rtol=1e-4, atol=1e-4)


def test_the_default_sizes_are_those_of_swin3d_t() -> None:
    with torch.device("meta"):
        own, published = VideoSwin(VideoSwinConfig()).net.state_dict(), swin3d_t(weights=None).state_dict()
    assert {name: value.shape for name, value in own.items()} == {
        name: value.shape for name, value in published.items() if not name.startswith("head.")
    }


@pytest.mark.parametrize("window", [(8, 7, 7), (4, 7, 7), (4, 4, 4), (1, 2, 7), (1, 1, 1)])
def test_biases_are_those_of_the_offset_whatever_the_window(window: tuple[int, int, int]) -> None:
    attention = VideoSwin(VideoSwinConfig(embed_dim=4, depths=(2,), heads=(2,))).net.features[0][0].attn
    table = attention.relative_position_bias_table.detach()
    bias = attention.get_relative_position_bias(list(window))[0].detach()
    tokens = [(d, h, w) for d in range(window[0]) for h in range(window[1]) for w in range(window[2])]
    assert bias.shape == (2, len(tokens), len(tokens))
    for i, a in list(enumerate(tokens))[:: max(1, len(tokens) // 12)]:
        for j, b in list(enumerate(tokens))[:: max(1, len(tokens) // 13)]:
            row = (a[0] - b[0] + 7) * 13 * 13 + (a[1] - b[1] + 6) * 13 + (a[2] - b[2] + 6)
            assert torch.equal(bias[:, i, j], table[row])


@pytest.mark.parametrize("frames", [1, 2, 5, 8])
@pytest.mark.parametrize("size", [32, 48, 112, 50])
def test_any_frame_count_and_size(frames: int, size: int) -> None:
    net = VideoSwin(VideoSwinConfig(embed_dim=8, depths=(1, 1, 1, 1), heads=(1, 1, 2, 2))).eval()
    with torch.inference_mode():
        out = net(clip(2, frames, size))
    assert out.shape == (2, net.dim) == (2, 64)
    assert out.isfinite().all()


def test_a_missing_frame_is_the_last_one_again() -> None:
    net = VideoSwin(TINY).eval()
    video = clip(1, 3, 24)
    with torch.inference_mode():
        assert torch.equal(net(video), net(torch.cat([video, video[:, -1:]], dim=1)))


class Harm:
    """What a hostile pickle looks like: loading it would call a function."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> tuple[object, tuple[str, str]]:
        return open, (str(self.path), "w")


def test_a_pickle_that_runs_code_is_refused(tmp_path: Path) -> None:
    torch.save({"patch_embed.proj.weight": Harm(tmp_path / "harm")}, tmp_path / "swin.pth")
    with pytest.raises(WeightsError, match="pickle of more than tensors"):
        VideoSwin(replace(TINY, weights=str(tmp_path / "swin.pth")))
    assert not (tmp_path / "harm").exists()


def test_kinetics_weights_come_from_torchvisions_cache(tmp_path: Path, monkeypatch) -> None:
    """Of a hostile file there, none of which is run, so that no network is asked."""
    monkeypatch.setenv("TORCH_HOME", str(tmp_path))
    (tmp_path / "hub" / "checkpoints").mkdir(parents=True)
    torch.save({"x": Harm(tmp_path / "harm")}, tmp_path / "hub" / "checkpoints" / "swin3d_t-7615ae03.pth")
    with pytest.raises(WeightsError, match=r"swin3d_t-7615ae03\.pth: .*pickle of more than tensors"):
        VideoSwin(replace(TINY, weights="kinetics400"))
    assert not (tmp_path / "harm").exists()


def test_weights_are_left_alone_where_a_state_dict_will_follow() -> None:
    VideoSwin(replace(TINY, weights="/no/such/file.pth"), pretrained=False)


def test_weights_of_another_network_are_refused(tmp_path: Path) -> None:
    torch.save(torch.nn.Linear(2, 2).state_dict(), tmp_path / "other.pth")
    with pytest.raises(WeightsError, match=r"other\.pth as video_swin: weights of another architecture"):
        VideoSwin(replace(TINY, weights=str(tmp_path / "other.pth")))


@pytest.mark.parametrize(
    ("field", "values"),
    [
        ("depths", {"depths": (2, 2), "heads": (3,)}),
        ("depths", {"depths": (1,), "heads": (3,)}),
        ("heads", {"depths": (2,), "heads": (5,)}),
        ("window", {"window": (8, 7)}),
        ("patch", {"patch": (2, 0, 4)}),
        ("drop_path", {"drop_path": 1.0}),
    ],
)
def test_impossible_sizes_are_refused_by_name(field: str, values: dict) -> None:
    with pytest.raises(ConfigError, match=f"video.{field}"):
        VideoSwinConfig(**values)


def test_steps_are_what_the_mean_over_time_is_of() -> None:
    net = VideoSwin(TINY).eval()
    with torch.inference_mode():
        steps, whole = net.steps(clip(3, 8, 24)), net(clip(3, 8, 24))
    assert steps.shape == (3, 4, net.dim)  # a token is of two frames
    torch.testing.assert_close(steps.mean(dim=1), whole)
    assert (steps.std(dim=1) > 0).all()


def test_the_same_gradients_with_less_memory() -> None:
    """Also where a branch is dropped at random."""
    found = []
    for again in (False, True):
        torch.manual_seed(0)
        net = VideoSwin(replace(TINY, drop_path=0.5)).train()
        net.checkpoint_activations = again
        kept: list[int] = []
        torch.manual_seed(1)
        with torch.autograd.graph.saved_tensors_hooks(lambda x, kept=kept: kept.append(x.nbytes) or x, lambda x: x):
            out = net(clip(2, 4, 24))
        bytes_kept = sum(kept)
        out.square().sum().backward()
        found.append((bytes_kept, {name: p.grad for name, p in net.named_parameters()}))
    (plain, expected), (less, gradients) = found
    assert less < plain / 2
    for name, gradient in gradients.items():
        assert torch.equal(gradient, expected[name]), name
