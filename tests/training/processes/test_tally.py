import pytest
import torch

from emolens.training.processes.tally import Tally
from emolens.training.tasks.task import Step


def told(taken):
    return [(one.step.number, one.values()) for one in taken]


def test_on_a_cpu_a_step_is_read_at_once():
    tally = Tally(torch.device("cpu"))
    tally.add(Step(0, 0, []), ["loss"], torch.tensor([[[0.5]]]), 0.1)
    assert told(tally.take(0)) == [(0, [[[0.5]]])]
    assert tally.take_all() == []


def test_on_a_device_that_is_ahead_the_last_step_is_left_until_all_are_asked_for():
    tally = Tally(torch.device("cpu"))
    tally.ahead = 1
    for number in range(3):
        tally._waiting.append(tally_entry(number))
    assert [number for number, _ in told(tally.take(2))] == [0, 1]
    assert [number for number, _ in told(tally.take_all())] == [2]


def tally_entry(number):
    from emolens.training.processes.tally import Told

    return Told(Step(0, number, []), ["loss"], torch.tensor([[[float(number)]]]), 0.1)


@pytest.mark.gpu
@pytest.mark.skipif(not torch.cuda.is_available(), reason="no CUDA device")
def test_on_a_gpu_the_host_reads_what_the_step_computed():
    tally, device = Tally(torch.device("cuda")), torch.device("cuda")
    for number in range(3):
        tally.add(Step(0, number, []), ["loss"], torch.full((1, 1, 1), float(number), device=device), 0.1)
        assert [n for n, _ in told(tally.take(number))] == ([number - 1] if number else [])
    assert told(tally.take_all()) == [(2, [[[2.0]]])]
