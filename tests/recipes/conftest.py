"""Data that more than one recipe is trained on."""

import pytest
from fixtures.pictures import bright_and_dark

from emolens.data.manifest import Manifest


@pytest.fixture(scope="session")
def data(tmp_path_factory):
    """Forty bright and dark pictures with a person in two of four, labels, values and texts."""
    folder = tmp_path_factory.mktemp("data")
    frame = bright_and_dark(folder, 24, 8, 8, (48, 64))
    someone = [i % 4 < 2 for i in range(len(frame))]
    frame["text"] = [f"a {'bright' if label == 'positive' else 'dark'} picture" for label in frame["label"]]
    frame["boxes"] = [[[10.0, 5.0, 40.0, 45.0]] if one else [] for one in someone]
    frame["box_scores"] = [[0.9] if one else [] for one in someone]
    scales = {"valence": [1, 7], "arousal": [1, 7]}
    Manifest(frame, {"dataset": "bright", "scales": scales}, folder).freeze_splits().write(folder / "m.parquet")
    return folder / "m.parquet"
