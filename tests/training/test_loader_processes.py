import os

import pytest
import torch

from emolens.training.devices import MOST_LOADERS, loader_processes


@pytest.fixture
def cores(monkeypatch):
    """Pretends to have so many; the threads of torch are as before afterwards."""
    before = torch.get_num_threads()
    monkeypatch.delenv("LOCAL_WORLD_SIZE", raising=False)
    yield lambda n: monkeypatch.setattr(os, "sched_getaffinity", lambda _: set(range(n)), raising=False)
    torch.set_num_threads(before)


@pytest.mark.parametrize(("n", "on_cpu", "on_gpu"), [(1, 0, 0), (2, 1, 2), (5, 2, 5), (64, MOST_LOADERS, MOST_LOADERS)])
def test_loaders_share_the_cores_with_the_network(cores, n, on_cpu, on_gpu):
    cores(n)
    assert loader_processes(None, on_cpu=False) == on_gpu
    torch.set_num_threads(n)
    assert loader_processes(None, on_cpu=True) == on_cpu
    assert torch.get_num_threads() == n - on_cpu


def test_processes_share_the_machine(cores, monkeypatch):
    cores(8)
    monkeypatch.setenv("LOCAL_WORLD_SIZE", "4")
    assert loader_processes(None, on_cpu=False) == 2
    assert loader_processes(None, on_cpu=True) == 1


def test_what_is_asked_for_counts(cores):
    cores(2)
    torch.set_num_threads(2)
    assert loader_processes(5, on_cpu=True) == 5
    assert torch.get_num_threads() == 1
    torch.set_num_threads(1)  # as OMP_NUM_THREADS=1 does; never more than that
    loader_processes(0, on_cpu=True)
    assert torch.get_num_threads() == 1
