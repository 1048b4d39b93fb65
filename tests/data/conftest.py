"""A small valid manifest with its pictures."""

from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pytest

from emolens.data.manifest import Manifest

LABELS = ("joy", "sadness", "fear")


@pytest.fixture
def small(tmp_path: Path, picture: Callable[..., Path]) -> Manifest:
    """Twelve pictures in groups of two, three labels of parrott6, valence on 1..9."""
    rows = []
    for row in range(12):
        name = f"pictures/{row:02d}.png"
        picture(tmp_path / name, seed=row)
        rows.append(
            {
                "id": f"p{row:02d}",
                "path": name,
                "media": "image",
                "label": LABELS[row // 2 % 3],
                "label_space": "parrott6",
                "valence": 1.0 + row * 0.7,
                "group": f"g{row // 2}",
            }
        )
    return Manifest(pd.DataFrame(rows), {"scales": {"valence": [1, 9]}}, tmp_path)
