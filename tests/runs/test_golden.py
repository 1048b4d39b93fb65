"""Runs that were saved before go on working, and say the same."""

import json
from pathlib import Path

import numpy as np
import pytest

import emolens
from emolens.compute import ComputeConfig
from emolens.embedding.encode import encode_files
from emolens.models.backbones.load import load_backbone

GOLDEN = Path(__file__).resolve().parents[1] / "golden"
PICTURES = Path(__file__).resolve().parents[2] / "examples" / "pictures"
INPUTS = [*(PICTURES / name for name in ("astronaut.jpg", "coffee.jpg", "temple.jpg")), GOLDEN / "film.mp4"]
EXPECTED = json.loads((GOLDEN / "expected.json").read_text())
MODELS = [name for name, rows in EXPECTED.items() if isinstance(rows, list)]
TOLERANCE = 1e-6


@pytest.mark.parametrize("name", MODELS)
def test_a_saved_run_says_what_it_said(name, golden_run):
    model = emolens.load("mini" if name == "mini" else f"run:{golden_run(name)}", device="cpu", precision="fp32")
    found = model.predict(INPUTS, timeline=True, window_s=1.0, hop_s=1.0)
    assert len(found) == len(EXPECTED[name])
    for row, wanted in zip(found, EXPECTED[name], strict=True):
        assert Path(row.source).name == wanted["source"]
        for field in ("start_s", "end_s", "label", "status", "label_space"):
            assert getattr(row, field) == wanted[field]
        for field in ("valence", "arousal"):
            assert getattr(row, field) == pytest.approx(wanted[field], abs=TOLERANCE)
        assert row.scores == pytest.approx(wanted["scores"], abs=TOLERANCE)


@pytest.mark.parametrize("scheme", ["uniemox", "mae"])
def test_a_saved_pretraining_run_embeds_as_it_did(scheme, golden_run):
    backbone = load_backbone(f"{scheme}:{golden_run('uniemox_pretrained')}", ComputeConfig("cpu", "fp32"))
    wanted = EXPECTED[f"{scheme}:uniemox_pretrained"]
    found = next(iter(encode_files(backbone, INPUTS[:3]))).embedding_BD
    np.testing.assert_allclose(found, np.array(wanted["embedding"]), atol=TOLERANCE)
    assert backbone.fingerprint == wanted["fingerprint"], "caches made before would no longer be found"
