"""A suite of drawn data sets on disk."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from emolens.recipes import register_recipe
from emolens.recipes.probe import probe
from emolens.training.jobs.head import ProbeConfig

SUITE = """
title = "Drawn colours"
metrics = ["accuracy", "valence/pearson_r"]

[[data]]
name = "warm"
manifest = "warm.parquet"
folds = 3
val = 0.2

[[data]]
name = "cold"
manifest = "cold.parquet"
ratios = { train = 0.6, val = 0.2, test = 0.2 }

[[data]]
name = "absent"
adapter = "emo8"
"""


@register_recipe
def quick_probe() -> ProbeConfig:
    """Two strengths to choose from, as the comparisons of these tests have."""
    return replace(probe(), l2=(0.1, 10.0))


@pytest.fixture
def place(tmp_path: Path, colours: Callable[..., Any]) -> Path:
    """A folder with two manifests, each of pictures whose red speaks for a positive label, and ``suite.toml``."""
    for seed, name in enumerate(("warm", "cold")):
        made = colours(36, seed=seed)
        frame = made.frame.drop(columns=["split"])
        if name == "warm":
            frame["group"] = [f"g{i // 2}" for i in range(36)]
        metadata = {**made.metadata, "splits": {}}
        replace(made, frame=frame, metadata=metadata).write(tmp_path / f"{name}.parquet")
    (tmp_path / "suite.toml").write_text(SUITE)
    return tmp_path


@pytest.fixture(autouse=True)
def own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """No test reads another one's embeddings."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
