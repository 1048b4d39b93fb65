"""Rows are judged by the box of their person: red and blue people on grey, two in each picture."""

import json
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from emolens.cli.main import main
from emolens.data.adapter import import_dataset
from emolens.data.manifest import Manifest
from emolens.data.split import split_manifest
from emolens.errors import ConfigError, DataError
from emolens.evaluation.compare import compare
from emolens.evaluation.evaluate import evaluate
from emolens.evaluation.score.targets import read_targets
from emolens.evaluation.score.view import choose_view, viewed
from emolens.runs.config import TrainingFacts
from emolens.training.train import train

LEFT, RIGHT = [6, 10, 40, 70], [84, 10, 118, 70]
RED, BLUE = (230, 30, 30), (30, 30, 230)


def draw(path, left, right):
    """Two people, each in a colour, on a canvas in which the context of one does not reach the other."""
    image_HWC = np.full((80, 124, 3), 128, dtype=np.uint8)
    for (x0, y0, x1, y1), colour in ((LEFT, left), (RIGHT, right)):
        image_HWC[y0:y1, x0:x1] = colour
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(image_HWC).save(path)


@pytest.fixture
def manifest(tmp_path):
    """A row a person; red is positive. Two pictures in each split, and in each picture one of each colour."""
    rows = []
    for split in ("train", "val", "test"):
        for number in range(2):
            colours = (RED, BLUE) if number else (BLUE, RED)
            name = f"{split}{number}.png"
            draw(tmp_path / name, *colours)
            for person, (box, colour) in enumerate(zip((LEFT, RIGHT), colours, strict=True)):
                rows.append(
                    {
                        "id": f"{name}#{person}", "path": name, "media": "image", "split": split,
                        "label": "positive" if colour == RED else "negative", "label_space": "polarity2",
                        "valence": 0.9 if colour == RED else -0.9, "boxes": [box],
                    }
                )  # fmt: skip
    frame = pd.DataFrame(rows)
    made = Manifest(frame, {"dataset": "people", "scales": {"valence": [-1, 1]}, "centric": "person"}, tmp_path)
    made = made.freeze_splits()
    made.write(tmp_path / "people.parquet")
    return Manifest.read(tmp_path / "people.parquet")


def trained_on(predictor, view):
    """The same model, as if it had been trained on scenes or on persons."""
    config = replace(predictor.config, view=view, training=TrainingFacts(recipe="probe"))
    predictor.model = replace(predictor.model, config=config)
    return predictor


def test_each_person_gets_an_answer_of_their_own(predictor, manifest):
    seen = evaluate(trained_on(predictor(), "person"), manifest)
    assert seen.metrics["accuracy"].value == 1.0
    assert seen.metrics["valence/pearson_r"].value > 0.99
    assert seen.to_json()["view"] == "person"
    table = seen.to_pandas()
    assert table[["x0", "y0", "x1", "y1"]].to_numpy().tolist() == [LEFT, RIGHT] * 2
    scene = evaluate(trained_on(predictor(), "scene"), manifest)
    answers = scene.to_pandas()
    assert answers["valence"].iloc[0] == answers["valence"].iloc[1], "one picture, one answer"
    assert scene.to_json()["view"] == "scene"


def test_a_model_that_was_not_trained_is_shown_what_the_ratings_are_of(predictor, manifest):
    model = predictor()
    rows = read_targets(manifest, "test")
    assert choose_view(model, rows, manifest) == "person"
    assert choose_view(model, replace(rows, centric="scene"), manifest) == "scene"
    assert choose_view(model, replace(rows, centric=None), manifest) == "scene"
    assert choose_view(None, rows, manifest) == "person"
    assert choose_view(trained_on(predictor(), "scene"), rows, manifest) == "scene"
    assert choose_view(trained_on(predictor(), "scene"), rows, manifest, "persons") == "person"
    assert choose_view(trained_on(predictor(), "person"), rows, manifest, "scene") == "scene"
    bare = replace(manifest, frame=manifest.frame.drop(columns="boxes"))
    assert choose_view(model, rows, bare) == "scene"
    assert choose_view(trained_on(predictor(), "person"), rows, bare) == "person"


