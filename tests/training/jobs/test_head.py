import json
from dataclasses import replace

import numpy as np
import pytest
from fixtures.pictures import bright_and_dark

from emolens import load
from emolens.cli.main import main
from emolens.data.manifest import Manifest
from emolens.recipes import get_recipe


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    """Forty bright and dark pictures: a manifest with both a label and a valence."""
    folder = tmp_path_factory.mktemp("data")
    frame = bright_and_dark(folder, 20, 10, 10, (32, 32))
    scales = {"valence": [1, 7], "arousal": [1, 7]}
    Manifest(frame, {"dataset": "bright", "scales": scales}, folder).freeze_splits().write(folder / "m.parquet")
    return folder / "m.parquet"


def train(recipe, data, run, tiny_clip, *more):
    cache = str(run.parent / "cache")
    base = ["train", recipe, "--data", str(data), "--out", str(run), "--backbone", tiny_clip, "--cache", cache]
    return main([*base, "--device", "cpu", *more])


HEADS = ("probe", "clip_e_cross_entropy", "clip_e_contrastive")


@pytest.mark.parametrize("recipe", HEADS)
def test_each_recipe_trains_and_its_run_predicts(recipe, data, tmp_path, tiny_clip, capsys):
    run = tmp_path / "run"
    extra = [] if recipe == "probe" else ["--epochs", "200", "--lr", "0.01", "--batch-size", "0"]
    extra += ["--class-weights"] if recipe == "clip_e_cross_entropy" else []
    assert train(recipe, data, run, tiny_clip, *extra) == 0
    assert "on the validation split" in capsys.readouterr().out
    files = {"config.json", "model.safetensors", "README.md", "request.json", "metrics.json", "log.csv", "tensorboard"}
    assert files <= {path.name for path in run.iterdir()}
    assert not (run / "checkpoints").exists()
    config = json.loads((run / "config.json").read_text())
    assert config["training"]["recipe"] == recipe
    assert config["training"]["data"]["n"] == {"train": 20, "val": 10}
    assert json.loads((run / "metrics.json").read_text())["metrics"]["accuracy"]["n"] == 10
    test = Manifest.read(data).select("test")
    rows = load(f"run:{run}", device="cpu").predict(test.paths())
    hits = [row.label == label for row, label in zip(rows, test.frame["label"], strict=True)]
    assert np.mean(hits) >= 0.8
    if recipe == "probe":
        assert np.corrcoef(rows.values("valence"), test.target("valence"))[0, 1] > 0.7
        assert set(config["targets"]) == {"valence", "arousal"}


def test_a_finished_or_foreign_run_is_not_overwritten(data, tmp_path, tiny_clip, capsys):
    run = tmp_path / "run"
    assert train("probe", data, run, tiny_clip, "--targets", "label") == 0
    assert train("probe", data, run, tiny_clip, "--targets", "label") == 2
    assert "holds a finished run" in capsys.readouterr().err
    (run / "config.json").unlink()
    assert train("probe", data, run, tiny_clip, "--targets", "label") == 2
    assert "go on with --resume" in capsys.readouterr().err
    assert train("probe", data, run, tiny_clip, "--targets", "valence_arousal", "--resume") == 2
    assert "begun with another recipe" in capsys.readouterr().err
    assert train("probe", data, run, tiny_clip, "--targets", "label", "--resume") == 0


def test_options_that_contradict_each_other_or_the_data(data, tmp_path, tiny_clip, capsys):
    assert train("clip_e_cross_entropy", data, tmp_path / "a", tiny_clip) == 2
    assert "batch_size 256 is larger than the training split of 20 rows" in capsys.readouterr().err
    assert train("clip_e_contrastive", data, tmp_path / "b", tiny_clip, "--batch-size", "4", "--class-weights") == 2
    assert "leave out --class-weights" in capsys.readouterr().err
    assert train("probe", data, tmp_path / "c", tiny_clip, "--accumulate", "2") == 2
    assert "accumulate 2" in capsys.readouterr().err
    assert train("probe", data.parent, tmp_path / "d", tiny_clip) != 0
    assert not any((tmp_path / name).exists() for name in "abcd")


