"""Whose samples the statistics of a batch norm are of; and two processes that share them."""

import subprocess
import sys
from pathlib import Path

import pytest
import torch
from torch import Tensor

from emolens.models.av.batch_norm import BatchNorm

PROCESS = """
import sys
from dataclasses import replace
from pathlib import Path

import torch
from torch import distributed

from emolens.models.av.audio_resnet import AudioResNetConfig
from emolens.models.av.video_swin import VideoSwinConfig
from emolens.models.av_cpnet import AVCPNet, AVCPNetConfig

rank, world, statistics, folder = int(sys.argv[1]), int(sys.argv[2]), sys.argv[3], Path(sys.argv[4])
if world > 1:
    distributed.init_process_group("gloo", f"file://{folder / 'meeting'}", rank=rank, world_size=world)
config = AVCPNetConfig(
    classes=3, segments=2, frames=2, size=16, audio_frames=16, coefficients=4, width=8, levels=1, heads=1, dropout=0,
    video=VideoSwinConfig(embed_dim=4, depths=(1, 1), heads=(1, 1), window=(2, 2, 2), drop_path=0),
    audio=AudioResNetConfig(width=2, layers=(1, 1)), batch_norm=statistics,
)
torch.manual_seed(0)
net = AVCPNet(config).double().train()
for module in net.modules():  # else a frozen one would be told from none only by its epsilon
    if getattr(module, "running_mean", None) is not None:
        module.running_mean.uniform_(-1, 1)
        module.running_var.uniform_(0.5, 2)
video_B = torch.randint(0, 256, (4, 2, 2, 16, 16, 3), dtype=torch.uint8)
audio_B = torch.randn(4, 2, 16, 4, dtype=torch.float64)
found = {}
for name, has in (("all", [1, 1, 1, 1]), ("half", [1, 1, 0, 0]), ("none", [0, 0, 0, 0])):
    mine = slice(rank * 4 // world, (rank + 1) * 4 // world)
    net.zero_grad()
    out = net(video_B[mine], audio_B[mine], None, torch.tensor(has)[mine].bool())
    torch.stack([part.nan_to_num().square().sum() for part in out]).sum().backward()
    for parameter, p in net.named_parameters():
        grad = torch.zeros_like(p) if p.grad is None else p.grad
        if world > 1:
            distributed.all_reduce(grad)
        found[f"{name} gradient {parameter}"] = grad
    found |= {f"{name} {where} {rank}": part.detach().nan_to_num() for where, part in out._asdict().items()}
    found |= {f"{name} {buffer}": x.clone() for buffer, x in net.named_buffers() if "num_batches" not in buffer}
torch.save(found, folder / f"{rank}.pt")
if world > 1:
    distributed.destroy_process_group()
"""


def run(folder: Path, world: int, statistics: str) -> list[dict[str, Tensor]]:
    """What each of so many processes computed."""
    folder.mkdir()
    started = [
        subprocess.Popen([sys.executable, "-c", PROCESS, str(rank), str(world), statistics, str(folder)])
        for rank in range(world)
    ]
    assert [process.wait() for process in started] == [0] * world
    return [torch.load(folder / f"{rank}.pt", weights_only=True) for rank in range(world)]


@pytest.mark.slow
def test_two_processes_that_share_statistics_are_one_with_all_samples(tmp_path: Path) -> None:
    """To the gradient; also where one of them has no sound at all, and where none has."""
    (alone,) = run(tmp_path / "one", 1, "local")
    first, second = run(tmp_path / "two", 2, "sync")
    for name, expected in alone.items():
        if name.endswith(" 0"):  # an answer: rows of the first process, then of the second
            found = torch.cat([first[name], second[f"{name[:-1]}1"]])
        else:
            assert torch.equal(first[name], second[name]), name
            found = first[name]
        torch.testing.assert_close(found, expected, rtol=1e-5, atol=1e-6, msg=lambda text, name=name: f"{name}: {text}")
    assert (alone["half audio.norm.running_mean"] != alone["all audio.norm.running_mean"]).any()


@pytest.mark.slow
def test_two_processes_with_frozen_statistics_are_one_with_all_samples(tmp_path: Path) -> None:
    (alone,) = run(tmp_path / "one", 1, "frozen")
    first, second = run(tmp_path / "two", 2, "frozen")
    for name, expected in alone.items():
        found = torch.cat([first[name], second[f"{name[:-1]}1"]]) if name.endswith(" 0") else first[name]
        torch.testing.assert_close(found, expected, msg=lambda text, name=name: f"{name}: {text}")


def made(statistics: str) -> BatchNorm:
    norm = BatchNorm(3)
    norm.statistics = statistics
    norm.running_mean.copy_(torch.tensor([1.0, 2.0, 3.0]))
    norm.running_var.copy_(torch.tensor([4.0, 9.0, 16.0]))
    return norm


def test_frozen_takes_the_running_statistics_and_leaves_them() -> None:
    norm, x = made("frozen").train(), torch.randn(4, 3, 5, 5)
    before = {name: value.clone() for name, value in norm.named_buffers()}
    out = norm(x)
    for c, (mean, variance) in enumerate(((1, 4), (2, 9), (3, 16))):
        torch.testing.assert_close(out[:, c], (x[:, c] - mean) / (variance + 1e-5) ** 0.5)
    assert all(torch.equal(value, before[name]) for name, value in norm.named_buffers())
    out.sum().backward()
    assert norm.bias.grad.tolist() == [100.0] * 3
    assert torch.equal(norm.eval()(x), out)


@pytest.mark.parametrize("statistics", ["local", "sync"])
def test_one_process_has_torchs_batch_norm(statistics: str) -> None:
    own, theirs, x = made(statistics).train(), torch.nn.BatchNorm2d(3).train(), torch.randn(4, 3, 5, 5)
    theirs.load_state_dict(made(statistics).state_dict())
    assert torch.equal(own(x), theirs(x))
    assert torch.equal(own.running_var, theirs.running_var)


def test_gradients_of_a_transposed_input_are_those_of_the_formula():
    """Sound comes as (N, F, M) and is normed over M: torch's own batch norm is wrong by tens for such a view."""
    torch.manual_seed(0)
    x_NFM, given = torch.randn(8, 32, 16, dtype=torch.float64), torch.randn(8, 16, 32, 1, dtype=torch.float64)
    norm = BatchNorm(16).double().train()
    norm(x_NFM.transpose(1, 2)[..., None]).backward(given)
    x_NM = x_NFM.reshape(-1, 16)
    unit_NM = (x_NM - x_NM.mean(0)) / (x_NM.var(0, correction=0) + norm.eps).sqrt()
    given_NM = given[..., 0].transpose(1, 2).reshape(-1, 16)
    assert torch.allclose(norm.weight.grad, (given_NM * unit_NM).sum(0), atol=1e-9)
    assert torch.allclose(norm.bias.grad, given_NM.sum(0), atol=1e-9)
