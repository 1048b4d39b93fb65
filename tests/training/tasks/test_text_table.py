"""The texts of a split: encoded once, by one process, and read from the file afterwards."""

import subprocess
import sys

import numpy as np
import pytest
import torch

from emolens.compute import ComputeConfig
from emolens.errors import DataError
from emolens.models.backbones.load import load_backbone
from emolens.training.tasks import text_table
from emolens.training.tasks.text_table import TextTable

TEXTS = ["a dog", "a cat", "a dog", "rain", "a sad song", "the sea"]


@pytest.fixture
def teacher(tiny_clip):
    """It counts what it has encoded."""
    backbone = load_backbone(tiny_clip, ComputeConfig("cpu", "fp32"))
    encode, backbone.asked = backbone.encode_text, []
    backbone.encode_text = lambda texts: backbone.asked.append(list(texts)) or encode(texts)
    return backbone


def test_each_text_is_encoded_once_and_is_the_row_of_its_sample(teacher, tmp_path):
    table = TextTable.of(TEXTS, teacher, tmp_path)
    assert teacher.asked == [["a dog", "a cat", "rain", "a sad song", "the sea"]]
    whole = teacher.encode_text(["a dog", "a cat", "rain", "a sad song", "the sea"])
    assert torch.equal(table.rows([5, 1, 2, 0]), whole[[4, 1, 0, 0]])
    assert torch.equal(table.first(3), whole[:3])
    assert torch.equal(table.first(99), whole)


def test_a_second_run_reads_the_file(teacher, tmp_path):
    first = TextTable.of(TEXTS, teacher, tmp_path).rows(range(6))
    teacher.asked.clear()
    again = TextTable.of(TEXTS, teacher, tmp_path)
    assert isinstance(again.embedding_TD, np.memmap)
    assert torch.equal(again.rows(range(6)), first)
    assert teacher.asked == []
    TextTable.of([*TEXTS, "new"], teacher, tmp_path)  # other texts are another file
    assert len(list(tmp_path.rglob("*.npy"))) == 2


def test_stopped_half_way_it_goes_on(teacher, tmp_path, monkeypatch):
    monkeypatch.setattr(text_table, "PART", 2)
    monkeypatch.setattr(text_table, "TEXTS_AT_ONCE", 1)
    whole = TextTable.of(TEXTS, teacher, tmp_path / "whole").rows(range(6))
    encode = teacher.encode_text

    def stops(texts):
        if texts == ["a sad song"]:
            raise KeyboardInterrupt
        return encode(texts)

    teacher.encode_text = stops
    with pytest.raises(KeyboardInterrupt):
        TextTable.of(TEXTS, teacher, tmp_path / "cache")
    teacher.encode_text = encode
    teacher.asked.clear()
    assert torch.equal(TextTable.of(TEXTS, teacher, tmp_path / "cache").rows(range(6)), whole)
    assert teacher.asked == [["rain"], ["a sad song"], ["the sea"]]  # the part that was begun, and the last
    assert len(list((tmp_path / "cache").rglob("*.npy"))) == 1


def test_a_damaged_file_is_named(teacher, tmp_path):
    TextTable.of(TEXTS, teacher, tmp_path)
    (path,) = tmp_path.rglob("*.npy")
    path.write_bytes(path.read_bytes()[:90])
    with pytest.raises(DataError, match=r"texts-.*\.npy: is damaged .* delete it, and the texts are encoded again"):
        TextTable.of(TEXTS, teacher, tmp_path)
    np.save(path, np.array([{"pickled": 1}], dtype=object), allow_pickle=True)
    with pytest.raises(DataError, match="is damaged"):
        TextTable.of(TEXTS, teacher, tmp_path)


def test_long_texts_are_cut_and_reported(teacher, tmp_path, capsys):
    table = TextTable.of(["a street", "word " * 500, "a street"], teacher, tmp_path)
    assert torch.isfinite(table.rows([0, 1, 2])).all()
    assert capsys.readouterr().err.count("1 of 2 texts have more than the 77 tokens") == 1


TWO = """
import os, sys
from pathlib import Path
import torch
from emolens.training.devices import build_fabric
from emolens.training.tasks.text_table import TextTable
from emolens.models.backbones.base import Backbone

class Lengths(Backbone):
    has_text = True
    calls = 0
    def text_features(self, texts):
        self.calls += 1
        if sys.argv[2] == "full":
            from emolens.errors import DataError
            raise DataError("the disk is full")
        return torch.tensor([[float(len(text)), 1.0] for text in texts])

fabric = build_fabric("cpu")
own = sys.argv[2] == "apart"  # as two machines without a common disk have it
folder = Path(sys.argv[1]) / (str(fabric.global_rank) if own else "one")
if own:
    type(fabric).local_rank = property(lambda self: 0)
teacher = Lengths("lengths", 2, None)
try:
    table = TextTable.of(["a", "bbb", "a"], teacher, folder, fabric)
    told = f"{teacher.calls} {table.rows([1, 2])[:, 0].tolist()}"
except Exception as error:
    told = str(error)
print(f"{fabric.global_rank} {told}\\n", end="", flush=True)  # one write: two processes share the pipe
"""


@pytest.mark.slow
@pytest.mark.parametrize(
    ("mode", "told"),
    [
        ("one", ["0 1 [3.0, 1.0]", "1 0 [3.0, 1.0]"]),
        ("apart", ["0 1 [3.0, 1.0]", "1 1 [3.0, 1.0]"]),
        ("full", ["0 the disk is full", "1 process 0 of 2 cannot start: the disk is full"]),
    ],
)
def test_one_process_computes_for_all_that_see_its_file(tmp_path, mode, told):
    script = tmp_path / "two.py"
    script.write_text(TWO)
    launcher = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node", "2"]
    done = subprocess.run([*launcher, str(script), str(tmp_path), mode], capture_output=True, text=True)
    assert sorted(line for line in done.stdout.splitlines() if line[:2] in ("0 ", "1 ")) == told, done.stderr
