"""Data that more than one recipe is trained on."""

import numpy as np
import pandas as pd
import pytest

from emolens.data.manifest import Manifest


@pytest.fixture(scope="session")
def data(tmp_path_factory):
    """Forty bright and dark pictures with a person in each other one, labels, values and texts."""
    from PIL import Image

    folder = tmp_path_factory.mktemp("data")
    rng = np.random.default_rng(0)
    rows = []
    for i in range(40):
        bright = i % 2
        image = rng.normal(190 if bright else 60, 25, (48, 64, 3)).clip(0, 255).astype(np.uint8)
        Image.fromarray(image).save(folder / f"{i}.png")
        split = "train" if i < 24 else "val" if i < 32 else "test"
        label, text = (("negative", "a dark picture"), ("positive", "a bright picture"))[bright]
        boxes, scores = ([[10.0, 5.0, 40.0, 45.0]], [0.9]) if i % 4 < 2 else ([], [])
        rows.append((str(i), f"{i}.png", "image", split, label, 2.0 + 4 * bright, text, boxes, scores))
    names = ["id", "path", "media", "split", "label", "valence", "text", "boxes", "box_scores"]
    frame = pd.DataFrame(rows, columns=names).assign(arousal=4.0, label_space="polarity2")
    scales = {"valence": [1, 7], "arousal": [1, 7]}
    Manifest(frame, {"dataset": "bright", "scales": scales}, folder).freeze_splits().write(folder / "m.parquet")
    return folder / "m.parquet"
