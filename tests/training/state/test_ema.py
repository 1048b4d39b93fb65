import copy

import pytest
import torch
from torch import nn

from emolens.training.state.ema import WeightAverage


def moved(model: nn.Module, step: int) -> None:
    """As an optimiser would leave it after a step."""
    generator = torch.Generator().manual_seed(step)
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.add_(torch.randn(parameter.shape, generator=generator))


def test_equals_the_formula():
    model = nn.Linear(2, 1)
    average, expected = WeightAverage(model, 0.6), model.weight.detach().double()
    for t in range(1, 9):
        moved(model, t)
        average.update()
        d = min(0.6, 1 - t ** (-2 / 3))
        expected = d * expected + (1 - d) * model.weight.detach().double()
    torch.testing.assert_close(average.average["weight"].double(), expected, atol=1e-6, rtol=0)


def test_a_resumed_average_is_bit_equal():
    whole = nn.Sequential(nn.Linear(3, 4), nn.BatchNorm1d(4))
    first = copy.deepcopy(whole)
    average, before = WeightAverage(whole, 0.9), WeightAverage(first, 0.9)
    for t in range(1, 11):
        moved(whole, t)
        average.update()
    for t in range(1, 6):
        moved(first, t)
        before.update()
    saved = {name: tensor.clone() for name, tensor in before.average.items()}
    again = nn.Sequential(nn.Linear(3, 4), nn.BatchNorm1d(4))
    again.load_state_dict(first.state_dict())
    resumed = WeightAverage(again, 0.9)
    resumed.restore(saved, before.updates)
    for t in range(6, 11):
        moved(again, t)
        resumed.update()
    assert resumed.updates == 10
    for name, tensor in average.average.items():
        assert torch.equal(tensor, resumed.average[name]), name


def test_whole_numbers_are_copied():
    model = nn.BatchNorm1d(2)
    average = WeightAverage(model, 0.9)
    for _ in range(3):
        model(torch.randn(4, 2))
        average.update()
    assert average.average["num_batches_tracked"] == 3


def test_the_model_gets_its_own_weights_back_even_after_an_error():
    model = nn.Linear(2, 2)
    average, first = WeightAverage(model, 0.9), model.weight.detach().clone()
    moved(model, 1)
    own = model.weight.detach().clone()

    def look() -> None:
        with average.applied():
            assert torch.equal(model.weight, first)
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        look()
    assert torch.equal(model.weight, own)
