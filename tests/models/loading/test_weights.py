import pickle

import pytest
import torch
from safetensors.torch import save_file
from torch import nn

from emolens.errors import WeightsError
from emolens.models.loading.weights import load_into, read_state_dict


def test_one_content_in_every_wrapping(tmp_path):
    state = nn.Linear(3, 2).state_dict()
    save_file(state, tmp_path / "a.safetensors")
    torch.save(state, tmp_path / "a.pt")
    torch.save(
        {"state_dict": {f"module.{name}": value for name, value in state.items()}, "epoch": 3}, tmp_path / "a.bin"
    )
    torch.save({"model": state}, tmp_path / "a.pth")
    for name in ("a.safetensors", "a.pt", "a.bin", "a.pth"):
        found = read_state_dict(tmp_path / name)
        assert found.keys() == state.keys()
        assert all(torch.equal(found[key], state[key]) for key in state), name


class Evil:
    def __reduce__(self):
        return print, ("ran",)


@pytest.mark.parametrize(
    ("name", "write", "says"),
    [
        ("none.pt", lambda path: None, "no such weights file"),
        ("a.h5", lambda path: path.write_bytes(b"x"), 'of kind ".h5"'),
        ("cut.safetensors", lambda path: path.write_bytes(b"\0" * 40), "cannot be read as weights"),
        ("empty.pt", lambda path: path.write_bytes(b""), "cannot be read as weights"),
        ("jit.pt", lambda path: torch.jit.save(torch.jit.script(nn.Linear(1, 1)), path), "TorchScript"),
        ("number.pt", lambda path: torch.save({"epoch": 3}, path), "no table of tensors"),
    ],
)
@pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::FutureWarning")
def test_what_is_not_weights(tmp_path, name, write, says):
    write(tmp_path / name)
    with pytest.raises(WeightsError, match=says) as raised:
        read_state_dict(tmp_path / name)
    assert name in str(raised.value)


def test_a_pickle_that_runs_code_does_not_run(tmp_path, capsys):
    (tmp_path / "evil.pt").write_bytes(pickle.dumps({"weight": Evil()}))
    torch.save({"weight": Evil()}, tmp_path / "evil.bin")
    for name in ("evil.pt", "evil.bin"):
        with pytest.raises(WeightsError, match="could run code"):
            read_state_dict(tmp_path / name)
    assert "ran" not in capsys.readouterr().out


def test_every_misfit_is_listed():
    module = nn.ModuleDict({"features": nn.Linear(3, 2), "fc": nn.Linear(2, 5)})
    state = {"features.weight": torch.zeros(2, 4), "other": torch.zeros(1)}
    with pytest.raises(WeightsError) as raised:
        load_into(module, state, "w.pt as net", optional=("fc",))
    message = str(raised.value)
    assert message.startswith("w.pt as net: weights of another architecture")
    for part in ("missing (1): features.bias", "unknown (1): other", "features.weight [2, 4] for [2, 3]"):
        assert part in message
    assert "fc" not in message


def test_a_head_may_be_missing_or_have_other_classes():
    for classes in (None, 7):
        module = nn.ModuleDict({"features": nn.Linear(3, 2), "fc": nn.Linear(2, 5)})
        state = {f"features.{name}": value for name, value in nn.Linear(3, 2).state_dict().items()}
        if classes:
            state |= {f"fc.{name}": value for name, value in nn.Linear(2, classes).state_dict().items()}
        load_into(module, state, "w", optional=("fc",))
        assert torch.equal(module["features"].weight, state["features.weight"])


def test_optional_is_a_whole_part_of_a_name():
    with pytest.raises(WeightsError, match="fcn"):
        load_into(nn.ModuleDict({"fcn": nn.Linear(1, 1)}), {}, "w", optional=("fc",))
