import pytest
from lightning_fabric import Fabric

from emolens.errors import DataError
from emolens.training.processes.agreement import agree, fingerprint

RANKS = """
from emolens.errors import DataError, EmolensError
from emolens.training.devices import build_fabric
from emolens.training.processes.agreement import agree
fabric = build_fabric("cpu")
rank = fabric.global_rank
def said(facts, error=None):
    try:
        agree(fabric, "runs/x", facts, error, "Share a disk")
        return "agreed"
    except EmolensError as error:
        return f"{type(error).__name__} {error}"
for line in (
    said({"step": 3, "config": "ab"}),
    said({"step": 12 * rank, "config": "ab"}),
    said({"step": 3, "config": "abcd"[rank:]}),
    said({"step": 3}, DataError("checkpoint: is damaged") if rank == 1 else None),
):
    say(line)
"""


def test_one_process_agrees_with_itself_and_raises_what_it_met():
    fabric = Fabric(accelerator="cpu", devices=1)
    agree(fabric, "runs/x", {"step": 3})
    with pytest.raises(DataError, match="is damaged"):
        agree(fabric, "runs/x", {"step": 3}, DataError("is damaged"))


@pytest.mark.slow
def test_processes_that_differ_all_stop_with_one_message(on_two):
    first, second = on_two(RANKS)
    differs = "ConfigError runs/x: the processes do not agree. "
    assert first[:3] == second[:3] == [
        "agreed",
        differs + "step: 12 on process 1, 0 on process 0. Share a disk",
        differs + "config: bcd on process 1, abcd on process 0. Share a disk",
    ]  # fmt: skip
    assert first[3] == "ConfigError process 1 of 2 cannot start: checkpoint: is damaged"
    assert second[3] == "DataError checkpoint: is damaged"


def test_the_fingerprint_is_of_what_is_in_it():
    assert fingerprint({"a": 1, "b": (2,)}) == fingerprint({"b": [2], "a": 1})
    assert fingerprint({"a": 1}) != fingerprint({"a": 2})
