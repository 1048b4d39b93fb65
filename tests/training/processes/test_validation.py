import importlib.util
import json
from pathlib import Path

import pytest
import torch
from lightning_fabric import Fabric

SCRIPT = Path(__file__).with_name("tasks_of_two.py")


@pytest.fixture(scope="module")
def script():
    spec = importlib.util.spec_from_file_location("tasks_of_two", SCRIPT)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def alone(script):
    return script.judged(Fabric(accelerator="cpu", devices=1))


def test_one_process_judges_every_row_once(alone):
    assert alone["rows"] == list(range(11))


def test_one_process_is_as_the_obvious_loop(alone, script):
    torch.manual_seed(0)
    task, table = script.finetune()
    task.eval()
    with torch.no_grad():
        expected = task.validate([table[[0, 1, 2, 3]], table[[4, 5, 6, 7]], table[[8, 9, 10]]])
    assert alone["finetune 4"] == expected


@pytest.mark.slow
def test_two_processes_share_the_split_and_both_get_the_figures_of_one(torchrun, tmp_path, alone):
    process = torchrun(SCRIPT, tmp_path)
    _, error = process.communicate()
    assert process.returncode == 0, error
    first, second = (json.loads((tmp_path / f"{rank}.json").read_text()) for rank in range(2))
    assert first.pop("rows") == [0, 1, 2, 6, 7, 8]
    assert second.pop("rows") == [3, 4, 5, 9, 10]
    # Exactly: each batch is one of those that one process judges, and no row counts twice.
    assert first == second == {name: metrics for name, metrics in alone.items() if name != "rows"}
