import pytest
import torch

from emolens.training.processes.gather import gather, gather_json, gather_uneven

RANKS = """
import torch
from emolens.training.devices import build_fabric
from emolens.training.processes.gather import gather, gather_json, gather_uneven
rank = build_fabric("cpu").global_rank
whole = gather(torch.tensor([rank, 7]), 2).tolist()
uneven = [part.tolist() for part in gather_uneven(torch.full((2 * rank, 3), 0.5), 2)]
text = gather_json({"name": "é" * rank, "figure": 0.1 + rank}, 2, torch.device("cpu"))
say([whole, uneven, text])
"""


def test_one_process_has_all_there_is():
    assert gather(torch.tensor([1, 2]), 1).tolist() == [[1, 2]]
    assert [part.tolist() for part in gather_uneven(torch.tensor([1, 2]), 1)] == [[1, 2]]
    assert gather_json({"a": 1}, 1, torch.device("cpu")) == [{"a": 1}]


@pytest.mark.slow
def test_each_of_two_gets_what_both_have_in_order(on_two):
    [[first], [second]] = on_two(RANKS)
    assert first == second == str(
        [[[0, 7], [1, 7]], [[], [[0.5] * 3] * 2], [{"name": "", "figure": 0.1}, {"name": "é", "figure": 1.1}]]
    )  # fmt: skip
