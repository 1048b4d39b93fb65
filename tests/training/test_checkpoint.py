import pytest
import torch
from torch import nn

from emolens.errors import DataError, WeightsError
from emolens.models.loading.safetensors_file import load_weights, save_weights
from emolens.training.checkpoint import load_checkpoint, save_checkpoint


def test_state_comes_back(tmp_path):
    state = {"task": {"w": torch.arange(3.0)}, "epoch": 4, "sums": {"loss": 0.5}}
    save_checkpoint(tmp_path, state)
    back = load_checkpoint(tmp_path)
    assert back["epoch"] == 4
    assert torch.equal(back["task"]["w"], state["task"]["w"])


def test_no_checkpoint_is_none(tmp_path):
    assert load_checkpoint(tmp_path) is None


def test_a_torn_checkpoint_is_a_clear_error(tmp_path):
    save_checkpoint(tmp_path, {"w": torch.arange(1000.0)})
    whole = (tmp_path / "checkpoint.pt").read_bytes()
    (tmp_path / "checkpoint.pt").write_bytes(whole[: len(whole) // 2])
    with pytest.raises(DataError, match=r"checkpoint.pt: is damaged .* remove it"):
        load_checkpoint(tmp_path)


def test_a_checkpoint_with_code_in_it_is_refused(tmp_path):
    class Evil:
        def __reduce__(self):
            return (print, ("never",))

    torch.save({"w": Evil()}, tmp_path / "checkpoint.pt")
    with pytest.raises(DataError, match="is damaged"):
        load_checkpoint(tmp_path)


def test_a_failed_save_keeps_the_last_good_one(tmp_path):
    save_checkpoint(tmp_path, {"epoch": 1})
    with pytest.raises(AttributeError):
        save_checkpoint(tmp_path, {"epoch": 2, "bad": lambda: None})
    assert load_checkpoint(tmp_path) == {"epoch": 1}
    assert [p.name for p in tmp_path.iterdir()] == ["checkpoint.pt"]


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
