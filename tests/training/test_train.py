"""The one door to training, from Python."""

from dataclasses import replace

import pytest
from fixtures.pictures import bright_and_dark

from emolens.compute import ComputeConfig
from emolens.data.manifest import Manifest
from emolens.errors import ConfigError, DataError
from emolens.recipes.probe import probe
from emolens.runs.folder import read_config
from emolens.training.train import override, train


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    """Twenty bright and dark pictures."""
    folder = tmp_path_factory.mktemp("data")
    frame = bright_and_dark(folder, 12, 8, 0, (16, 16)).drop(columns=["valence", "arousal"])
    Manifest(frame, {"dataset": "bright"}, folder).freeze_splits().write(folder / "m.parquet")
    return folder / "m.parquet"


def test_a_recipe_by_name_with_overrides_gives_a_run_that_loads(data, tmp_path, picture):
    run = train("probe", data, tmp_path / "run", cache=tmp_path / "cache", backbone="mini", l2=(0.1, 1.0), seed=5)
    assert run.path == tmp_path / "run"
    assert run.metrics["accuracy"] == 1
    assert run.follow_up.startswith(f"emolens evaluate run:{tmp_path / 'run'}")
    config = read_config(run.path)
    assert (config.kind, config.training.seed, config.training.recipe) == ("probe", 5, "probe")
    assert config.training.config["l2"] == [0.1, 1.0]
    assert dict(config.training.validation) == run.metrics
    assert run.load(device="cpu").predict([picture(tmp_path / "a.png")])[0].status == "ok"


def test_a_share_of_the_training_rows_can_be_asked_for_and_is_recorded(data, tmp_path, capsys):
    share = {"train_share": 0.5, "backbone": "mini", "l2": (1.0,), "cache": tmp_path / "cache"}
    run = train("probe", data, tmp_path / "run", **share)
    training = read_config(run.path).training
    assert training.config["trainer"]["train_share"] == 0.5
    assert dict(training.data.n) == {"train": 6, "val": 4}
    assert "plan: 6 embeddings to train on" in capsys.readouterr().err
    with pytest.raises(ConfigError, match=r"train_share 1\.5: must be above 0 and at most 1"):
        train("probe", data, tmp_path / "other", train_share=1.5)
    with pytest.raises(DataError):
        train("probe", data, tmp_path / "other", train_share=0.05, backbone="mini")


def test_a_config_is_recorded_by_its_class_or_by_a_name(data, tmp_path):
    config = replace(probe(), backbone="mini", l2=(1.0,))
    for name in (None, "mine"):
        run = train(config, data, tmp_path / str(name), cache=tmp_path / "c", name=name, compute=ComputeConfig("cpu"))
        assert read_config(run.path).recipe == (name or "ProbeConfig")


def test_overrides_reach_the_trainer_the_optimiser_and_nested_configs():
    from emolens.recipes.av_cpnet_tiny import av_cpnet_tiny

    full = av_cpnet_tiny()
    config = override(full, {"epochs": 3, "lr": 0.5, "model": {"width": 64, "audio": {"width": 4}}, "compile": True})
    assert (config.trainer.epochs, config.optimizer.lr, config.model.width, config.model.audio.width) == (3, 0.5, 64, 4)
    assert config.model.video == full.model.video
    assert config.compile
    with pytest.raises(ConfigError, match='AVConfig has no field "epoch"; did you mean "epochs"'):
        override(full, {"epoch": 3})
    with pytest.raises(ConfigError, match="epochs 0"):
        override(full, {"epochs": 0})


def test_a_file_is_no_run_folder(data, tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(ConfigError, match="is a file; --out names a folder"):
        train("probe", data, tmp_path / "file", backbone="mini")
