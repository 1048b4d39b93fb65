"""One manifest with the labels of WEBEmo, trained at 2, 6 and 25 classes."""

import json

import numpy as np
import pandas as pd
import pytest
from PIL import Image
from safetensors.torch import load_file

from emolens.cli.main import main
from emolens.data.manifest import Manifest
from emolens.evaluation.evaluate import evaluate
from emolens.taxonomy import get_label_space, mapping_table

WEBEMO = get_label_space("parrott25")
SPLITS = ("train", "train", "val", "test")
SMALL = ["--image-size", "32", "--patch-size", "8", "--embed-dim", "24", "--depth", "1", "--num-heads", "2"]


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    """Four pictures of each of the 25 labels: red is positive, blue negative; each primary emotion has its green."""
    folder = tmp_path_factory.mktemp("webemo")
    rng = np.random.default_rng(0)
    rows = []
    for c, label in enumerate(WEBEMO.labels):
        red = {"positive": 220, "neutral": 130, "negative": 40}[WEBEMO.polarity[c]]
        parent = WEBEMO.parents[c]
        green = 30 + 40 * (get_label_space("parrott6").index(parent) if parent else 0)
        for i, split in enumerate(SPLITS):
            image = rng.normal((red, green, 255 - red), 6, (32, 32, 3)).clip(0, 255).astype(np.uint8)
            Image.fromarray(image).save(folder / f"{label}{i}.png")
            rows.append((f"{label}{i}", f"{label}{i}.png", "image", split, label, "parrott25"))
    frame = pd.DataFrame(rows, columns=["id", "path", "media", "split", "label", "label_space"])
    Manifest(frame, {"dataset": "webemo"}, folder).freeze_splits().write(folder / "m.parquet")
    return folder / "m.parquet"


def train(recipe, data, run, *more):
    return main(["train", recipe, "--data", str(data), "--out", str(run), "--device", "cpu", *more])


@pytest.mark.parametrize(("space", "units", "kept"), [("polarity2", 1, 24), ("parrott6", 6, 23), ("parrott25", 25, 25)])
def test_clip_e_at_2_6_and_25_classes_and_each_is_evaluated_on_the_same_manifest(
    data, tmp_path, capsys, space, units, kept
):
    run = tmp_path / "run"
    options = [
        "--backbone",
        "mini",
        "--epochs",
        "60",
        "--lr",
        "0.01",
        "--batch-size",
        "0",
        "--cache",
        str(tmp_path / "cache"),
    ]
    assert train("clip_e_cross_entropy", data, run, *options, "--label-space", space) == 0
    said = capsys.readouterr().err
    assert load_file(run / "model.safetensors")["preds.bias"].shape == (units,)  # two classes are one sigmoid unit
    config = json.loads((run / "config.json").read_text())
    assert config["label_space"]["name"] == space
    assert config["training"]["data"]["n"] == {"train": 2 * kept, "val": kept}
    assert config["training"]["data"]["splits"] == Manifest.read(data).metadata["splits"]
    steps = config["training"]["data"]["relabelled"]
    assert [(step["source"], step["target"], step["how"]) for step in steps] == (
        [] if space == "parrott25" else [("parrott25", space, "exact")]
    )
    if steps:
        assert f"25 labels of parrott25 become {len(get_label_space(space))} of {space} (exact)" in said
        assert f"{4 * (25 - kept)} of 100 rows are left out" in said
        assert f"parrott25 to {space} (exact)" in (run / "README.md").read_text()
    assert json.loads((run / "request.json").read_text())["label_space"] == space
    result = evaluate(f"run:{run}", data, split="test")
    assert result.metrics["accuracy"].n == kept
    assert result.answers.mapping["labels"] == ("native" if space == "parrott25" else "coarsened")
    assert not result.warnings  # the split is the one that it was trained beside
    if space == "polarity2":
        assert result.metrics["accuracy"].value >= 0.9


@pytest.mark.parametrize("recipe", ["probe", "clip_e_contrastive", "uniemox_finetune_tiny"])
def test_every_recipe_with_labels_has_it_from_the_same_place(data, tmp_path, tiny_clip, recipe):
    run = tmp_path / "run"
    options = [*SMALL, "--workers", "0"] if "finetune" in recipe else ["--backbone", tiny_clip]
    options += [] if recipe == "probe" else ["--epochs", "1", "--warmup-epochs", "0", "--batch-size", "16"]
    options += [] if "finetune" in recipe else ["--cache", str(tmp_path / "cache")]
    assert train(recipe, data, run, *options, "--label-space", "parrott6") == 0
    config = json.loads((run / "config.json").read_text())
    assert config["label_space"]["name"] == "parrott6"
    assert config["training"]["data"]["n"] == {"train": 46, "val": 23}


def test_labels_of_a_run_are_those_that_an_exact_table_gives(data):
    from emolens.training.jobs.relabelled import relabelled

    manifest = Manifest.read(data)
    after = relabelled(manifest, "parrott6", "m")
    table = mapping_table("parrott25", "parrott6")
    kept = manifest.frame[[table[WEBEMO.index(label)].any() for label in manifest.frame["label"]]]
    assert after.frame["id"].tolist() == kept["id"].tolist()
    expected = [table[WEBEMO.index(label)].argmax() for label in kept["label"]]
    assert after.label_index().tolist() == expected
    assert len(after.select("test")) == 23


@pytest.mark.parametrize(
    ("recipe", "space", "code", "said"),
    [
        ("clip_e_cross_entropy", "mikels8", 2, "there is no exact table from parrott25 to mikels8"),
        ("clip_e_cross_entropy", "parrot6", 2, 'unknown label space "parrot6"; did you mean "parrott6"'),
        ("uniemox_pretrain_tiny", "parrott6", 2, "learns no labels, so it has no use for --label-space"),
    ],
)
def test_mistakes(data, tmp_path, capsys, recipe, space, code, said):
    assert train(recipe, data, tmp_path / "run", "--label-space", space) == code
    assert said in capsys.readouterr().err


def test_data_without_labels(data, tmp_path, capsys):
    manifest = Manifest.read(data)
    frame = manifest.frame.drop(columns=["label", "label_space"])
    Manifest(frame, manifest.metadata, manifest.root).write(tmp_path / "m.parquet")
    assert train("probe", tmp_path / "m.parquet", tmp_path / "run", "--label-space", "parrott6") == 3
    assert "m.parquet: the manifest has no labels" in capsys.readouterr().err


def test_a_resumed_run_must_be_of_the_same_space(data, tmp_path, capsys):
    run = tmp_path / "run"
    options = [
        "--backbone",
        "mini",
        "--epochs",
        "1",
        "--warmup-epochs",
        "0",
        "--batch-size",
        "0",
        "--cache",
        str(tmp_path / "cache"),
    ]
    assert train("clip_e_cross_entropy", data, run, *options, "--label-space", "parrott6") == 0
    (run / "config.json").unlink()
    assert train("clip_e_cross_entropy", data, run, *options, "--resume") == 2
    assert "begun with another recipe, config or data" in capsys.readouterr().err
    assert train("clip_e_cross_entropy", data, run, *options, "--resume", "--label-space", "parrott6") == 0
