"""One of each kind, added by files outside the package and used together through the command line."""

import json
import os
import subprocess
import sys

import numpy as np
import pytest
from PIL import Image

SPACE = """
name = "warmth"
title = "Warm or cold"
citation = "A. Nonymous (2020)"
labels = [
    { name = "warm", polarity = "positive" },
    { name = "cold", polarity = "negative" },
]
"""
DATA_SET = """
title = "Plain colours"
citation = "A. Nonymous (2020)"
url = "https://example.org"
obtain = "Ask."
licence = "none"
label_space = "warmth"
centric = "scene"
importer = "lines"
layout = "list.txt beside the pictures."
needs = { "list.txt" = "the list" }
"""
EXTRA = '''
"""What somebody adds to emolens, in a file of their own."""

from dataclasses import dataclass, replace
from pathlib import Path

import pandas as pd
import torch

from emolens import load
from emolens.data import Manifest, register_adapter, register_importer
from emolens.evaluation import Candidate, register_baseline
from emolens.evaluation.baselines.majority import majority_answers
from emolens.inference import register_model
from emolens.inference.inputs import inputs_of
from emolens.models.backbones import Backbone, register_backbone
from emolens.recipes import register_recipe
from emolens.recipes.probe import probe
from emolens.taxonomy import register_label_space


HERE = Path(__file__).parent
register_label_space(HERE / "warmth.toml")
register_adapter(HERE / "colours.toml")


@dataclass(frozen=True)
class LinesOptions:
    label_space: str = "warmth"


@register_importer("lines", LinesOptions)
def import_lines(source, options):
    rows = [line.split() for line in (source / "list.txt").read_text().splitlines()]
    frame = pd.DataFrame(rows, columns=["path", "label", "split"])
    return Manifest(frame.assign(id=frame["path"], media="image", label_space=options.label_space), {}, source)


class MeanColour(Backbone):
    def transform(self, image_HWC):
        return torch.from_numpy(image_HWC.reshape(-1, 3).mean(axis=0) / 127.5 - 1).float()

    def features(self, batch):
        return batch


@register_backbone("colour", form="colour:mean")
def load_colour(name, weights, compute):
    return MeanColour(f"colour:{name}", embed_dim=3, preprocess=None)


@register_recipe
def colour_probe():
    """A linear probe on mean colours."""
    return replace(probe(), backbone="colour:mean", l2=(0.1,))


@register_baseline("always_cold", rank=5)
def always_cold(setting):
    def answer(data):
        answers = majority_answers(data.train, data.test)
        return replace(answers, model="always_cold", score_NC=(answers.score_NC * 0 + [0.0, 1.0]))

    yield Candidate("always_cold", "the second label", answer)


@register_model("newest", "newest:FOLDER")
def load_newest(request):
    newest = max(Path(request.spec.rest).iterdir(), key=lambda path: path.name)
    return load(f"run:{newest}", request.label_space, "cpu")


class Album:
    def __init__(self, folder):
        self.folder = folder


@inputs_of.register(Album)
def read_album(given, media):
    return inputs_of(given.folder, media)
'''


@pytest.fixture
def place(tmp_path, rng):
    lines = []
    for k in range(24):
        warm = k % 2
        colour = rng.integers(0, 90, 3) + np.array([160, 0, 0] if warm else [0, 0, 160])
        Image.fromarray(np.full((8, 8, 3), colour, np.uint8)).save(tmp_path / f"{k}.png")
        lines.append(f"{k}.png {'warm' if warm else 'cold'} {('train', 'val', 'test')[k // 2 % 3]}")
    (tmp_path / "list.txt").write_text("\n".join(lines))
    (tmp_path / "warmth.toml").write_text(SPACE)
    (tmp_path / "colours.toml").write_text(DATA_SET)
    (tmp_path / "extra.py").write_text(EXTRA)
    return tmp_path


def test_all_of_them_together(place):
    code = """
import json
import extra
from emolens.cli.main import main

def run(*words):
    assert main(list(words)) == 0, words

run("data", "import", "colours", ".", "--out", "m.parquet")
run("train", "colour_probe", "--data", "m.parquet", "--out", "runs/1", "--device", "cpu")
run("predict", "0.png", "1.png", "--model", "newest:runs", "--out", "answers.jsonl")
run("compare", "--models", "newest:runs", "--data", "m.parquet", "--out", "report", "--device", "cpu")
rows = extra.load("newest:runs").predict(extra.Album("."))
assert len(rows) == 24, len(rows)
"""
    environment = {**os.environ, "XDG_CACHE_HOME": str(place / "cache"), "HF_HUB_OFFLINE": "1", "HF_HOME": str(place)}
    done = subprocess.run([sys.executable, "-c", code], cwd=place, env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    answers = [json.loads(line) for line in (place / "answers.jsonl").read_text().splitlines()]
    assert [max(row["scores"], key=row["scores"].get) for row in answers] == ["cold", "warm"]
    assert "always_cold" in done.stdout
