import json
import subprocess
import sys

import pytest
import torch
from lightning_fabric import Fabric
from torch import nn

from emolens.errors import DataError, WeightsError
from emolens.models.loading.safetensors_file import load_weights, save_weights
from emolens.training.state.checkpoint import Checkpoints, finished, load_checkpoint, remove_checkpoints


@pytest.fixture
def checkpoints(tmp_path):
    return Checkpoints(tmp_path, Fabric(accelerator="cpu", devices=1))


def numbers(run):
    return sorted(folder.name for folder in (run / "checkpoints").iterdir())


def test_state_comes_back(tmp_path, checkpoints):
    state = {
        "task": {"w": torch.arange(6.0).reshape(2, 3).t()},
        "epoch": 4,
        "sums": {"loss": 0.1},
        "n": torch.tensor(3),
    }
    checkpoints.save(state, wait=True)
    back = load_checkpoint(tmp_path)
    assert (back["epoch"], back["sums"], back["n"]) == (4, {"loss": 0.1}, 3)
    assert torch.equal(back["task"]["w"], state["task"]["w"])


def test_the_state_is_that_of_the_call_however_soon_it_changes(tmp_path, checkpoints):
    weight = torch.zeros(1_000_000)
    checkpoints.save({"w": weight, "step": 0})
    weight.add_(1)
    checkpoints.wait()
    assert not load_checkpoint(tmp_path)["w"].any()


def test_the_last_one_counts_and_is_the_only_one_left(tmp_path, checkpoints):
    for step in range(3):
        checkpoints.save({"step": step})
    checkpoints.wait()
    assert load_checkpoint(tmp_path) == {"step": 2}
    assert numbers(tmp_path) == ["3"]
    again = Checkpoints(tmp_path, Fabric(accelerator="cpu", devices=1))
    again.save({"step": 9}, wait=True)
    assert numbers(tmp_path) == ["4"]
    remove_checkpoints(tmp_path)
    assert load_checkpoint(tmp_path) is None


def test_no_checkpoint_is_none(tmp_path):
    assert load_checkpoint(tmp_path) is None


def test_one_that_was_not_finished_does_not_count_and_is_removed(tmp_path, checkpoints):
    checkpoints.save({"step": 1}, wait=True)
    torn = tmp_path / "checkpoints" / "2"
    torn.mkdir()
    (torn / "shard-00001-model-00001-of-00001.safetensors").write_bytes(b"half")
    assert load_checkpoint(tmp_path) == {"step": 1}
    Checkpoints(tmp_path, Fabric(accelerator="cpu", devices=1))
    assert numbers(tmp_path) == ["1"]


SAVER = """
import itertools, sys, torch
from pathlib import Path
from lightning_fabric import Fabric
from emolens.training.state.checkpoint import Checkpoints
checkpoints = Checkpoints(Path(sys.argv[1]), Fabric(accelerator="cpu", devices=1))
for step in itertools.count(1):
    checkpoints.save({"step": step, "w": torch.full((300_000,), float(step)), "v": torch.full((9,), step)})
"""


def test_killed_at_any_moment_a_whole_one_is_left(tmp_path, wait_until):
    for wanted in (2, 5):
        with subprocess.Popen([sys.executable, "-c", SAVER, str(tmp_path / str(wanted))]) as process:
            wait_until(lambda n=wanted: any(int(f.name) >= n for f in finished(tmp_path / str(n))), process)
            process.kill()
        state = load_checkpoint(tmp_path / str(wanted))
        assert state["step"] >= wanted
        assert (state["w"] == state["step"]).all()
        assert (state["v"] == state["step"]).all()


@pytest.mark.parametrize("what", ["shard", "state", "no shard"])
def test_a_damaged_checkpoint_is_a_clear_error(tmp_path, checkpoints, what):
    checkpoints.save({"w": torch.arange(1000.0), "step": 3}, wait=True)
    shard = next((tmp_path / "checkpoints" / "1").glob("*.safetensors"))
    if what == "no shard":
        shard.unlink()
    else:
        path = shard if what == "shard" else tmp_path / "checkpoints" / "1" / "state.json"
        path.write_bytes(path.read_bytes()[:50])
    with pytest.raises(DataError, match=r"checkpoints/1: is damaged .*; remove it to train from the start"):
        load_checkpoint(tmp_path)


def test_a_checkpoint_of_a_newer_version_is_said(tmp_path, checkpoints):
    checkpoints.save({"step": 3}, wait=True)
    path = tmp_path / "checkpoints" / "1" / "state.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), "format": 2}))
    with pytest.raises(DataError, match="of another version of emolens"):
        load_checkpoint(tmp_path)


def test_nothing_in_it_is_a_pickle(tmp_path, checkpoints):
    checkpoints.save({"w": torch.arange(3.0), "step": 3}, wait=True)
    kinds = {path.suffix for path in tmp_path.rglob("*") if path.is_file()}
    assert kinds == {".json", ".safetensors"}


def test_a_failed_save_keeps_the_last_good_one(tmp_path, checkpoints):
    checkpoints.save({"epoch": 1}, wait=True)
    with pytest.raises(TypeError, match="bad: function cannot be kept"):
        checkpoints.save({"epoch": 2, "bad": lambda: None})
    assert load_checkpoint(tmp_path) == {"epoch": 1}


def test_the_single_file_of_earlier_versions_is_read_until_the_next_save(tmp_path, checkpoints):
    torch.save({"epoch": 4, "task": {"w": torch.ones(2)}}, tmp_path / "checkpoint.pt")
    assert load_checkpoint(tmp_path)["epoch"] == 4
    checkpoints.save({"epoch": 5}, wait=True)
    assert load_checkpoint(tmp_path) == {"epoch": 5}
    assert not (tmp_path / "checkpoint.pt").exists()


def test_such_a_file_with_code_in_it_is_refused(tmp_path):
    class Evil:
        def __reduce__(self):
            return (print, ("never",))

    torch.save({"w": Evil()}, tmp_path / "checkpoint.pt")
    with pytest.raises(DataError, match=r"checkpoint.pt: is damaged .* remove it"):
        load_checkpoint(tmp_path)


def test_weights_of_another_architecture_are_listed(tmp_path):
    save_weights(tmp_path / "w.safetensors", nn.Linear(3, 4).state_dict())
    load_weights(tmp_path / "w.safetensors", nn.Linear(3, 4))
    with pytest.raises(WeightsError, match=r"another architecture; .*size mismatch for weight"):
        load_weights(tmp_path / "w.safetensors", nn.Linear(5, 4))
    with pytest.raises(WeightsError, match="no such file"):
        load_weights(tmp_path / "absent.safetensors", nn.Linear(3, 4))
    (tmp_path / "w.safetensors").write_bytes(b"junk")
    with pytest.raises(WeightsError, match="not a readable safetensors file"):
        load_weights(tmp_path / "w.safetensors", nn.Linear(3, 4))
