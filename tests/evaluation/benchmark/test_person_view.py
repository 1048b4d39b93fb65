"""Persons are judged by their boxes, and recipes are trained on them."""

import numpy as np
import pandas as pd
import pytest
from PIL import Image

import emolens
from emolens.data.manifest import Manifest

SUITE = """
title = "t"
metrics = ["accuracy"]
[[data]]
name = "persons"
manifest = "m.parquet"
view = "VIEW"
"""


@pytest.fixture
def halves(tmp_path, monkeypatch):
    """Pictures that are half red and half blue; the person, whose colour is the label, stands in one half."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    rng, rows = np.random.default_rng(0), []
    for i in range(36):
        red_left, red_person = rng.random(2) < 0.5
        image_HWC = np.zeros((40, 80, 3), np.uint8)
        image_HWC[:, :40, 0 if red_left else 2] = rng.integers(150, 250)
        image_HWC[:, 40:, 2 if red_left else 0] = rng.integers(150, 250)
        Image.fromarray(image_HWC).save(tmp_path / f"{i}.png")
        left = 4.0 if red_left == red_person else 44.0
        box = [[left, 4.0, left + 30.0, 36.0]]
        rows.append(
            (f"p{i}", f"{i}.png", ("train", "val", "test")[i % 3], "positive" if red_person else "negative", box)
        )
    frame = pd.DataFrame(rows, columns=["id", "path", "split", "label", "boxes"])
    frame = frame.assign(media="image", label_space="polarity2", height=40, width=80)
    Manifest(frame, {"dataset": "drawn", "centric": "person"}, tmp_path).write(tmp_path / "m.parquet")
    return tmp_path


def test_a_recipe_is_trained_on_persons_and_judged_by_them(halves):
    found = {}
    for view in ("scene", "person"):
        (halves / "s.toml").write_text(SUITE.replace("VIEW", view))
        models = ["train:quick_probe@mini", "knn:mini"]
        result = emolens.benchmark(halves / "s.toml", halves, models, halves / view, keep_runs=True)
        found[view] = result.find("train:quick_probe@mini", "persons").scores["accuracy"].value
    assert found["person"] == 1.0
    assert found["scene"] < 0.9  # the whole picture has both colours
    runs = list((halves / "person" / "runs").rglob("run/config.json"))
    assert '"view": "person"' in runs[0].read_text()
