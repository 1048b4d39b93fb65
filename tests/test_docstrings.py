"""Every example in a docstring runs and gives what it says."""

import doctest
import os
import shutil
import sys
from importlib import import_module
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
SOURCE = ROOT / "src"
WITH_EXAMPLES = sorted(path for path in SOURCE.rglob("*.py") if ">>>" in path.read_text(encoding="utf-8"))
FIRST_MET = (
    "inference/load.py", "inference/batch.py", "inference/results.py", "inference/inputs.py", "heads/answers.py",
    "training/train.py", "evaluation/evaluate.py", "evaluation/compare.py", "data/manifest.py", "data/split.py",
    "taxonomy/label_space.py", "taxonomy/mapping.py", "specs.py",
)  # fmt: skip


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with what the examples name: photo.jpg, and data.parquet of 24 drawn pictures of eight labels."""
    from emolens.data.importers.registry import importers
    from emolens.data.split import split_manifest

    folder = tmp_path_factory.mktemp("examples")
    shutil.copy(min((ROOT / "examples" / "pictures").glob("*.jpg")), folder / "photo.jpg")
    sys.path.insert(0, str(ROOT / "examples"))
    try:
        from drawn import write_drawn
    finally:
        sys.path.pop(0)
    write_drawn(folder / "drawn", per_label=3, seed=0)
    reader = importers()["imagefolder"]
    manifest = reader.read(folder / "drawn", reader.fill({"label_space": "mikels8"}))
    split_manifest(manifest, {"train": 0.5, "val": 0.25, "test": 0.25}, seed=0).write(folder / "data.parquet")
    return folder


@pytest.mark.parametrize("path", WITH_EXAMPLES, ids=lambda path: str(path.relative_to(SOURCE)))
def test_its_examples(path: Path, place: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(place / "cache"))
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    monkeypatch.setenv("HF_HOME", str(place / "hub"))
    module = import_module(".".join(path.relative_to(SOURCE).with_suffix("").parts))
    for name in ("photo.jpg", "data.parquet", "drawn"):
        os.symlink(place / name, tmp_path / name)
    monkeypatch.chdir(tmp_path)
    tried = doctest.testmod(module, optionflags=doctest.NORMALIZE_WHITESPACE)
    assert tried.attempted
    assert not tried.failed


def test_what_is_met_first_has_an_example() -> None:
    assert {str(SOURCE / "emolens" / name) for name in FIRST_MET} <= set(map(str, WITH_EXAMPLES))
