"""Run folders that an earlier emolens wrote, to be read by this one.

``tests/golden`` holds one of each kind, trained for a few steps on drawn pictures by format 1 (emolens 0.1.0 of
November 2026), a film of three seconds, and what that version said of them (``expected.json``).
"""

import json
import re
import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch

GOLDEN = Path(__file__).resolve().parents[1] / "golden"
ARCH = {
    "embed_dim": 16,
    "vision_cfg": {"image_size": 32, "layers": 1, "width": 16, "head_width": 8, "patch_size": 16},
    "text_cfg": {"context_length": 77, "vocab_size": 49408, "width": 8, "heads": 1, "layers": 1},
}


@pytest.fixture(scope="session")
def golden_clip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The weights of the CLIP that the golden heads stand on, drawn again by NumPy: 2 MB that need not be kept."""
    import open_clip
    from safetensors.torch import save_file

    folder = tmp_path_factory.mktemp("golden_clip")
    (folder / "emolens-golden.json").write_text(json.dumps(ARCH))
    open_clip.add_model_config(folder / "emolens-golden.json")
    state = open_clip.create_model("emolens-golden").state_dict()
    drawn = {}
    for place, name in enumerate(sorted(state)):
        value = np.random.default_rng(place).standard_normal(tuple(state[name].shape)).astype(np.float32)
        value *= np.float32(0.25)
        if re.search(r"\bln_\w+\.weight$", name):
            value += 1
        drawn[name] = torch.from_numpy(value) if name != "logit_scale" else torch.tensor(np.float32(2.6593))
    path = folder / "golden.safetensors"
    save_file({name: value.contiguous() for name, value in drawn.items()}, path)
    return path


@pytest.fixture
def golden_run(tmp_path: Path, golden_clip: Path) -> Callable[[str], Path]:
    """golden_run(name): a copy of that run folder, its backbone where it is now."""

    def copy(name: str) -> Path:
        folder = tmp_path / name
        shutil.copytree(GOLDEN / "runs" / name, folder)
        config = folder / "config.json"
        config.write_text(config.read_text().replace("@CLIP@", str(golden_clip)))
        return folder

    return copy