def test_both_views_side_by_side(predictor, manifest, tmp_path):
    both = evaluate(trained_on(predictor(), "person"), manifest, who="both", out=tmp_path / "out")
    assert list(both.views) == ["scene", "persons"]
    assert both.views["persons"].metrics == both.metrics
    assert both.views["scene"].metrics["accuracy"].value == 0.5
    written = json.loads((tmp_path / "out/metrics.json").read_text())
    assert written["views"]["persons"]["accuracy"]["value"] == 1.0
    assert "Scene and persons" in (tmp_path / "out/report.html").read_text()


def test_a_row_without_a_person_is_judged_by_the_scene_and_counted(predictor, manifest):
    boxes = [None if row % 4 == 3 else value for row, value in enumerate(manifest.frame["boxes"])]
    some = replace(manifest, frame=manifest.frame.assign(boxes=pd.Series(boxes, dtype=object)))
    seen = evaluate(trained_on(predictor(), "person"), some)
    assert seen.to_json()["n_no_person"] == 1
    assert seen.to_pandas()["status"].tolist() == ["ok", "ok", "ok", "no_person"]
    assert seen.measured.n_scored == 4


def test_of_several_boxes_the_most_confident_counts(predictor, manifest):
    frame = manifest.frame.assign(boxes=[[LEFT, RIGHT]] * len(manifest), box_scores=[[0.3, 0.9]] * len(manifest))
    shown = viewed(read_targets(manifest, "test"), replace(manifest, frame=frame), "person")
    assert shown.box_N == (tuple(map(float, RIGHT)),) * 4
    assert [one.person for one in shown.inputs] == [1] * 4


def test_without_boxes_it_is_said_what_to_do(predictor, manifest):
    bare = replace(manifest, frame=manifest.frame.drop(columns="boxes"))
    with pytest.raises(DataError, match=r"people: no column \"boxes\".*emolens data people.*--people.*--who scene"):
        evaluate(trained_on(predictor(), "person"), bare)
    assert evaluate(trained_on(predictor(), "person"), bare, who="scene").to_json()["view"] == "scene"


def test_compare_shows_each_model_what_fits_it(predictor, manifest):
    whole = trained_on(predictor(name="whole"), "scene")
    parts = trained_on(predictor(name="parts"), "person")
    table = compare([whole, parts], [manifest])
    found = {entry.name: entry.cells["people"] for entry in table.entries}
    views = {name: cell.answers.view for name, cell in found.items() if cell.answers is not None}
    assert views == {"majority": "scene", "mini": "scene", "whole": "scene", "parts": "person"}
    assert found["parts"].measured.metrics["accuracy"].value == 1.0
    assert found["whole"].measured.metrics["accuracy"].value == 0.5


def test_compare_both_gives_two_rows_a_model(predictor, manifest):
    table = compare([trained_on(predictor(), "person")], [manifest], who="both")
    own = {entry.name: entry.cells["people"] for entry in table.entries if entry.kind == "given"}
    assert list(own) == ["colour, scene", "colour, persons"]
    assert own["colour, persons"].measured.metrics["accuracy"].value == 1.0
    assert own["colour, scene"].measured.metrics["accuracy"].value == 0.5


def test_a_network_of_videos_is_shown_no_persons(predictor, manifest, monkeypatch):
    model = predictor()
    monkeypatch.setattr(type(model), "sees_persons", False)
    assert choose_view(model, read_targets(manifest, "test"), manifest) == "scene"
    with pytest.raises(ConfigError, match="takes whole videos"):
        evaluate(model, manifest, who="persons")


@pytest.mark.parametrize("recipe", ["probe", "clip_e_cross_entropy"])
def test_heads_on_persons_are_judged_as_they_were_trained(manifest, recipe, tmp_path, capsys):
    data, run = tmp_path / "people.parquet", tmp_path / "run"
    few = {"batch_size": 4, "epochs": 30} if recipe != "probe" else {"l2": (0.001, 0.1)}
    made = train(recipe, data, run, backbone="mini", view="person", cache=tmp_path / "cache", **few)
    assert json.loads((run / "config.json").read_text())["view"] == "person"
    options = ("--split", "val", "--cache", tmp_path / "cache", "--device", "cpu")
    assert main(["evaluate", f"run:{run}", "--data", str(data), "--out", str(tmp_path / "e"), *map(str, options)]) == 0
    assert "shown the person of each row, 4 of 4 rows scored" in capsys.readouterr().out
    found = json.loads((tmp_path / "e/metrics.json").read_text())["metrics"]
    for name in set(made.metrics) & set(found):
        assert found[name]["value"] == pytest.approx(made.metrics[name], abs=1e-5), name
    assert found["accuracy"]["value"] == 1.0