def test_a_probe_of_several_labels_gives_each_a_degree(data, tmp_path, tiny_clip):
    whole = Manifest.read(data)
    labels = [["positive"] if label == "positive" else ["negative", "positive"] for label in whole.frame["label"]]
    several = tmp_path / "several.parquet"
    replace(whole, frame=whole.frame.drop(columns="label").assign(labels=labels)).write(several)
    assert train("probe", several, tmp_path / "run", tiny_clip, "--targets", "label") == 0
    config = json.loads((tmp_path / "run" / "config.json").read_text())
    assert config["multi_label"] is True
    assert set(config["training"]["validation"]) == {"l2/label", "loss/label", "map"}
    test = Manifest.read(several).select("test")
    score_NC = load(f"run:{tmp_path / 'run'}", device="cpu").predict(test.paths()).score_NC(whole.space())
    assert (score_NC[:, 1] > 0.8).all()  # every picture
    dark_N = np.array(["negative" in some for some in test.frame["labels"]])
    assert score_NC[dark_N, 0].mean() > score_NC[~dark_N, 0].mean() + 0.3


def test_data_that_does_not_fit_the_recipe(data, tmp_path, tiny_clip, capsys):
    whole = Manifest.read(data)
    bare = tmp_path / "bare.parquet"
    replace(whole, frame=whole.frame.drop(columns=["label", "label_space"])).write(bare)
    assert train("clip_e_contrastive", bare, tmp_path / "a", tiny_clip) == 2
    assert 'has no labels, and clip_e_contrastive needs them; for valence and arousal train "probe"' in (
        capsys.readouterr().err
    )
    assert train("probe", bare, tmp_path / "b", tiny_clip, "--targets", "label") == 2
    assert "has nothing for --targets label" in capsys.readouterr().err
    unsplit = tmp_path / "unsplit.parquet"
    replace(whole, frame=whole.frame.drop(columns="split"), metadata={"scales": whole.metadata["scales"]}).write(
        unsplit
    )
    assert train("probe", unsplit, tmp_path / "c", tiny_clip) == 3
    assert "--train 0.7 --val 0.1 --test 0.2 --seed 0" in capsys.readouterr().err
    lists = tmp_path / "lists.parquet"  # as many data sets are published: no validation
    known = whole.frame[whole.frame["split"] != "val"].reset_index(drop=True)
    replace(whole, frame=known).freeze_splits().write(lists)
    assert train("probe", lists, tmp_path / "d", tiny_clip) == 3
    assert f"emolens data split {lists} --within train --val 0.1 --seed 0" in capsys.readouterr().err
    assert not any((tmp_path / name).exists() for name in "abcd")


def test_pictures_that_cannot_be_read_are_left_out_and_said(data, tmp_path, tiny_clip, capsys):
    whole = Manifest.read(data)
    for path in whole.paths():
        (tmp_path / path.name).write_bytes(path.read_bytes())
    (tmp_path / "3.png").write_bytes(b"")
    replace(whole, root=tmp_path).write(tmp_path / "m.parquet")
    assert train("probe", tmp_path / "m.parquet", tmp_path / "run", tiny_clip) == 0
    assert "left out: " + str(tmp_path / "3.png") in capsys.readouterr().err
    assert json.loads((tmp_path / "run" / "config.json").read_text())["training"]["data"]["n"]["train"] == 19


def test_an_unknown_recipe_names_the_nearest(capsys):
    assert main(["train", "prob"]) == 2
    assert 'did you mean "probe"' in capsys.readouterr().err


def test_defaults_are_those_of_the_paper():
    config = get_recipe("clip_e_contrastive")()
    assert config.backbone == "ViT-B-32/openai"
    assert config.detach_targets is False
