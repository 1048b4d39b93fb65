"""The hub without a network: every message says what to do instead."""

import os
import subprocess
import sys

import pytest

PUSH = """
import sys
from emolens.errors import DataError
from emolens.heads.heads import ProbeHead
from emolens.inference.image_predictor import ImagePredictor
from emolens.runs.head import describe
from emolens.models.backbones.load import load_backbone
from emolens.models.probe import LinearProbe
backbone = load_backbone("mini")
head = ProbeHead(LinearProbe(backbone.embed_dim, 0, ("valence",)), None)
try:
    ImagePredictor("p", backbone, head, describe(head, backbone, ("valence",))).push_to_hub("user/repo", token="none")
except DataError as error:
    print(error)
"""


@pytest.fixture
def offline(tmp_path, monkeypatch):
    # Port 9 (discard) of this machine: refused at once, so nothing leaves it.
    return {**os.environ, "HF_ENDPOINT": "http://127.0.0.1:9", "HF_HOME": str(tmp_path), "HF_HUB_DOWNLOAD_TIMEOUT": "1"}


def test_push_says_that_the_hub_was_not_reached(offline):
    done = subprocess.run([sys.executable, "-c", PUSH], env=offline, capture_output=True, text=True, check=False)
    assert "hub:user/repo: could not be uploaded" in done.stdout, done.stderr


def test_a_repository_that_cannot_be_fetched_is_exit_code_4(offline, tmp_path):
    command = [sys.executable, "-m", "emolens", "predict", "a.jpg", "--model"]
    done = subprocess.run([*command, "hub:user/repo"], env=offline, capture_output=True, text=True, check=False)
    assert done.returncode == 4
    assert "copy its files into a folder and load run:FOLDER" in done.stderr
    done = subprocess.run([*command, "hub:not a name"], env=offline, capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert "write hub:USER/REPO" in done.stderr