def test_neighbours_are_persons_where_persons_are_judged(manifest, tmp_path):
    shown = {
        entry.name: entry.cells["people"].answers.view
        for entry in compare(["knn:mini"], [manifest], cache=tmp_path / "cache").entries
        if entry.cells["people"].answers is not None
    }
    assert (shown["knn:mini"], shown["linear probe on mini"]) == ("person", "person")
    near = evaluate("knn:mini", manifest, cache=tmp_path / "cache")
    assert (near.to_json()["view"], near.metrics["accuracy"].value) == ("person", 1.0)
    far = evaluate("knn:mini", manifest, who="scene", cache=tmp_path / "cache")
    assert (far.to_json()["view"], far.metrics["accuracy"].value) == ("scene", 0.5)


def heco(folder):
    lines = ["Image,Category,Valence,Arousal,Dominance,xmin,ymin,xmax,ymax"]
    for number in range(10):
        colours = (RED, BLUE) if number % 2 else (BLUE, RED)
        draw(folder / f"Data/{number}.jpg", *colours)
        for box, colour in zip((LEFT, RIGHT), colours, strict=True):
            word, valence = ("Happinesst", 9) if colour == RED else ("Sadness", 2)
            lines.append(f"{number}.jpg,{word},{valence},5,5,{','.join(map(str, box))}")
    (folder / "Labels").mkdir(parents=True)
    (folder / "Labels/HECO_Labels.csv").write_text("\n".join(lines) + "\n")


def test_heco_end_to_end(tmp_path):
    """A row a person, imported as published, split by picture, trained and judged on persons; compared with scenes."""
    heco(tmp_path / "heco")
    data = tmp_path / "heco.parquet"
    split_manifest(import_dataset("heco", tmp_path / "heco"), {"train": 0.6, "val": 0.2, "test": 0.2}, seed=0).write(
        data
    )
    found = {}
    for view in ("person", "scene"):
        train("probe", data, tmp_path / view, backbone="mini", view=view, l2=(0.001, 0.1), cache=tmp_path / "cache")
        found[view] = evaluate(f"run:{tmp_path / view}", data, cache=tmp_path / "cache")
    assert found["person"].metrics["accuracy"].value == 1.0
    assert found["person"].metrics["valence/pearson_r"].value > 0.9
    assert found["scene"].metrics["accuracy"].value == 0.5
    assert found["scene"].targets.centric == "person"


@pytest.mark.shared
def test_caer_s_end_to_end(tmp_path, shared):
    """No boxes in the release: the detector finds the persons, once, and rows without one are judged whole."""
    oasis = shared / "data/oasis/images"
    names = {"Happy": ["Couple 1", "Couple 2", "Couple 3"], "Sad": ["Sad face 1", "Galaxy 1", "Sad face 2"]}
    for split in ("train", "test"):
        for label, pictures in names.items():
            for number, name in enumerate(pictures):
                place = tmp_path / "caer" / split / label / f"{number}.png"
                place.parent.mkdir(parents=True, exist_ok=True)
                Image.open(oasis / f"{name}.jpg").convert("RGB").resize((200, 160)).save(place)
    data = tmp_path / "caer_s.parquet"
    import_dataset("caer_s", tmp_path / "caer").write(data)
    detector = ["--people", f"yolox:{shared / 'models/yolox_nano.onnx'}"]
    common = ["--data", str(data), "--cache", str(tmp_path / "cache"), "--device", "cpu"]
    assert main(["evaluate", "mini", *common, "--out", str(tmp_path / "e"), "--who", "persons"]) == 3
    assert main(["evaluate", "mini", *common, "--out", str(tmp_path / "e"), "--who", "persons", *detector]) == 0
    written = json.loads((tmp_path / "e/metrics.json").read_text())
    assert (written["view"], written["n_no_person"], written["n_scored"]) == ("person", 1, 6)
