"""Manifests of pictures with persons."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from emolens.data.manifest import Manifest

EXAMPLES = Path(__file__).resolve().parents[3] / "examples" / "pictures"
RED, BLUE = (255, 0, 0), (0, 0, 255)
BOX = [60.0, 40.0, 100.0, 80.0]


@pytest.fixture
def people(tmp_path):
    """Blue pictures of 160 x 120 with one red person, of which the manifest has the box; no person in every fourth."""
    rows = []
    for k in range(8):
        image = Image.new("RGB", (160, 120), BLUE)
        if k % 4 != 3:
            image.paste(RED, tuple(int(side) for side in BOX))
        image.save(tmp_path / f"{k}.png")
        boxes = [] if k % 4 == 3 else [BOX]
        row = {"id": f"p{k}", "path": f"{k}.png", "media": "image", "boxes": boxes, "box_scores": [0.9] * len(boxes)}
        rows.append({**row, "height": 120, "width": 160, "text": f"text {k // 2}", "label": ("joy", "fear")[k % 2]})
    frame = pd.DataFrame(rows).assign(label_space="parrott6", valence=np.linspace(1, 9, 8))
    return Manifest(frame, {"scales": {"valence": [1, 9]}}, tmp_path)


@pytest.fixture
def jpegs() -> Manifest:
    """The photographs of the examples, which are larger than the inputs of the small models."""
    names = sorted(path.name for path in EXAMPLES.glob("*.jpg"))
    return Manifest(pd.DataFrame({"id": names, "path": names, "media": "image"}), {}, EXAMPLES)
