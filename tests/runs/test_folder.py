import pytest
import torch
from safetensors.torch import load_file

from emolens.errors import DataError
from emolens.files import write_json
from emolens.runs import folder as folder_module
from emolens.runs.config import RunConfig
from emolens.runs.folder import read_config, write_run

CONFIG = RunConfig("probe", targets=("valence",))


def test_the_config_is_written_last(tmp_path, monkeypatch):
    write_run(tmp_path / "run", CONFIG, {"w": torch.arange(3)}, "a title")
    assert {path.name for path in (tmp_path / "run").iterdir()} == {"config.json", "model.safetensors", "README.md"}
    assert read_config(tmp_path / "run") == CONFIG
    assert load_file(tmp_path / "run" / "model.safetensors")["w"].tolist() == [0, 1, 2]
    assert "# a title" in (tmp_path / "run" / "README.md").read_text()

    def full(*_):
        raise DataError("the disk is full")

    monkeypatch.setattr(folder_module, "write_text", full)
    with pytest.raises(DataError, match="full"):
        write_run(tmp_path / "torn", CONFIG, {"w": torch.arange(3)})
    with pytest.raises(DataError, match=r"its training did not finish; .* --resume"):
        read_config(tmp_path / "torn")


def test_folders_that_are_no_runs_are_said(tmp_path):
    with pytest.raises(DataError, match="no such run folder"):
        read_config(tmp_path / "absent")
    with pytest.raises(DataError, match=r"it has no config.json, so it is not a run folder"):
        read_config(tmp_path)
    write_json(tmp_path / "config.json", {**CONFIG.to_dict(), "format": 99})
    with pytest.raises(DataError, match="newer; upgrade"):
        read_config(tmp_path)
    (tmp_path / "config.json").write_text("{")
    with pytest.raises(DataError, match="is not readable JSON"):
        read_config(tmp_path)
